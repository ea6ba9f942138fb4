"""Where a request belongs in a wider story: W3C Trace Context (https://www.w3.org/TR/trace-context/).

A client says which span of its own it asks from. The spans of a request and of its attempts get ids that follow from the request's
own id, so that nothing needs to be kept or carried along but what the client said. They are names, not secrets.
"""

from __future__ import annotations

import re
from hashlib import blake2b

import msgspec

from freehold.ground.units import Seconds

_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")
_SAMPLED = 1


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """One span's place in its trace."""

    trace_id: int
    span_id: int
    sampled: bool = True
    """Whether the client wants it to be kept."""

    @property
    def traceparent(self) -> str:
        """The header that makes this span the parent of what is asked for."""
        return f"00-{self.trace_id:032x}-{self.span_id:016x}-{self.sampled:02x}"


def read_traceparent(header: str) -> Span | None:
    """The client's span; None for a header that is malformed, which the standard has ignored."""
    match = _TRACEPARENT.fullmatch(header)
    if match is None or (header.startswith("00-") and len(header) != 55):
        return None
    trace_id, span_id, flags = (int(part, 16) for part in match.groups())
    return Span(trace_id=trace_id, span_id=span_id, sampled=bool(flags & _SAMPLED))


def request_span(request_id: str, client: Span | None) -> Span:
    """The span of a request."""
    span_id = _id(8, request_id)
    if client is None:
        return Span(trace_id=_id(16, request_id), span_id=span_id)
    return Span(trace_id=client.trace_id, span_id=span_id, sampled=client.sampled)


def attempt_span(request_id: str, request: Span, offer: str, started: Seconds) -> Span:
    """The span of the attempt at the offer of that name that started so many seconds into the request."""
    span_id = _id(8, f"{request_id} {offer} {started!r}")
    return Span(trace_id=request.trace_id, span_id=span_id, sampled=request.sampled)


def _id(size: int, name: str) -> int:
    """Never 0, which the standard keeps for nobody."""
    return int.from_bytes(blake2b(name.encode(), digest_size=size).digest(), "big") or 1
