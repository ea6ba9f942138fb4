"""What every writer can do, and what it has to know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from freehold.compute.dialects.pieces import Piece
from freehold.words.prices import Usage


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """What a writer knows beyond the pieces."""

    id: str
    """For answers whose upstream gives none."""
    created: int
    """Seconds since the epoch."""
    provider: str
    model: str
    """For answers whose upstream does not name its model."""
    asked: dict[str, Any]
    """The client's own request."""


class Writer(Protocol):
    """Writes one answer. Made anew for each."""

    def answer(self, pieces: Sequence[Piece], usage: Usage) -> bytes:
        """A whole answer's body."""
        ...

    def piece(self, piece: Piece) -> bytes:
        """The events of a stream that say `piece`; empty where it can only be said later, or not in this dialect."""
        ...

    def end(self, usage: Usage) -> bytes:
        """The events that end the stream."""
        ...
