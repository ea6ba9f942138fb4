"""Work that recurs while the house stands, in one task group of its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

Chore = Callable[[], Awaitable[None]]
_log = logging.getLogger("freehold.app")


class Ticker:
    """Runs chores at intervals. A chore that fails is logged and comes round again."""

    def __init__(self) -> None:
        self._chores: list[tuple[float, Chore]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._running = False

    def every(self, seconds: float, chore: Chore) -> None:
        """Do `chore` each so many seconds, the first time at once."""
        self._chores.append((seconds, chore))
        if self._running:
            self._begin(seconds, chore)

    def start(self) -> None:
        self._running = True
        for seconds, chore in self._chores:
            self._begin(seconds, chore)

    async def stop(self) -> None:
        """End all chores and wait until they have ended."""
        self._running = False
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _begin(self, seconds: float, chore: Chore) -> None:
        task = asyncio.get_running_loop().create_task(self._repeat(seconds, chore))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _repeat(self, seconds: float, chore: Chore) -> None:
        while True:
            try:
                await chore()
            except Exception:
                _log.exception("Background work failed; it will be tried again.")
            await asyncio.sleep(seconds)
