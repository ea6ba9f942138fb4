"""What is wanted, and within which limits."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from freehold.ground.units import Seconds, Usd
from freehold.words.dialects import Capability, Dialect


class Privacy(StrEnum):
    """How far a request may travel."""

    LOCAL = "local"
    """This machine only."""
    OWN = "own"
    """Machines that the user owns."""
    ANY = "any"


class ComputeRequirements(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits that the answer must keep to. None means no limit."""

    max_usd: Usd | None = None
    """Most money the whole request may cost, failed attempts included."""
    max_latency: Seconds | None = None
    """Most seconds until the first byte of the answer."""
    deadline: Seconds | None = None
    """Most seconds until the answer is complete, every attempt included."""
    privacy: Privacy = Privacy.ANY
    region: str | None = None
    """Only offers whose region starts with this."""
    capabilities: frozenset[Capability] = frozenset()
    """Needed beyond what the request itself shows."""
    max_retention_days: int | None = None
    """Only offers known to keep data no longer than this."""


NO_REQUIREMENTS = ComputeRequirements()


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """A file sent along with an ask (audio to transcribe)."""

    filename: str
    content_type: str
    data: bytes


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """One request, validated at the door.

    `fields` are the top-level members of the request's JSON object in the words of `dialect`, each as its raw bytes: who
    needs one decodes it, the others pass through untouched.
    """

    id: str
    dialect: Dialect
    model: str
    """A model's name, an alias, a wildcard, or "auto"."""
    fields: Mapping[str, msgspec.Raw]
    stream: bool = False
    needs: frozenset[Capability]
    """What the request itself shows that the model must be able to do."""
    requirements: ComputeRequirements = NO_REQUIREMENTS
    owner: str = ""
    """Id of the virtual key that asks: the tenant. Empty for the open loopback door."""
    size: int = 0
    """Bytes of the request body: an upper bound on its tokens."""
    upload: Upload | None = None
    trace: str = ""
    """W3C traceparent of the span that asks, well-formed; empty where nobody traces."""
