"""A home of its own for each test, and the command line as users meet it."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import Cli, Outcome

from freehold.cli.main import main


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home; nothing of this machine's own configuration or keys is seen."""
    for name in list(os.environ):
        if name.startswith("FREEHOLD_") or name.endswith("_API_KEY"):
            monkeypatch.delenv(name)
    path = tmp_path / "home"
    monkeypatch.setenv("FREEHOLD_HOME", str(path))
    monkeypatch.setenv("FREEHOLD_LOCAL_DISCOVERY", "false")
    monkeypatch.chdir(tmp_path)
    return path


@pytest.fixture
def cli(home: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Runs the command line in this process, with nothing on its input."""

    def run(*arguments: str, stdin: str = "") -> Outcome:
        capfd.readouterr()
        with monkeypatch.context() as patched:
            patched.setattr(sys, "stdin", io.StringIO(stdin))
            code = main(arguments)
        captured = capfd.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run


@pytest.fixture
def program(home: Path) -> Cli:
    """Runs the installed program in a process of its own."""

    def run(*arguments: str, stdin: str = "") -> Outcome:
        command = [str(Path(sys.executable).with_name("freehold")), *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
        return Outcome(done.returncode, done.stdout, done.stderr)

    return run
