"""Time as something that is handed in, so that tests can stand still and clock jumps can be played."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Two clocks: one for durations, one for dates. They must not be mixed."""

    def monotonic(self) -> float:
        """Seconds since an arbitrary start; never goes back."""
        ...

    def now(self) -> float:
        """Seconds since the Unix epoch, UTC; may jump either way."""
        ...


class SystemClock:
    """The machine's own clocks."""

    monotonic = staticmethod(time.monotonic)
    now = staticmethod(time.time)
