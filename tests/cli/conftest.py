"""A home of its own for each test, and the command line as users meet it."""

from __future__ import annotations

import asyncio
import io
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import Cli, Outcome

from freehold.cli.main import main
from freehold.testing.faulty import FaultyServer, stream_cut


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


@pytest.fixture
def broken_server() -> Iterator[str]:
    """The URL of a server whose streams break off in the middle, in a thread of its own."""
    ready: queue.Queue[tuple[asyncio.AbstractEventLoop, asyncio.Event, str]] = queue.Queue()

    async def serve() -> None:
        async with FaultyServer(stream_cut()) as server:
            done = asyncio.Event()
            ready.put((asyncio.get_running_loop(), done, server.url))
            await done.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    loop, done, url = ready.get()
    yield url
    loop.call_soon_threadsafe(done.set)
    thread.join()
