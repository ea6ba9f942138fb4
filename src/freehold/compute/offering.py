"""From a provider's row to its offers. Pure: no network, no clock, no environment.

A price is looked up only where a provider bills by the token. Own hardware counts as free only where its row says so;
hours of a rented GPU have no price per token until the user states one. Unknown stays None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec

from freehold.compute.rows import ModelRow, Pricing, Row
from freehold.words.dialects import Capability, Dialect
from freehold.words.offers import Offer, Place, layer_for
from freehold.words.prices import FREE, Price

_T = TypeVar("_T")

FindPrice = Callable[[str, str], Price | None]
"""Looks up (catalog provider, model); None where unknown."""

_SERVED_BY = {
    Capability.CHAT: (Dialect.CHAT, Dialect.RESPONSES, Dialect.MESSAGES, Dialect.COUNT_TOKENS),
    Capability.COMPLETION: (Dialect.COMPLETIONS,),
    Capability.EMBEDDING: (Dialect.EMBEDDINGS,),
    Capability.TRANSCRIPTION: (Dialect.TRANSCRIPTIONS,),
    Capability.RERANK: (Dialect.RERANK,),
}

_HOME = (Place.LOCAL, Place.OWN)


class Overrides(msgspec.Struct, frozen=True, kw_only=True):
    """What the user says about a provider and its models; None leaves the row's own word."""

    provider: str | None = None
    """Name of the configuration table, where one row serves several."""
    place: Place | None = None
    region: str | None = None
    retention_days: int | None = None
    capabilities: frozenset[Capability] | None = None
    context: int | None = None
    max_output: int | None = None
    parameters: float | None = None
    price: Price | None = None
    watts: float | None = None
    preference: int = 0


AS_THE_ROW_SAYS = Overrides()


def offers_for(
    row: Row,
    *,
    models: Iterable[str] | None = None,
    overrides: Overrides = AS_THE_ROW_SAYS,
    find_price: FindPrice | None = None,
) -> tuple[Offer, ...]:
    """Offers for the named models, or for every model that the row lists by its full name.

    A named model that the row does not know is left out. Wildcards stand for no offer until a model is named.
    """
    named = [entry.id for entry in row.models if not entry.wildcard] if models is None else models
    found = (offer_for(row, name, overrides=overrides, find_price=find_price) for name in named)
    return tuple(offer for offer in found if offer is not None)


def offer_for(
    row: Row,
    model_id: str,
    *,
    overrides: Overrides = AS_THE_ROW_SAYS,
    find_price: FindPrice | None = None,
) -> Offer | None:
    """An offer of one model, listed or matched by a wildcard; None where the row does not have it."""
    entry = row.model(model_id)
    return None if entry is None else _offer(row, model_id, entry, overrides, find_price)


def dialects_for(row: Row, capabilities: frozenset[Capability]) -> frozenset[Dialect]:
    """Which of the row's dialects a model with these capabilities answers in."""
    served = {dialect for capability in capabilities for dialect in _SERVED_BY.get(capability, ())}
    return frozenset(served & row.dialects)


def _offer(row: Row, model_id: str, entry: ModelRow, said: Overrides, find: FindPrice | None) -> Offer:
    place = said.place or row.place
    parameters = _first(said.parameters, entry.parameters)
    capabilities = entry.capabilities if said.capabilities is None else said.capabilities
    return Offer(
        provider=said.provider or row.name,
        model=model_id,
        layer=layer_for(parameters, place),
        place=place,
        dialects=dialects_for(row, capabilities),
        capabilities=capabilities,
        context=_first(said.context, entry.context),
        max_output=_first(said.max_output, entry.max_output),
        price=_price(row, model_id, place, said, find),
        region=_first(said.region, entry.region, row.region),
        retention_days=_first(said.retention_days, entry.retention_days, row.retention_days, _kept_at_home(place)),
        preference=said.preference,
        parameters=parameters,
        watts=said.watts,
    )


def _price(row: Row, model_id: str, place: Place, said: Overrides, find: FindPrice | None) -> Price | None:
    if said.price is not None:
        return said.price
    if row.pricing is Pricing.FREE:
        return FREE if place in _HOME else None
    if row.pricing is Pricing.PER_TOKEN and row.prices and find is not None:
        return find(row.prices, model_id)
    return None


def _kept_at_home(place: Place) -> int | None:
    """Data that never leaves the user's machines is kept by nobody else."""
    return 0 if place in _HOME else None


def _first(*values: _T | None) -> _T | None:
    return next((value for value in values if value is not None), None)
