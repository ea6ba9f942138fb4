"""Telling a provider which span asks it, so that its own spans hang below the attempt's."""

from __future__ import annotations

import msgspec

from freehold.ground.units import Seconds
from freehold.words.asks import Ask
from freehold.words.offers import Offer
from freehold.words.traces import attempt_span, read_traceparent, request_span


def traced(ask: Ask, offer: Offer, started: Seconds) -> Ask:
    """The ask as the attempt at `offer` asks it that started so many seconds into the request."""
    request = request_span(ask.id, read_traceparent(ask.trace))
    return msgspec.structs.replace(ask, trace=attempt_span(ask.id, request, offer.name, started).traceparent)
