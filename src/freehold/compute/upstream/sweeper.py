"""Deadlines without a timer each: one coarse tick looks at every connection while any of them is in use.

When all are idle it sleeps until the first of them has been idle for too long; when there are none it does nothing.
"""

from __future__ import annotations

import asyncio

from freehold.compute.upstream.connection import Connection

TICK = 0.05
"""Seconds. A deadline passes up to this much late."""


class Sweeper:
    """Expires connections whose deadline has passed."""

    def __init__(self) -> None:
        self.ticking = False
        """Whether it is awake, as it has to be while any exchange is in progress."""
        self.connections: set[Connection] = set()
        self._loop = asyncio.get_running_loop()
        self._next: asyncio.TimerHandle | None = None

    def watch(self, connection: Connection) -> None:
        self.connections.add(connection)

    def forget(self, connection: Connection) -> None:
        self.connections.discard(connection)
        if not self.connections:
            self.stop()

    def wake(self) -> None:
        """Begin to tick. Cheap enough to be called only if `ticking` is false."""
        self.ticking = True
        self._schedule(self._loop.time() + TICK)

    def stop(self) -> None:
        self.ticking = False
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _tick(self) -> None:
        now = self._loop.time()
        self._next = None
        for connection in [each for each in self.connections if each.deadline <= now]:
            connection.expire()
        if any(each.response is not None for each in self.connections):
            self._schedule(now + TICK)
        elif waiting := [each.deadline for each in self.connections if not each.lost]:
            self.ticking = False
            self._schedule(max(min(waiting), now + TICK))
        else:
            self.ticking = False

    def _schedule(self, when: float) -> None:
        if self._next is not None:
            self._next.cancel()
        self._next = self._loop.call_at(when, self._tick)
