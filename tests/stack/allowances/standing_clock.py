"""A clock that stands still until it is told otherwise."""

from __future__ import annotations

NOON = 1_790_000_040.0 - 1_790_000_040.0 % 86_400 + 43_200
"""The middle of a day in 2026, in no first or last minute, hour, day of anything but the hour."""


class StandingClock:
    """Time passes on both clocks with `advance`; `set` moves the wall clock alone, as a wrong hand or a bad server does."""

    def __init__(self, time: float = NOON) -> None:
        self._time = time
        self._monotonic = 1000.0

    def now(self) -> float:
        return self._time

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        self._time += seconds
        self._monotonic += seconds

    def set(self, time: float) -> None:
        self._time = time
