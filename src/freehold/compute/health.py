"""Circuit breakers: who is left alone, and for how long.

A breaker is pure: it is told what happened and when, and says whether to ask. Closed, it lets everything through and counts
failures in a sliding span. Open, it lets nothing through until its rest is over. Then it is half open: it lets a few probes
through, one at a time; their success closes it, a failure opens it again for twice as long, up to a bound.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from freehold.ground.units import Seconds


class BreakerPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """When a breaker opens and closes."""

    failures: int = 5
    """That many failures within `window` open it."""
    window: Seconds = Seconds(30.0)
    open_seconds: Seconds = Seconds(10.0)
    """First rest; doubles with each failed probe."""
    max_open_seconds: Seconds = Seconds(300.0)
    probes: int = 1
    """That many successful probes in a row close it again."""


class BreakerState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Breaker:
    """One circuit breaker. `now` is monotonic time in seconds, handed in."""

    __slots__ = (
        "_failed_at",
        "_policy",
        "_probes_out",
        "_probes_won",
        "_rest",
        "last_error",
        "open_until",
        "state",
    )

    def __init__(self, policy: BreakerPolicy) -> None:
        self._policy = policy
        self._failed_at: list[float] = []
        self._rest = policy.open_seconds
        self._probes_out = 0
        self._probes_won = 0
        self.state = BreakerState.CLOSED
        self.open_until = 0.0
        self.last_error = ""

    def allows(self, now: float) -> bool:
        """Whether a request may be sent now. Takes nothing: see `enter`."""
        if self.state is BreakerState.CLOSED:
            return True
        if self.state is BreakerState.OPEN:
            return now >= self.open_until
        return self._probes_out == 0

    def enter(self, now: float) -> None:
        """A request is being sent. While not closed, it counts as a probe."""
        if self.state is BreakerState.CLOSED:
            return
        if self.state is BreakerState.OPEN and now >= self.open_until:
            self.state = BreakerState.HALF_OPEN
            self._probes_out = self._probes_won = 0
        if self.state is BreakerState.HALF_OPEN:
            self._probes_out += 1

    def succeeded(self) -> None:
        """The request ended well."""
        if self.state is BreakerState.CLOSED:
            if self._failed_at:
                self._failed_at.clear()
            return
        self._probes_out = max(0, self._probes_out - 1)
        self._probes_won += 1
        if self.state is BreakerState.OPEN or self._probes_won >= self._policy.probes:
            self._close()

    def failed(self, now: float, *, error: str, rest: float | None = None) -> None:
        """The request ended badly. `rest` opens the breaker at once for that many seconds (a Retry-After)."""
        self.last_error = error
        if rest is not None:
            self._open(now, min(rest, self._policy.max_open_seconds))
        elif self.state is BreakerState.HALF_OPEN:
            self._rest = Seconds(min(self._rest * 2, self._policy.max_open_seconds))
            self._open(now, self._rest)
        elif self.state is BreakerState.CLOSED:
            self._count(now)

    def let_go(self) -> None:
        """The request ended without saying anything about the provider (cancelled, or the request's own fault)."""
        self._probes_out = max(0, self._probes_out - 1)

    def _count(self, now: float) -> None:
        horizon = now - self._policy.window
        self._failed_at = [at for at in self._failed_at if at > horizon]
        self._failed_at.append(now)
        if len(self._failed_at) >= self._policy.failures:
            self._open(now, self._rest)

    def _open(self, now: float, seconds: float) -> None:
        self.state = BreakerState.OPEN
        self.open_until = max(self.open_until, now + seconds)
        self._probes_out = self._probes_won = 0
        self._failed_at.clear()

    def _close(self) -> None:
        self.state = BreakerState.CLOSED
        self.open_until = 0.0
        self._rest = self._policy.open_seconds
        self._probes_out = self._probes_won = 0
        self._failed_at.clear()
