"""Which offers may answer an ask, and in which order. Pure, so that it can be explained, cached and tested by itself.

Order: as the user ranked them (aliases, preference); within that own compute before anyone else's, plain code before models,
larger own models before smaller ones, then by price. An offer whose price is unknown comes after those whose price is known.
What is passing (who is down, who is busy) is not known here: see `stack/progress`.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

import msgspec

from freehold.compute.catalog import Ranks
from freehold.compute.dialects.bridge import reachable
from freehold.stack.bounds import Bounds, within
from freehold.words.asks import NO_REQUIREMENTS, ComputeRequirements, Privacy
from freehold.words.dialects import Capability, Dialect
from freehold.words.offers import Layer, Offer, Place
from freehold.words.prices import cost

_OWN = frozenset({Place.LOCAL, Place.OWN})
_WITHIN = {
    Privacy.LOCAL: frozenset({Place.LOCAL}),
    Privacy.OWN: _OWN,
    Privacy.ANY: frozenset(Place),
}
_ASSUMED_PARAMETERS = 7e9
"""Of an own model whose size is unknown: someone who runs a server chose more than a toy."""
_BYTES_PER_TOKEN = 8
"""A cautious guess used only to leave out offers whose context is surely too small."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What selection needs to know of an ask. Hashable: plans are cached by it."""

    model: str
    dialect: Dialect
    needs: frozenset[Capability]
    requirements: ComputeRequirements = NO_REQUIREMENTS
    allowed: tuple[str, ...] = ()
    size: int = 0
    """Bytes of the request, rounded up to a power of two."""
    bounds: Bounds | None = None
    """What it can come to at most, looked up only where money is limited."""


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """An offer that may answer. Choices with the same `rank` are equals and share the load."""

    offer: Offer
    rank: int
    why: str


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """An offer that may not, and why."""

    offer: Offer
    why: str


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Offers in the order they are tried, with reasons."""

    choices: tuple[Choice, ...]
    rejected: tuple[Rejected, ...]


def make_plan(ranks: Ranks, wanted: Wanted) -> Plan:
    """Sort the offers that `wanted.model` stands for into those that may answer, in order, and those that may not."""
    choices: list[tuple[tuple[float, ...], Offer]] = []
    rejected: list[Rejected] = []
    seen: set[str] = set()
    for rank, offers in enumerate(ranks):
        for offer in offers:
            if offer.name in seen:
                continue
            seen.add(offer.name)
            if why := objection(offer, wanted):
                rejected.append(Rejected(offer=offer, why=why))
            else:
                choices.append((_order(rank, offer), offer))
    choices.sort(key=lambda pair: pair[0])
    return Plan(choices=tuple(_ranked(choices)), rejected=tuple(rejected))


def objection(offer: Offer, wanted: Wanted) -> str:
    """Why `offer` may not answer; empty if it may."""
    limits = wanted.requirements
    if wanted.allowed and not _is_allowed(offer, wanted):
        return "the key's allow-list does not have it"
    if not reachable(wanted.dialect, offer.dialects):
        return f"it does not speak {wanted.dialect}, nor anything that can be translated to it"
    if lacking := (wanted.needs | limits.capabilities) - offer.capabilities:
        return f"it cannot do: {', '.join(sorted(lacking))}"
    if offer.place not in _WITHIN[limits.privacy]:
        return f"privacy is {limits.privacy}, and it runs in the {offer.place}"
    if limits.region is not None and not (offer.region or "").startswith(limits.region):
        return f"its region is {offer.region or 'unknown'}, not {limits.region}"
    if limits.max_retention_days is not None and _keeps_longer(offer, limits.max_retention_days):
        kept = "unknown" if offer.retention_days is None else f"{offer.retention_days} days"
        return f"its data retention is {kept}, more than {limits.max_retention_days} days"
    if offer.context is not None and wanted.size // _BYTES_PER_TOKEN > offer.context:
        return f"the request is longer than its context of {offer.context} tokens"
    return _too_dear(offer, wanted)


def _is_allowed(offer: Offer, wanted: Wanted) -> bool:
    names = (offer.name, offer.model, wanted.model)
    return any(fnmatchcase(name, pattern) for pattern in wanted.allowed for name in names)


def _keeps_longer(offer: Offer, days: int) -> bool:
    return offer.retention_days is None or offer.retention_days > days


def _too_dear(offer: Offer, wanted: Wanted) -> str:
    limit = wanted.requirements.max_usd
    if limit is None or wanted.bounds is None:
        return ""
    price = cost(offer.price, within(wanted.bounds, offer))
    if price is None:
        return "its price is unknown, and the request limits money"
    if price > limit:
        return f"it may cost up to ${price:.6f}, more than ${limit:.6f}"
    return ""


def _order(rank: int, offer: Offer) -> tuple[float, ...]:
    own = offer.place in _OWN
    size = -(offer.parameters or _ASSUMED_PARAMETERS) if own and offer.layer is not Layer.CODE else 0.0
    price = offer.price
    known = price is not None and price.input is not None and price.output is not None
    dearness = (price.input or 0.0) + (price.output or 0.0) if price is not None and known else 0.0
    code_first = 0 if offer.layer is Layer.CODE else 1
    return (rank, offer.preference, 0 if own else 1, code_first, size, 0 if known else 1, dearness)


def _ranked(choices: list[tuple[tuple[float, ...], Offer]]) -> list[Choice]:
    ranked: list[Choice] = []
    number, before = -1, None
    for order, offer in choices:
        if order != before:
            number, before = number + 1, order
        ranked.append(Choice(offer=offer, rank=number, why=_reason(offer)))
    return ranked


def _reason(offer: Offer) -> str:
    if offer.layer is Layer.CODE:
        return "plain code: exact, free, or silent"
    if offer.place is Place.LOCAL:
        return "runs on this machine"
    if offer.place is Place.OWN:
        return "runs on a machine of your own"
    price = offer.price
    if price is None or price.input is None or price.output is None:
        return f"{offer.place}, price unknown"
    return f"{offer.place}, ${price.input:g} in and ${price.output:g} out per million tokens"
