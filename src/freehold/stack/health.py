"""The breakers of all offers, as dispatch sees them.

Each offer has a breaker, and each provider one more: a host that cannot be reached is left alone for all its models at once,
a model that fails is left alone by itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.compute.health import Breaker, BreakerPolicy, BreakerState
from freehold.ground.errors import CannotServe, CredentialRejected, ProviderBusy, ProviderUnreachable, TryAnother
from freehold.words.offers import Offer

_DEFAULT_REST = 1.0
"""Seconds to leave an offer alone that is busy and does not say for how long."""
_MAX_BREAKERS = 10_000


class Health:
    """Breakers by name, made on first use."""

    def __init__(self, policy: BreakerPolicy) -> None:
        self._policy = policy
        self._breakers: dict[str, Breaker] = {}

    def _breaker(self, name: str) -> Breaker:
        breaker = self._breakers.get(name)
        if breaker is None:
            if len(self._breakers) >= _MAX_BREAKERS:
                self._breakers.pop(next(iter(self._breakers)))
            breaker = self._breakers[name] = Breaker(self._policy)
        return breaker

    def is_open(self, offer: Offer, now: float) -> bool:
        """Whether the offer, or its whole provider, is to be left alone now."""
        if not self._breakers:
            return False
        closed = BreakerState.CLOSED
        for name in (offer.provider, offer.name):
            breaker = self._breakers.get(name)
            if breaker is not None and breaker.state is not closed and not breaker.allows(now):
                return True
        return False

    def enter(self, offer: Offer, now: float) -> None:
        """A request is being sent."""
        if not self._breakers:
            return
        for name in (offer.provider, offer.name):
            breaker = self._breakers.get(name)
            if breaker is not None:
                breaker.enter(now)

    def succeeded(self, offer: Offer) -> None:
        """It ended well."""
        if not self._breakers:
            return
        for name in (offer.provider, offer.name):
            breaker = self._breakers.get(name)
            if breaker is not None:
                breaker.succeeded()

    def let_go(self, offer: Offer) -> None:
        """It ended without saying anything about the offer's health."""
        for name in (offer.provider, offer.name):
            breaker = self._breakers.get(name)
            if breaker is not None:
                breaker.let_go()

    def failed(self, offer: Offer, error: TryAnother, now: float) -> None:
        """Count a failure where it belongs. Errors that say nothing about the provider's health count nowhere."""
        if isinstance(error, CannotServe | CredentialRejected) or error.at_once:
            self.let_go(offer)
        elif isinstance(error, ProviderUnreachable):
            self._breaker(offer.provider).failed(now, error=error.code)
            self._breaker(offer.name).let_go()
        elif isinstance(error, ProviderBusy):
            rest = error.retry_after if error.retry_after is not None else _DEFAULT_REST
            self._breaker(offer.name).failed(now, error=error.code, rest=rest)
            self._breaker(offer.provider).let_go()
        else:
            self._breaker(offer.name).failed(now, error=error.code)
            self._breaker(offer.provider).let_go()

    def report(self) -> Iterator[tuple[str, Breaker]]:
        """Every breaker by the name of its provider or offer."""
        yield from list(self._breakers.items())

    def clear(self, provider: str) -> None:
        """Forget what is held against a provider and its offers (its configuration has changed)."""
        for name in [n for n in self._breakers if n == provider or n.startswith(provider + "/")]:
            del self._breakers[name]
