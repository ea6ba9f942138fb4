"""Bounds on what one client may send and how slowly."""

from __future__ import annotations

import msgspec

from freehold.ground.units import Seconds


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Every bound of the HTTP server."""

    max_head_bytes: int = 64 * 1024
    """Request line and headers together."""
    max_headers: int = 128
    max_body_bytes: int = 32 * 1024 * 1024
    max_connections: int = 4096
    header_timeout: Seconds = Seconds(15.0)
    """From a request's first byte to the end of its head."""
    body_timeout: Seconds = Seconds(60.0)
    """From the end of the head to the end of the body."""
    write_timeout: Seconds = Seconds(60.0)
    """How long a client may leave an answer unread."""
    keep_alive: Seconds = Seconds(75.0)
    """How long an idle connection is kept."""
