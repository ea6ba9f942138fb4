"""A listener process, seen from the gateway."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from typing import cast

import msgspec

from freehold.compute.providers.whisper.exchange import Heard, Job, ListenOrder
from freehold.ground.errors import ProviderBroken

_LONGEST_LINE = 32 << 20


class Listener:
    """One loaded model. Takes one job at a time; must be stopped."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._input = cast("asyncio.StreamWriter", process.stdin)
        self._output = cast("asyncio.StreamReader", process.stdout)

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    async def hear(self, job: Job, audio: bytes) -> Heard:
        """What is said in `audio`. Raises ProviderBroken where the process dies of it."""
        await self._tell(msgspec.json.encode(job) + b"\n" + audio)
        return await self.report()

    async def order(self, order: ListenOrder) -> None:
        """Have the model loaded. Raises ProviderBroken."""
        await self._tell(msgspec.json.encode(order) + b"\n")
        report = await self.report()
        if report.fault:
            raise ProviderBroken(
                f"The speech model cannot be loaded: {report.reason}.", advice="Pull it again with `freehold pull`."
            )

    async def report(self) -> Heard:
        """The next answer of the process."""
        try:
            return msgspec.json.decode(await self._output.readline(), type=Heard)
        except (msgspec.DecodeError, ValueError, OSError) as error:
            raise ProviderBroken("The local listener died at its work.") from error

    def cpu_seconds(self) -> float:
        """CPU time the process has used so far; 0 once it is gone."""
        import psutil

        try:
            times = psutil.Process(self._process.pid).cpu_times()
        except psutil.Error:
            return 0.0
        return float(times.user + times.system)

    async def stop(self) -> None:
        """Kill the process and wait until it is gone. May be called twice."""
        self._input.close()
        if self.alive:  # not Process.kill: it may collect an exit status that its watcher then misses
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)
        await self._process.wait()

    async def _tell(self, words: bytes) -> None:
        try:
            self._input.write(words)
            await self._input.drain()
        except OSError as error:
            raise ProviderBroken("The local listener died at its work.") from error


async def start(order: ListenOrder) -> Listener:
    """Start a listener and wait until its model is loaded. Raises ProviderBroken where it cannot be."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "freehold.compute.providers.whisper.child",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        limit=_LONGEST_LINE,
        start_new_session=True,
    )
    listener = Listener(process)
    try:
        await listener.order(order)
    except BaseException:
        await listener.stop()
        raise
    return listener
