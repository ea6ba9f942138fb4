"""Retry and failover as one state machine, pure: told what failed and when, it says whom to try next and when.

- An error that another provider may mend moves on to the next offer at once: nobody waits while someone else is free.
- An offer that failed in passing is tried again after everyone else, with exponential backoff and full jitter, or after the
  seconds that it asked for.
- A provider with another key to try is asked again at once.
- An offer that cannot serve, or that the key's budget has no room for, is not asked again.
- Offers whose breaker is open are passed over; if that leaves nobody, they are tried after all: better a long shot
  than a lost request.
- It ends when the tries or the time are used up.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import msgspec

from freehold.ground.errors import BudgetExhausted, NotTranslatable, RateLimited, TryAnother
from freehold.ground.units import Seconds
from freehold.stack.selection import Choice

Passing = TryAnother | BudgetExhausted | RateLimited | NotTranslatable
"""What the next offer may mend: a provider's failure, a key with no room left for what this one may cost, or a dialect that
has no words for a part of the request."""
PASSING = (TryAnother, BudgetExhausted, RateLimited, NotTranslatable)


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How often, and how long to wait in between."""

    attempts: int = 2
    """Tries at one offer."""
    max_attempts: int = 6
    """Tries at all offers together; every offer in the plan gets its first try all the same."""
    backoff: Seconds = Seconds(0.25)
    backoff_cap: Seconds = Seconds(8.0)
    jitter: float = 1.0


class Step(msgspec.Struct, frozen=True):
    """Try `choice` after `wait` seconds."""

    choice: Choice
    wait: float = 0.0


class _Candidate(msgspec.Struct):
    choice: Choice
    tries: int = 0
    extra: int = 0
    """Tries that another key paid for."""
    not_before: float = 0.0
    out: bool = False


class Progress:
    """Where one request stands. `now` is monotonic seconds."""

    def __init__(
        self,
        choices: Sequence[Choice],
        policy: RetryPolicy,
        *,
        is_open: Callable[[Choice], bool],
        deadline: float = float("inf"),
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._policy = policy
        self._deadline = deadline
        self._chance = chance
        closed = [choice for choice in choices if not is_open(choice)]
        self._candidates = [_Candidate(choice) for choice in closed or choices]
        self._long_shots = [_Candidate(choice) for choice in choices if closed and is_open(choice)]
        self._at_once: _Candidate | None = None
        self.tries = 0

    def step(self, now: float) -> Step | None:
        """Whom to try next, or None if nobody is left."""
        candidate = self._at_once or self._pick(now)
        self._at_once = None
        if candidate is None:
            return None
        wait = max(0.0, candidate.not_before - now)
        if now + wait >= self._deadline:
            return None
        candidate.tries += 1
        self.tries += 1
        return Step(candidate.choice, wait)

    def beside(self, fits: Callable[[Choice], bool]) -> Choice | None:
        """Whom to ask while others are still at it: an offer that was not tried yet and `fits`; None if there is none."""
        if self.tries >= self._policy.max_attempts:
            return None
        for candidate in self._candidates:
            if candidate.tries == 0 and fits(candidate.choice):
                candidate.tries += 1
                self.tries += 1
                return candidate.choice
        return None

    def note(self, choice: Choice, error: Passing, now: float) -> None:
        """The try at `choice` ended in `error`."""
        candidate = next(c for c in self._candidates if c.choice is choice)
        if not isinstance(error, TryAnother):
            candidate.out = True
            return
        if error.at_once and self.tries < self._policy.max_attempts:
            candidate.extra += 1
            self._at_once = candidate
            return
        if not error.again:
            candidate.out = True
            return
        candidate.not_before = now + self._wait(candidate, error)

    def _pick(self, now: float) -> _Candidate | None:
        """Untried offers first; then those worth another try, the soonest first; then the long shots."""
        for candidate in self._candidates:
            if candidate.tries == 0:
                return candidate
        again = [c for c in self._candidates if not c.out and c.tries - c.extra < self._policy.attempts]
        in_time = [c for c in again if c.not_before < self._deadline]
        if in_time and self.tries < self._policy.max_attempts:
            return min(in_time, key=lambda candidate: candidate.not_before)
        if self._long_shots:
            self._candidates += self._long_shots
            self._long_shots = []
            return self._pick(now)
        return None

    def _wait(self, candidate: _Candidate, error: TryAnother) -> float:
        """Seconds until the next try. Full jitter: Brooker, "Exponential Backoff And Jitter", AWS, 2015."""
        policy = self._policy
        tries = max(0, candidate.tries - candidate.extra - 1)
        backoff = min(policy.backoff_cap, policy.backoff * 2.0 ** min(tries, 32))
        backoff *= 1.0 - policy.jitter * self._chance()
        return max(backoff, error.retry_after or 0.0)
