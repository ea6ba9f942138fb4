"""The `x-freehold-*` headers of an answer: who gave it, after how many tries, at what cost.

A stream's headers leave before its cost is known; its receipt has it (`freehold receipts show ID`).
"""

from __future__ import annotations

from freehold.compute.provider import Answer
from freehold.stack.calls import Call
from freehold.words.offers import Offer

_MAX_KEPT = 1024
_about: dict[str, tuple[Offer, bytes]] = {}


def id_header(request_id: str) -> bytes:
    return b"x-freehold-request-id: %b\r\n" % request_id.encode()


def answer_headers(call: Call, answer: Answer) -> bytes:
    """Header lines of a whole answer. What is not known says so."""
    cost = b"unknown" if call.usd is None else b"%.9g" % call.usd
    energy = call.energy
    joules = b"unknown" if energy is None else b"%.4g; %b" % (energy.joules, energy.basis.encode())
    return b"content-type: %b\r\n%bx-freehold-cost-usd: %b\r\nx-freehold-energy-joules: %b\r\n" % (
        answer.content_type.encode(), _common(call), cost, joules,
    )  # fmt: skip


def stream_headers(call: Call) -> bytes:
    """Header lines of a stream."""
    return b"content-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n" + _common(call)


def _common(call: Call) -> bytes:
    offer = call.offer
    cached = b"x-freehold-cache: hit\r\n" if call.cached else b""
    return b"x-freehold-request-id: %b\r\n%bx-freehold-attempts: %d\r\n%b" % (
        call.ask.id.encode(),
        _about_offer(offer) if offer is not None else b"",
        len(call.attempts) + (1 if call.ask.stream and not call.cached else 0),
        cached,
    )


def _about_offer(offer: Offer) -> bytes:
    """Rendered once per offer; names come from providers, so what a header cannot hold is replaced."""
    known = _about.get(offer.name)
    if known is not None and known[0] is offer:
        return known[1]
    lines = "".join(
        f"x-freehold-{name}: {_printable(value)}\r\n"
        for name, value in (("layer", str(int(offer.layer))), ("provider", offer.provider), ("model", offer.model))
    ).encode("latin-1")
    if len(_about) >= _MAX_KEPT:
        _about.clear()
    _about[offer.name] = (offer, lines)
    return lines


def _printable(text: str) -> str:
    return "".join(char if " " <= char <= "~" else "?" for char in text)
