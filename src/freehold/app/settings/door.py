"""Who may come in, how much they may bring, and who is told about it."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from freehold.ground.units import Seconds

MEBIBYTE = 1 << 20


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The address to listen on, and the bounds on what a client may send."""

    host: Annotated[str, Meta(min_length=1, description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="TCP port; 0 takes any free one.")] = 8585
    workers: Annotated[int, Meta(ge=1, le=256, description="Processes that serve requests.")] = 1
    require_key: Annotated[
        bool,
        Meta(
            description="Turn away requests without a key made by `freehold keys create`. "
            "Needed as soon as `host` is not a loopback address."
        ),
    ] = False
    max_body_bytes: Annotated[
        int, Meta(ge=1024, le=1 << 32, description="Largest request body; more is refused with 413.")
    ] = 32 * MEBIBYTE
    max_connections: Annotated[
        int, Meta(ge=1, le=1_000_000, description="Most open client connections per worker.")
    ] = 4096
    header_timeout: Annotated[
        Seconds, Meta(gt=0, le=600, description="Seconds a client may take to send its request's head.")
    ] = Seconds(15.0)
    body_timeout: Annotated[
        Seconds, Meta(gt=0, le=3600, description="Seconds a client may take to send its request's body.")
    ] = Seconds(60.0)
    write_timeout: Annotated[
        Seconds, Meta(gt=0, le=3600, description="Seconds a client may leave an answer unread.")
    ] = Seconds(60.0)
    idle_timeout: Annotated[
        Seconds, Meta(gt=0, le=3600, description="Seconds a connection may stay open between two requests.")
    ] = Seconds(75.0)
    drain: Annotated[
        Seconds,
        Meta(ge=0, le=3600, description="Seconds that running requests get to finish when Freehold is stopped."),
    ] = Seconds(30.0)


class TelemetrySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """OpenTelemetry export. Off until an endpoint is named; bodies are never exported."""

    endpoint: Annotated[str | None, Meta(description="OTLP/HTTP collector.", examples=["http://127.0.0.1:4318"])] = None
    service_name: Annotated[str, Meta(description="Name this gateway gives itself in traces.")] = "freehold"
