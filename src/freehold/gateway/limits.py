"""The `x-freehold-*` request headers: limits that OpenAI's API has no words for.

x-freehold-privacy         local | own | any
x-freehold-max-usd         most money for the whole request
x-freehold-max-latency     most seconds until the first byte
x-freehold-deadline        most seconds until the answer is complete
x-freehold-region          start of the region's name
x-freehold-max-retention   most days that data may be kept
x-freehold-capabilities    needed beyond what the request shows, separated by commas
x-freehold-cache           on | off
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from freehold.ground.errors import InvalidRequest
from freehold.ground.units import Seconds, Usd
from freehold.words.asks import NO_REQUIREMENTS, ComputeRequirements, Privacy
from freehold.words.dialects import Capability

_PREFIX = b"x-freehold-"
_KNOWN = frozenset(
    {"privacy", "max-usd", "max-latency", "deadline", "region", "max-retention", "capabilities", "cache"}
)


def requirements_of(headers: Mapping[bytes, bytes]) -> ComputeRequirements:
    """The limits that the headers state. Raises InvalidRequest for one that is misspelt or out of range."""
    if _PREFIX not in b"\n".join(headers):
        return NO_REQUIREMENTS
    stated = {
        name.decode("latin-1").removeprefix("x-freehold-"): value.decode("latin-1").strip()
        for name, value in headers.items()
        if name.startswith(_PREFIX)
    }
    for name in stated.keys() - _KNOWN:
        raise InvalidRequest(
            f"There is no header x-freehold-{name}.",
            parameter=f"x-freehold-{name}",
            advice=f"Known are: {', '.join(sorted(_KNOWN))}.",
        )
    return ComputeRequirements(
        max_usd=_usd(stated),
        max_latency=_seconds(stated, "max-latency"),
        deadline=_seconds(stated, "deadline"),
        privacy=_privacy(stated),
        region=stated.get("region") or None,
        max_retention_days=_days(stated),
        capabilities=_capabilities(stated),
    )


def cache_wish(headers: Mapping[bytes, bytes]) -> bool | None:
    """What the client says about the exact cache; None if nothing."""
    value = headers.get(b"x-freehold-cache")
    if value is None:
        return None
    if value not in (b"on", b"off"):
        raise InvalidRequest("x-freehold-cache must be on or off.", parameter="x-freehold-cache")
    return value == b"on"


def _number(stated: Mapping[str, str], name: str) -> float | None:
    if name not in stated:
        return None
    try:
        value = float(stated[name])
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise InvalidRequest(f"x-freehold-{name} must be a number, not below 0.", parameter=f"x-freehold-{name}")
    return value


def _usd(stated: Mapping[str, str]) -> Usd | None:
    value = _number(stated, "max-usd")
    return None if value is None else Usd(value)


def _seconds(stated: Mapping[str, str], name: str) -> Seconds | None:
    value = _number(stated, name)
    return None if value is None else Seconds(value)


def _days(stated: Mapping[str, str]) -> int | None:
    value = _number(stated, "max-retention")
    return None if value is None else int(value)


def _privacy(stated: Mapping[str, str]) -> Privacy:
    try:
        return Privacy(stated.get("privacy", "any"))
    except ValueError:
        raise InvalidRequest("x-freehold-privacy must be local, own or any.", parameter="x-freehold-privacy") from None


def _capabilities(stated: Mapping[str, str]) -> frozenset[Capability]:
    try:
        return frozenset(Capability(part.strip()) for part in stated.get("capabilities", "").split(",") if part.strip())
    except ValueError:
        raise InvalidRequest(
            f"x-freehold-capabilities takes: {', '.join(Capability)}.", parameter="x-freehold-capabilities"
        ) from None
