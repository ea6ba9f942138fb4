"""One ticking clock for all calls: ends those whose whole-chain deadline has passed.

A timer for each request would cost more than the rest of its bookkeeping; a sweep costs nothing while nothing expires.
"""

from __future__ import annotations

import asyncio
import time

from freehold.stack.calls import Call

_TICK = 0.1


class Watch:
    """Holds the calls in flight. Deadlines are kept to within a tenth of a second."""

    def __init__(self) -> None:
        self._by_id: dict[int, Call] = {}
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._by_id)

    def enter(self, call: Call) -> None:
        self._by_id[id(call)] = call
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_TICK, self._sweep)

    def leave(self, call: Call) -> None:
        self._by_id.pop(id(call), None)

    def _sweep(self) -> None:
        now = time.monotonic()
        for call in list(self._by_id.values()):
            if now >= call.deadline and call.cancel is not None and not call.expired:
                call.expired = True
                call.cancel()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(_TICK, self._sweep) if self._by_id else None
