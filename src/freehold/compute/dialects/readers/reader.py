"""What every reader can do."""

from __future__ import annotations

from typing import Protocol

from freehold.compute.dialects.pieces import Piece
from freehold.compute.dialects.sse import Event


class Reader(Protocol):
    """Reads one answer. Made anew for each. Everything raises ProviderBroken where the upstream makes no sense."""

    def answer(self, body: bytes) -> list[Piece]:
        """A whole answer."""
        ...

    def event(self, event: Event) -> list[Piece]:
        """What one event of a stream adds."""
        ...

    def end(self) -> list[Piece]:
        """What remains when the stream is over. Raises ProviderBroken if it ended before the answer did."""
        ...
