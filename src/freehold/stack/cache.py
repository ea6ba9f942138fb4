"""The exact cache: the same request by the same tenant gets the same answer, at no cost.

What counts as the same is the canonical request: its fields sorted, without those that do not change the answer. Requests that
ask for chance (no temperature of 0) are left out unless asked for. Bounded in bytes, least recently used goes first. An entry
past its time is not used, but kept while there is room: when nobody can be reached, an old answer beats none.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict

import msgspec

from freehold.ground.units import Seconds
from freehold.words.asks import Ask
from freehold.words.dialects import GENERATIVE
from freehold.words.offers import Offer

_IRRELEVANT = frozenset({"user", "metadata", "store", "stream_options", "service_tier", "safety_identifier"})
_ZERO = frozenset({b"0", b"0.0", b"0.00", b"-0.0", b"0e0"})
_OVERHEAD = 512
"""Bytes that an entry costs beside its body; an estimate."""


class CachePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept, and for how long."""

    enabled: bool = True
    max_bytes: int = 64 * 1024 * 1024
    ttl: Seconds = Seconds(3600.0)
    include_sampling: bool = False


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """An answer as it went out."""

    body: bytes
    content_type: str
    offer: Offer
    at: float
    """Monotonic seconds when it was put here."""


class ExactCache:
    """Answers by canonical request. `now` is monotonic seconds."""

    def __init__(self, policy: CachePolicy) -> None:
        self._policy = policy
        self._kept: OrderedDict[bytes, Kept] = OrderedDict()
        self.bytes = 0
        self.hits = 0
        self.misses = 0

    def key(self, ask: Ask, wish: bool | None) -> bytes | None:
        """The key of a request that may be cached; None for one that may not. `wish` is the client's own."""
        if wish is False or not (self._policy.enabled or wish):
            return None
        if not wish and not self._policy.include_sampling and _samples(ask):
            return None
        return _digest(ask)

    def get(self, key: bytes, now: float, *, stale: bool = False) -> Kept | None:
        """What is kept under `key` and still good, or with `stale`, however old."""
        kept = self._kept.get(key)
        if kept is None or (not stale and now - kept.at > self._policy.ttl):
            self.misses += 1
            return None
        self._kept.move_to_end(key)
        self.hits += 1
        return kept

    def put(self, key: bytes, kept: Kept) -> None:
        """Keep an answer, unless it alone would take more than an eighth of the room."""
        size = len(kept.body) + _OVERHEAD
        if size > self._policy.max_bytes // 8:
            return
        self._drop(self._kept.pop(key, None))
        self._kept[key] = kept
        self.bytes += size
        while self.bytes > self._policy.max_bytes:
            self._drop(self._kept.popitem(last=False)[1])

    def __len__(self) -> int:
        return len(self._kept)

    def _drop(self, kept: Kept | None) -> None:
        if kept is not None:
            self.bytes -= len(kept.body) + _OVERHEAD


def _samples(ask: Ask) -> bool:
    """Whether the request leaves its answer to chance: any text generation without a temperature of 0."""
    if ask.dialect not in GENERATIVE:
        return False
    temperature = ask.fields.get("temperature")
    return temperature is None or bytes(temperature).strip() not in _ZERO


def _digest(ask: Ask) -> bytes:
    """SHA-256 over tenant, limits, dialect and the canonical fields."""
    fields = {name: msgspec.json.decode(raw) for name, raw in ask.fields.items() if name not in _IRRELEVANT}
    options = ask.fields.get("stream_options")
    canonical = (ask.owner, ask.dialect, ask.stream, ask.requirements, options and bytes(options), fields)
    state = hashlib.sha256(msgspec.json.encode(canonical, order="sorted"))
    if ask.upload is not None:
        state.update(ask.upload.data)
    return state.digest()
