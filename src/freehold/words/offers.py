"""What a provider offers: one model, where it runs, what it can do, what it costs."""

from __future__ import annotations

from enum import IntEnum, StrEnum

import msgspec

from freehold.words.dialects import Capability, Dialect
from freehold.words.prices import Price


class Layer(IntEnum):
    """The compute stack, bottom to top. A layer is a property of an offer (parameters and place), not a class."""

    ENERGY = 0
    HARDWARE = 1
    CODE = 2
    TINY = 3
    """Below a billion parameters."""
    SMALL = 4
    """1 to 7 billion."""
    MEDIUM = 5
    """7 to 30 billion, on a GPU of one's own."""
    LARGE = 6
    """Cloud, or anything bigger."""
    COUNCIL = 7


class Place(StrEnum):
    """Whose machine an offer runs on; the order is from most to least in the user's hands."""

    LOCAL = "local"
    """This machine."""
    OWN = "own"
    """Another machine that the user owns."""
    RENTED = "rented"
    """A machine or GPU rented from someone, running software of the user's choice."""
    CLOUD = "cloud"
    """Someone else's API."""


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """One model at one provider."""

    provider: str
    """Name of the provider's row or configuration table."""
    model: str
    """What the provider calls the model."""
    layer: Layer
    place: Place
    dialects: frozenset[Dialect]
    """Dialects that the provider takes as they are; others are translated."""
    capabilities: frozenset[Capability]
    context: int | None = None
    """Tokens that prompt and answer may have together; None where unknown."""
    max_output: int | None = None
    """Tokens that an answer may have at most; None where unknown."""
    price: Price | None = None
    """None where unknown; an unknown price is never taken for zero."""
    region: str | None = None
    """Where the data goes, in the provider's or the user's words ("eu", "us-east-1"); None where unknown."""
    retention_days: int | None = None
    """How long the provider keeps what it is sent; None where unknown, 0 for none."""
    preference: int = 0
    """The user's own order: smaller is tried earlier."""
    parameters: float | None = None
    """Size of the model in parameters, where known."""
    watts: float | None = None
    """Power the model's device draws while it works, where known."""
    name: str = ""
    """The public name: `provider/model`. Made by itself."""

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "name", f"{self.provider}/{self.model}")


def layer_for(parameters: float | None, place: Place) -> Layer:
    """The layer of a model by its size and place. An unknown size counts as large in a cloud, as small elsewhere."""
    if parameters is None:
        return Layer.LARGE if place is Place.CLOUD else Layer.SMALL
    if parameters < 1e9:
        return Layer.TINY
    if parameters <= 7e9:
        return Layer.SMALL
    if parameters <= 34e9 and place is not Place.CLOUD:
        return Layer.MEDIUM
    return Layer.LARGE
