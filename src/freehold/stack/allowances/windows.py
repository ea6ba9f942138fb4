"""Windows of time, counted from the epoch, aligned to UTC; and the time by which they pass."""

from __future__ import annotations

from datetime import UTC, datetime

from freehold.ground.clock import Clock
from freehold.stack.allowances.terms import Period

_DAY = 86_400
LENGTH = {Period.MINUTE: 60, Period.HOUR: 3600, Period.DAY: _DAY, Period.MONTH: 31 * _DAY}
"""Seconds a window lasts at most."""


class SteadyTime:
    """The wall clock, except that it never goes back and never stands still.

    When the clock is set back, time goes on from where it was at the pace of the monotonic clock. So no window comes a
    second time, and none lasts longer than its period.
    """

    def __init__(self, clock: Clock) -> None:
        self._wall, self._monotonic = clock.now, clock.monotonic
        self._time, self._at = clock.now(), clock.monotonic()

    def now(self) -> float:
        """Seconds since the epoch."""
        wall, at = self._wall(), self._monotonic()
        time = self._time + (at - self._at)
        self._at = at
        self._time = time = max(wall, time)
        return time


def window_at(period: Period, time: float) -> int:
    """The number of the window that `time` lies in."""
    if period is not Period.MONTH:
        return int(time // LENGTH[period])
    date = datetime.fromtimestamp(time, UTC)
    return date.year * 12 + date.month - 1


def end_of(period: Period, window: int) -> float:
    """When that window ends: seconds since the epoch."""
    if period is not Period.MONTH:
        return float((window + 1) * LENGTH[period])
    year, month = divmod(window + 1, 12)
    return datetime(year, month + 1, 1, tzinfo=UTC).timestamp()
