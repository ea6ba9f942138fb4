"""A clock that stands still until it is told otherwise."""

from __future__ import annotations

NOON = 1_790_000_040.0 - 1_790_000_040.0 % 86_400 + 43_200
"""The middle of a day in 2026."""


class FixedClock:
    """A `freehold.ground.clock.Clock`. Time passes on both clocks with `advance`; `set` moves the wall clock alone."""

    def __init__(self, now: float = NOON, *, monotonic: float = 1000.0) -> None:
        self._now = now
        self._monotonic = monotonic

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Let time pass. Raises ValueError where it would run backwards."""
        if seconds < 0:
            raise ValueError("time does not run backwards; move the wall clock with `set`")
        self._now += seconds
        self._monotonic += seconds

    def set(self, now: float) -> None:
        """Put the wall clock right, or wrong, as a hand or a time server does."""
        self._now = now
