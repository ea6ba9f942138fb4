"""Anthropic's prompt cache: what lies before a marked breakpoint is written once and read cheaply after."""

from __future__ import annotations

import hashlib

import msgspec

from freehold.testing.vendors.anthropic.request import Span
from freehold.testing.vendors.loopback import Json


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """The prompt's tokens in disjoint buckets."""

    fresh: int
    read: int = 0
    written_5m: int = 0
    written_1h: int = 0

    @property
    def total(self) -> int:
        return self.fresh + self.read + self.written_5m + self.written_1h

    def usage(self) -> Json:
        """The input side of a `usage` object."""
        return {
            "input_tokens": self.fresh,
            "cache_creation_input_tokens": self.written_5m + self.written_1h,
            "cache_read_input_tokens": self.read,
            "cache_creation": {
                "ephemeral_5m_input_tokens": self.written_5m,
                "ephemeral_1h_input_tokens": self.written_1h,
            },
        }


class PromptCache:
    """Remembers prefixes. Those shorter than `minimum` tokens are not cached, without a word, as at Anthropic."""

    def __init__(self, minimum: int = 1024) -> None:
        self._minimum = minimum
        self._known: set[bytes] = set()

    def count(self, model: str, spans: list[Span]) -> Counted:
        """Count a prompt, and remember its breakpoints."""
        state = hashlib.sha256(model.encode())
        position = read = written = 0
        lasts = {"5m": 0, "1h": 0}
        for span in spans:
            state.update("\0".join(span.tokens).encode())
            position += len(span.tokens)
            if not span.cached_for or position < self._minimum:
                continue
            if state.digest() in self._known:
                read = position
                continue
            self._known.add(state.digest())
            lasts[span.cached_for] += position - max(read, written)
            written = position
        return Counted(fresh=position - max(read, written), read=read, written_5m=lasts["5m"], written_1h=lasts["1h"])
