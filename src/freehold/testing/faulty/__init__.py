"""A real HTTP server on loopback that misbehaves on request, for testing whatever talks to providers.

    async with FaultyServer(reset_in_body(), openai_chat("hello")) as server:
        ...  # the first request is reset halfway, every later one gets a proper answer
        exchange = await server.arrived(2)
        assert exchange.headers["authorization"] == "Bearer ..."

A behaviour is any async function of an `Exchange`; those below cover what providers and networks have been seen
to do. The server keeps every exchange it had, so a test can also await that the client went away
(`exchange.client_gone`).
"""

from freehold.testing.faulty.chat import (
    error_event_first,
    error_event_midway,
    openai_chat,
    stream_cut,
    stream_without_end,
)
from freehold.testing.faulty.faults import (
    black_hole,
    close_at_once,
    drip,
    endless_body,
    garbage,
    huge_headers,
    length_too_long,
    length_too_short,
    reset_at_once,
    reset_in_body,
    reset_in_chunk,
    reset_in_header,
    slow_start,
)
from freehold.testing.faulty.ports import closed_port, deaf_port
from freehold.testing.faulty.replies import (
    error_status,
    hang_up_after,
    reply,
    reply_chunked,
    too_many_requests,
)
from freehold.testing.faulty.server import Behaviour, Early, Exchange, FaultyServer

__all__ = [
    "Behaviour",
    "Early",
    "Exchange",
    "FaultyServer",
    "black_hole",
    "close_at_once",
    "closed_port",
    "deaf_port",
    "drip",
    "endless_body",
    "error_event_first",
    "error_event_midway",
    "error_status",
    "garbage",
    "hang_up_after",
    "huge_headers",
    "length_too_long",
    "length_too_short",
    "openai_chat",
    "reply",
    "reply_chunked",
    "reset_at_once",
    "reset_in_body",
    "reset_in_chunk",
    "reset_in_header",
    "slow_start",
    "stream_cut",
    "stream_without_end",
    "too_many_requests",
]
