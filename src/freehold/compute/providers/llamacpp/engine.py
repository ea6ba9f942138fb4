"""One loaded model: its process, its socket, and the CPU time it has used."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from collections import deque
from pathlib import Path
from typing import cast

import msgspec

from freehold.compute.providers.llamacpp.settings import EngineOrder, EngineReport
from freehold.compute.providers.llamacpp.wire import Exchange, send
from freehold.compute.providers.llamacpp.work import Work
from freehold.ground.errors import ProviderBroken, ProviderTimedOut
from freehold.ground.units import Seconds

_LAST_LINES = 20
_QUIET = {"GGML_NO_BACKTRACE": "1"}
_DOUBT = 0.5
"""Seconds in which an engine that hung up shows whether it is dying."""


class Engine:
    """A running engine process. Made by `start`, with all three pipes; must be stopped."""

    def __init__(self, process: asyncio.subprocess.Process, order: EngineOrder) -> None:
        self._process = process
        self._order = order
        self._suspect = False
        self._input = cast("asyncio.StreamWriter", process.stdin)
        self._output = cast("asyncio.StreamReader", process.stdout)
        self._complaints = cast("asyncio.StreamReader", process.stderr)
        self._errors: deque[str] = deque(maxlen=_LAST_LINES)
        self._listening = asyncio.create_task(self._listen())
        self.work = Work(process.pid)

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    async def usable(self) -> bool:
        """Whether it can take a request. After it has hung up on one, it is given a moment to turn out dead."""
        if self._suspect:
            self._suspect = False
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_DOUBT):
                    await self._process.wait()
        return self.alive

    async def send(self, target: str, body: bytes) -> Exchange:
        """POST to the engine; see `wire.send`."""
        return await send(self._order.socket, target, body, on_break=self._doubt)

    async def ready(self) -> None:
        """Wait until the model is loaded. Raises ProviderBroken where it cannot be."""
        with contextlib.suppress(ConnectionError):
            self._input.write(msgspec.json.encode(self._order) + b"\n")
            await self._input.drain()
        line = await self._output.readline()
        if line:
            report = msgspec.json.decode(line, type=EngineReport)
        else:
            await self._listening
            report = EngineReport(error="the engine crashed while it loaded the file")
        if report.error:
            raise ProviderBroken(
                f"The local model {self._order.alias} cannot be loaded: {report.error}.",
                advice=_ADVICE + self._last_words(),
            )

    async def stop(self) -> None:
        """Kill the process, which has nothing to lose, and wait until it is gone. May be called twice."""
        self._input.close()
        _kill(self._process)
        await self._process.wait()
        await self._listening
        shutil.rmtree(Path(self._order.socket).parent, ignore_errors=True)

    def _doubt(self) -> None:
        self._suspect = True

    async def _listen(self) -> None:
        """Keep the last lines of what the engine complains about."""
        with contextlib.suppress(ValueError):
            async for line in self._complaints:
                self._errors.append(line.decode("utf-8", "replace").rstrip())

    def _last_words(self) -> str:
        return f" Its last words: {' / '.join(self._errors)}" if self._errors else ""


_ADVICE = "Pull it again with `freehold pull`, which checks every byte, or ask for another model."


async def start(order: EngineOrder, *, limit: Seconds) -> Engine:
    """Start an engine and wait until its model is loaded, at most `limit` seconds.

    Raises ProviderBroken where the file cannot be loaded, ProviderTimedOut where it takes too long.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "freehold.compute.providers.llamacpp.child",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
        env=os.environ | _QUIET,
    )
    engine = Engine(process, order)
    try:
        async with asyncio.timeout(limit):
            await engine.ready()
    except TimeoutError as error:
        await engine.stop()
        raise ProviderTimedOut(f"Loading {order.alias} took longer than {limit:.0f} s.") from error
    except BaseException:
        await engine.stop()
        raise
    return engine


def _kill(process: asyncio.subprocess.Process) -> None:
    """Not `Process.kill`: that one may collect the exit status of a process that is dying, which its watcher then misses."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)


def private_socket() -> Path:
    """A path for a socket in a new directory that only this user may enter."""
    return Path(tempfile.mkdtemp(prefix="freehold-")) / "engine.sock"
