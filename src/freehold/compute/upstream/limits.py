"""How much a far side may send before it is cut off, and how many connections it gets."""

from __future__ import annotations

import msgspec

from freehold.ground.units import Seconds

HEAD_LIMIT = 64 * 1024
"""Bytes of a response before its body, interim responses included."""
HEADERS_LIMIT = 256
FRAMING_PER_BYTE = 8
"""What a byte of body may cost in chunk framing: a byte per chunk is silly but legal, endless extensions are not."""
UNREAD_LIMIT = 256 * 1024
"""Bytes of a body that may lie unread before the far side has to wait."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds per origin."""

    connections: int = 512
    idle: int = 128
    idle_for: Seconds = Seconds(30.0)
    """An idle connection is closed after this long."""
    waiting: int = 1024
    """How many requests may wait for a connection to become free."""
