"""Help, errors and exit codes, the same for every command."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import click
import pytest
from command_line import Cli

from freehold.cli import exits
from freehold.cli.main import COMMANDS, freehold
from freehold.ground import errors
from freehold.ground.errors import FreeholdError


def every_command() -> list[tuple[str, ...]]:
    """The path of every command and subcommand."""
    found: list[tuple[str, ...]] = []
    for name in COMMANDS:
        found.append((name,))
        command = freehold.get_command(click.Context(freehold), name)
        if isinstance(command, click.Group):
            found += [(name, child) for child in command.commands]
    return found


@pytest.mark.parametrize("path", every_command(), ids="-".join)
def test_every_command_explains_itself_with_an_example(cli: Cli, path: tuple[str, ...]) -> None:
    shown = cli(*path, "--help")
    assert shown.code == exits.OK
    assert f"Example: freehold {path[0]}" in shown.out or "freehold completion bash" in shown.out
    assert shown.err == ""


@pytest.mark.parametrize("name", COMMANDS)
def test_the_overview_says_what_the_commands_say_themselves(name: str) -> None:
    command = import_module(f"freehold.cli.{name}").command
    assert (command.help or "").splitlines()[0] == COMMANDS[name]


@pytest.mark.parametrize("path", every_command(), ids="-".join)
def test_the_examples_are_commands_that_exist(path: tuple[str, ...]) -> None:
    group: click.Command = freehold
    for part in path:
        assert isinstance(group, click.Group)
        group = group.get_command(click.Context(group), part) or pytest.fail(part)
    for example in re.findall(r"freehold ([a-z]+(?: [a-z]+)?)", group.help or ""):
        name, _, child = example.partition(" ")
        command = freehold.get_command(click.Context(freehold), name)
        assert command is not None, example
        if isinstance(command, click.Group) and child:
            assert child in command.commands, example


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from freehold.cli.main import main; main(['--help']);"
        "heavy = {'rich', 'asyncio', 'sqlite3', 'aiohttp', 'freehold.app', 'freehold.cli.ask'};"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_an_unknown_command_is_met_with_a_guess(cli: Cli) -> None:
    shown = cli("sttus")
    assert shown.code == exits.USAGE
    assert "There is no command 'sttus'. Did you mean \"status\"?" in shown.err


def test_an_error_ends_in_its_message_its_advice_and_its_code(cli: Cli) -> None:
    shown = cli("status")
    assert shown.code == 6
    assert "error: No gateway runs in" in shown.err
    assert "Start one with `freehold up`." in shown.err
    assert "Traceback" not in shown.err
    assert shown.out == ""


def test_verbose_shows_the_cause(cli: Cli) -> None:
    shown = cli("--verbose", "keys", "list", "--config", "missing.toml")
    assert shown.code == 7
    assert "FileNotFoundError" in shown.err


def test_every_family_of_errors_has_a_code_of_its_own() -> None:
    families = [errors.FixRequest, errors.Wait, errors.TryAnother, errors.GiveUp]
    codes = [exits.code_for(family("x")) for family in families]
    assert codes == [3, 4, 5, 6]
    assert exits.code_for(errors.InvalidConfig("x")) == 7
    assert exits.code_for(FreeholdError("x")) == exits.INTERNAL
    documented = set(map(int, re.findall(r"^    (\d+) ", exits.__doc__ or "", re.MULTILINE)))
    assert {*codes, 0, 1, 2, 7, 130, 141} == documented


def test_a_reader_that_goes_away_is_no_error_to_speak_of(program: Cli, home: Path) -> None:
    command = f"{Path(sys.executable).with_name('freehold')} config schema | head -c 10; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout.endswith(("0\n", "141\n"))


def test_the_installed_program_runs(program: Cli) -> None:
    shown = program("--version")
    assert (shown.code, shown.out) == (0, "freehold, version 0.1.0\n")


@pytest.mark.parametrize(("shell", "check"), [("bash", ["-n"]), ("zsh", ["-n"]), ("fish", ["--no-execute"])])
def test_completion_scripts_are_valid(cli: Cli, tmp_path: Path, shell: str, check: list[str]) -> None:
    shown = cli("completion", shell)
    assert shown.code == exits.OK
    assert "_FREEHOLD_COMPLETE" in shown.out
    if shutil.which(shell):
        script = tmp_path / "script"
        script.write_text(shown.out)
        subprocess.run([shell, *check, str(script)], check=True)


def test_a_shell_is_told_the_commands(home: Path) -> None:
    program = str(Path(sys.executable).with_name("freehold"))
    environment = {
        "_FREEHOLD_COMPLETE": "bash_complete",
        "COMP_WORDS": "freehold re",
        "COMP_CWORD": "1",
        "PATH": "/usr/bin",
    }
    done = subprocess.run([program], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.split(",")[-1].strip() == "receipts"
