"""A request on its way through the house: what is asked, and what has happened to it so far."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from freehold.ground.errors import FreeholdError
from freehold.ground.units import Seconds, Usd
from freehold.stack.keys import VirtualKey
from freehold.words.asks import Ask
from freehold.words.offers import Offer
from freehold.words.prices import NO_USAGE, Usage
from freehold.words.receipts import Attempt, Energy


class Call(msgspec.Struct, kw_only=True):
    """The draft of a receipt. Mutable; belongs to one task. Times are monotonic seconds unless they say otherwise."""

    ask: Ask
    key: VirtualKey
    """Who asks."""
    arrived: float
    """Wall clock: seconds since the epoch."""
    started: float
    deadline: float = float("inf")
    cancel: Callable[[], object] | None = None
    """Stops whoever works on it; called when the deadline passes."""
    allowed: tuple[str, ...] = ()
    """Patterns of models that the asking key may use; empty for all."""
    use_cache: bool | None = None
    """The client's own wish; None leaves it to the configuration."""
    closed: bool = False
    counted: bool = False
    """Whether the key's request limits have counted it."""
    attempts: list[Attempt] = []
    """Those that have ended, in the order in which they did."""
    offer: Offer | None = None
    """Who answered."""
    usage: Usage = NO_USAGE
    energy: Energy | None = None
    usd: Usd | None = Usd(0.0)
    """Sum over the attempts so far; None once any part is unknown."""
    first_byte: Seconds | None = None
    first_byte_by: float | None = None
    """When the answer must have begun; None where only the deadline binds."""
    cached: bool = False
    expired: bool = False
    """Its deadline has passed, which is why its task was cancelled."""
    error: FreeholdError | None = None

    def add_cost(self, usd: Usd | None) -> None:
        self.usd = None if usd is None or self.usd is None else Usd(self.usd + usd)

    @property
    def begins_by(self) -> float:
        """When an answer must have begun at the latest."""
        return self.deadline if self.first_byte_by is None else min(self.first_byte_by, self.deadline)

    def fork(self) -> Call:
        """A draft of its own for one of several attempts at the same call."""
        return msgspec.structs.replace(self, attempts=[], offer=None, usage=NO_USAGE, energy=None, usd=Usd(0.0))

    def join(self, fork: Call) -> None:
        """Add what was tried and spent for a fork."""
        self.attempts += fork.attempts
        self.add_cost(fork.usd)

    def follow(self, fork: Call) -> None:
        """Let a fork's answer be the answer."""
        self.join(fork)
        self.offer, self.usage, self.energy, self.first_byte = fork.offer, fork.usage, fork.energy, fork.first_byte
