"""The headers that Freehold adds to OpenAI's and Anthropic's APIs: limits on the way in, who answered on the way out."""

from __future__ import annotations

from typing import Any

from freehold.words.asks import Privacy
from freehold.words.dialects import Capability

Json = dict[str, Any]

_NUMBER: Json = {"type": "number", "minimum": 0}


def _asked(name: str, description: str, schema: Json, example: object) -> Json:
    return {
        "name": f"x-freehold-{name}",
        "in": "header",
        "required": False,
        "description": description,
        "schema": schema,
        "example": example,
    }


LIMITS: dict[str, Json] = {
    "Privacy": _asked(
        "privacy",
        "How far the request may travel: this machine, machines of one's own, or anywhere.",
        {"type": "string", "enum": [str(member) for member in Privacy]},
        "any",
    ),
    "MaxUsd": _asked("max-usd", "Most US dollars for the request, failed attempts included.", _NUMBER, 0.05),
    "MaxLatency": _asked("max-latency", "Most seconds until the first byte.", _NUMBER, 30),
    "Deadline": _asked("deadline", "Most seconds until the answer is complete; 504 after that.", _NUMBER, 60),
    "Region": _asked("region", "Start of the name of the region that the data may go to.", {"type": "string"}, "eu"),
    "MaxRetention": _asked("max-retention", "Most days that the provider may keep the data.", _NUMBER, 30),
    "Capabilities": _asked(
        "capabilities",
        f"What is needed beyond what the request shows, separated by commas: {', '.join(Capability)}.",
        {"type": "string"},
        "tools",
    ),
    "Cache": _asked(
        "cache",
        "Use the exact cache also where it is off, or not at all.",
        {"type": "string", "enum": ["on", "off"]},
        "on",
    ),
    "TraceParent": {
        "name": "traceparent",
        "in": "header",
        "required": False,
        "description": "W3C trace context. It is passed on to providers; one that is malformed is ignored.",
        "schema": {"type": "string"},
        "example": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    },
}


def _told(description: str, schema: Json) -> Json:
    return {"description": description, "schema": schema}


REQUEST_ID: Json = {
    "x-freehold-request-id": _told(
        "Name of the request; `freehold receipts show ID` tells all about it.", {"type": "string"}
    )
}
ANSWERED: Json = {
    **REQUEST_ID,
    "x-freehold-layer": _told(
        "Layer that answered: 2 code, 3 tiny, 4 small, 5 medium, 6 large.",
        {"type": "integer", "minimum": 0, "maximum": 7},
    ),
    "x-freehold-provider": _told("Provider that answered.", {"type": "string"}),
    "x-freehold-model": _told("Model that answered, in the provider's words.", {"type": "string"}),
    "x-freehold-attempts": _told("Tries it took; 0 for an answer from the cache.", {"type": "integer", "minimum": 0}),
    "x-freehold-cache": _told("`hit` for an answer from the exact cache.", {"type": "string", "const": "hit"}),
    "x-freehold-cost-usd": _told(
        "US dollars, or `unknown`. Not on streams, whose headers leave before their cost is known.", {"type": "string"}
    ),
    "x-freehold-energy-joules": _told("Joules, and how they are known: `12.5; estimated`.", {"type": "string"}),
}
RETRY_AFTER: Json = {
    "retry-after": _told("Seconds after which the request may pass.", {"type": "integer", "minimum": 0})
}
ALLOW: Json = {"allow": _told("Methods that the route takes.", {"type": "string"})}
