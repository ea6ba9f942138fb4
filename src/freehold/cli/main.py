"""The entry: finds the command, and turns errors into a message, advice and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

import click

from freehold.cli import exits
from freehold.ground.errors import FreeholdError

COMMANDS = {
    "up": "Start the gateway.",
    "ask": "Ask a question and stream the answer.",
    "explain": "Show who would be asked, in which order, and why.",
    "models": "List the models there are.",
    "pull": "Bring a model's weights to this machine.",
    "keys": "Make, list and revoke keys for this gateway.",
    "receipts": "Show what was asked, who answered, and what it cost.",
    "status": "Show how the running gateway fares.",
    "top": "Watch the running gateway live.",
    "config": "Check, show or start the configuration.",
    "completion": "Print a completion script for your shell.",
}
"""Name and summary of each command; its module has the name, and its help begins with the summary."""

PROGRAM = "freehold"


class Commands(click.Group):
    """Imports a command's module only when that command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"freehold.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            close = get_close_matches(args[0], COMMANDS, n=1)
            hint = f' Did you mean "{close[0]}"?' if close else ""
            raise click.UsageError(f"There is no command {args[0]!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--verbose", is_flag=True, help="Show the cause of an error.")
@click.version_option(package_name="freehold", prog_name=PROGRAM)
def freehold(verbose: bool) -> None:
    """One endpoint over all the AI compute you own, rent or can call.

    \b
    Start it:   freehold up
    Use it:     freehold ask "What is 17% of 2,340?"

    Exit codes: 0 done, 2 usage, 3 fix the request, 4 wait, 5 provider failed, 6 look into it, 7 configuration, 1 internal.
    """


def main(arguments: Sequence[str]) -> int:
    """Run one command; gives the exit code. The only place where errors end."""
    verbose = _is_verbose(arguments)
    try:
        result = freehold.main(list(arguments), prog_name=PROGRAM, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return exits.USAGE
    except FreeholdError as error:
        _explain(error, verbose=verbose)
        return exits.code_for(error)
    except (KeyboardInterrupt, click.Abort):
        click.echo("", err=True)
        return exits.INTERRUPTED
    except BrokenPipeError:
        _forget_output()
        return exits.READER_GONE
    except Exception as error:
        _explain_internal(error, verbose=verbose)
        return exits.INTERNAL
    return result if isinstance(result, int) else exits.OK


def run() -> None:
    """The console script."""
    sys.exit(main(sys.argv[1:]))


def _is_verbose(arguments: Sequence[str]) -> bool:
    """`--verbose` counts only before the command; behind it, it may be anything."""
    for argument in arguments:
        if not argument.startswith("-"):
            return False
        if argument == "--verbose":
            return True
    return False


def _explain(error: FreeholdError, *, verbose: bool) -> None:
    click.secho("error: ", fg="red", bold=True, nl=False, err=True)
    click.echo(error.message, err=True)
    if error.advice:
        click.echo(error.advice, err=True)
    if verbose:
        _show_trace(error)


def _explain_internal(error: Exception, *, verbose: bool) -> None:
    """A fault of Freehold itself. Its text may hold anything, so it is shown only to those who ask."""
    click.secho("error: ", fg="red", bold=True, nl=False, err=True)
    click.echo(f"Freehold failed internally ({type(error).__name__}).", err=True)
    if verbose:
        _show_trace(error)
    else:
        click.echo(f"`{PROGRAM} --verbose ...` shows the cause; please report it.", err=True)


def _show_trace(error: BaseException) -> None:
    import traceback

    click.echo("".join(traceback.format_exception(error)), err=True, nl=False)


def _forget_output() -> None:
    """Whoever read our output is gone: keep Python from complaining about it at exit."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, sys.stdout.fileno())
