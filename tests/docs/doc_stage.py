"""Where a page is acted out: a folder and a home of its own, one shell from its first block to its last, and a real gateway.

What a page says is carried out as it stands, but for three things: the gateway takes a free port in place of 8585;
`script/up` is `freehold up`, for everything is installed; and the machines 10.0.0.2 and 10.0.0.3 are loopback servers.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import msgspec

_END = "-- end of block --"
_UP = re.compile(r"^(?:script/up|freehold up)\b(.*)$", re.MULTILINE)
_CONFIG = "# freehold.toml\n"


class Ran(msgspec.Struct, frozen=True):
    """What a block did."""

    printed: str
    failed: bool


class Stage:
    """A context manager; everything that it started has ended when it is left."""

    def __init__(self, folder: Path, *, machines: Mapping[str, str]) -> None:
        self.folder = folder
        self._port = _free_port()
        self._instead = {
            **machines,
            "127.0.0.1:8585": f"127.0.0.1:{self._port}",
            "localhost:8585": f"localhost:{self._port}",
        }
        self._gateway: str | None = None
        self._shell: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self._shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.folder,
            env=self._environment(),
        )
        self._say("trap 'failed=yes' ERR")
        return self

    def __exit__(self, *_: object) -> None:
        assert self._shell is not None
        self._stop_gateway()
        self._shell.communicate("exit\n")

    def here(self, text: str) -> str:
        """`text` with this stage's addresses in place of the page's."""
        for there, here in self._instead.items():
            text = text.replace(there, here)
        return text

    def sh(self, text: str) -> Ran:
        """Run a block. One that starts the gateway is done when the gateway answers."""
        text = self.here(text)
        if (up := _UP.search(text)) is not None:
            before = self._run(text[: up.start()])
            self._start_gateway(f"freehold up{up[1]}")
            return before if before.failed else self._run(text[up.end() :])
        return self._run(text)

    def toml(self, text: str) -> Ran:
        """Check a configuration, and put it in force where it says that it is `freehold.toml`."""
        here = self.here(text)
        if not here.startswith(_CONFIG):
            (self.folder / "fragment.toml").write_text(here)
            variables = " ".join(f"{name}=value" for name in re.findall(r"env:(\w+)", here))
            return self._run(f"{variables} freehold config check fragment.toml")
        (self.folder / "freehold.toml").write_text(here)
        checked = self._run("freehold config check")
        if self._gateway is not None and not checked.failed:
            self._start_gateway(self._gateway)
        return checked

    def python(self, text: str) -> Ran:
        (self.folder / "example.py").write_text(self.here(text))
        return self._run("python example.py")

    def _environment(self) -> dict[str, str]:
        kept = {
            name: value for name, value in os.environ.items() if name in ("LANG", "TMPDIR", "COVERAGE_PROCESS_START")
        }
        return kept | {
            "HOME": str(self.folder),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "COLUMNS": "120",
            "FREEHOLD_SERVER_PORT": str(self._port),
            "FREEHOLD_LOCAL_DISCOVERY": "false",
            "FREEHOLD_RECEIPTS_WINDOW_MS": "1",
        }

    def _start_gateway(self, command: str) -> None:
        """Started in the shell, so that it sees what the page has exported; its first line says that it listens."""
        self._stop_gateway()
        self._gateway = command
        self._run(f"{command} > gateway.log 2>&1 & gateway=$!")
        while not self._answers():
            alive = self._run("kill -0 $gateway")
            assert not alive.failed, (self.folder / "gateway.log").read_text()
            time.sleep(0.05)  # bound, but not listening yet: there is nothing to wait for

    def _answers(self) -> bool:
        with socket.socket() as knock:
            return knock.connect_ex(("127.0.0.1", self._port)) == 0

    def _stop_gateway(self) -> None:
        if self._gateway is not None:
            self._run("kill $gateway && wait $gateway")

    def _run(self, text: str) -> Ran:
        # In braces with an input of their own, lest a command read what is for the shell.
        self._say(f'failed=\n{{ :\n{text.rstrip()}\n}} < /dev/null\necho "{_END}$failed"')
        return self._heard()

    def _say(self, text: str) -> None:
        assert self._shell is not None and self._shell.stdin is not None
        self._shell.stdin.write(text + "\n")
        self._shell.stdin.flush()

    def _heard(self) -> Ran:
        assert self._shell is not None and self._shell.stdout is not None
        printed = ""
        for line in self._shell.stdout:
            before, end, failed = line.partition(_END)
            printed += before
            if end:
                return Ran(printed, failed.strip() == "yes")
        raise AssertionError(f"The shell ended: {printed}")


def install_model(name: str, home: Path, weights: Path) -> None:
    """Put a model that was pulled before into `home`."""
    shutil.copytree(weights / "model_zoo" / name, home / "model_zoo" / name, copy_function=os.link)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
