"""Freehold: one endpoint over all the AI compute you own, rent or can call.

    async with freehold.open() as compute:
        result = await compute.inference("auto", "What is the capital of France?")

This is the only door; what is not named in `__all__` may change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from freehold.ground.errors import FixRequest, FreeholdError, GiveUp, TryAnother, Wait
from freehold.words.asks import ComputeRequirements, Privacy
from freehold.words.dialects import Capability
from freehold.words.receipts import Receipt
from freehold.words.results import Delta, InferenceResult

if TYPE_CHECKING:
    from freehold.app.abstraction import ComputeAbstractionLayer

__version__ = "0.1.0"
__all__ = [
    "Capability",
    "ComputeAbstractionLayer",
    "ComputeRequirements",
    "Delta",
    "FixRequest",
    "FreeholdError",
    "GiveUp",
    "InferenceResult",
    "Privacy",
    "Receipt",
    "TryAnother",
    "Wait",
    "__version__",
    "open",
]


def open(config: str | None = None) -> ComputeAbstractionLayer:
    """All the compute that the configuration names, as one interface; an async context manager.

    `config` is the path of a `freehold.toml`; without one the usual places are looked in. Raises InvalidConfig.
    """
    from freehold.app.opening import open_layer

    return open_layer(config)


def __getattr__(name: str) -> Any:
    if name == "ComputeAbstractionLayer":
        from freehold.app.abstraction import ComputeAbstractionLayer

        return ComputeAbstractionLayer
    raise AttributeError(name)
