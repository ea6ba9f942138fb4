"""All offers of all providers, and what a model's name stands for among them.

A name is looked up in this order: "auto" stands for every offer; an alias for what its owner listed, in that order;
`provider/model` for one offer; a bare model for that model wherever it is offered; a pattern with `*` for all that match.
Offers found together stand in ranks: a later rank is tried only after every earlier one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Protocol

from freehold.compute.provider import Inference
from freehold.ground.errors import CannotServe
from freehold.words.offers import Offer

AUTO = "auto"
Ranks = tuple[tuple[Offer, ...], ...]


class Maker(Protocol):
    """Makes offers for models that a provider has but does not list."""

    def __call__(self, model: str, /) -> Offer | None:
        """An offer, or None if the provider has no model of that name."""
        ...

    def claims(self, model: str, /) -> bool:
        """Whether a bare name is plainly this provider's: it matches a pattern that says more than "anything"."""
        ...


class Catalog:
    """What there is to choose from. Providers come and go (discovery, reload); `version` changes when they do."""

    def __init__(self, aliases: Mapping[str, Sequence[str]] | None = None) -> None:
        self._aliases = {name: tuple(targets) for name, targets in (aliases or {}).items()}
        self._providers: dict[str, Inference] = {}
        self._makers: dict[str, Maker] = {}
        self._offers: tuple[Offer, ...] = ()
        self.version = 0

    def add(self, provider: Inference, *, maker: Maker | None = None) -> None:
        """Take in a provider, or replace the one of that name."""
        self._providers[provider.name] = provider
        if maker is not None:
            self._makers[provider.name] = maker
        self.refresh()

    def remove(self, name: str) -> None:
        self._providers.pop(name, None)
        self._makers.pop(name, None)
        self.refresh()

    def rename(self, aliases: Mapping[str, Sequence[str]]) -> None:
        """Put other aliases in force."""
        self._aliases = {name: tuple(targets) for name, targets in aliases.items()}
        self.version += 1

    def refresh(self) -> None:
        """Read every provider's offers anew."""
        self._offers = tuple(offer for provider in self._providers.values() for offer in provider.offers())
        self.version += 1

    @property
    def offers(self) -> tuple[Offer, ...]:
        return self._offers

    @property
    def aliases(self) -> Mapping[str, tuple[str, ...]]:
        return self._aliases

    @property
    def providers(self) -> Iterable[Inference]:
        return self._providers.values()

    def provider(self, name: str) -> Inference:
        """The provider of that name. Raises CannotServe where it has gone since the plan was made."""
        try:
            return self._providers[name]
        except KeyError:
            raise CannotServe(f"The provider {name} is not there any more.") from None

    def find(self, model: str) -> Ranks:
        """The ranks of offers that `model` stands for; empty if it stands for none."""
        if model == AUTO:
            return (self._offers,) if self._offers else ()
        targets = self._alias(model)
        if targets is None:
            found = self._named(model)
            return (found,) if found else ()
        ranks = (self._offers if target == AUTO else self._named(target) for target in targets)
        return tuple(rank for rank in ranks if rank)

    def _alias(self, model: str) -> tuple[str, ...] | None:
        """What an alias stands for; a `*` in a wildcard alias's targets stands for what its own `*` matched."""
        if (targets := self._aliases.get(model)) is not None:
            return targets
        for pattern, targets in self._aliases.items():
            start, star, end = pattern.partition("*")
            if star and len(model) >= len(start) + len(end) and model.startswith(start) and model.endswith(end):
                matched = model[len(start) : len(model) - len(end)]
                return tuple(target.replace("*", matched) for target in targets)
        return None

    def _named(self, model: str) -> tuple[Offer, ...]:
        if "*" in model:
            return tuple(o for o in self._offers if fnmatchcase(o.name, model) or fnmatchcase(o.model, model))
        listed = tuple(offer for offer in self._offers if model in (offer.name, offer.model))
        if listed:
            return listed
        provider, _, rest = model.partition("/")
        if rest and (maker := self._makers.get(provider)) is not None:
            made = maker(rest)
            return (made,) if made is not None else ()
        made_for_it = (maker(model) for maker in self._makers.values() if maker.claims(model))
        return tuple(offer for offer in made_for_it if offer is not None)
