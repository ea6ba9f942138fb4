"""How hard Freehold tries, how long it waits, and when it leaves someone alone."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from freehold.ground.units import Seconds

Count = Annotated[int, Meta(ge=1, le=1000)]
Wait = Annotated[Seconds, Meta(gt=0, le=86_400)]


class DeadlineSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long to wait for what. Each passes on its own; the total binds them all."""

    connect: Annotated[Wait, Meta(description="Seconds to connect to a provider.")] = Seconds(5.0)
    first_byte: Annotated[
        Wait, Meta(description="Seconds from the request sent to the head of a provider's answer.")
    ] = Seconds(120.0)
    between_chunks: Annotated[
        Wait, Meta(description="Seconds of silence allowed in the middle of a provider's answer.")
    ] = Seconds(60.0)
    total: Annotated[Wait, Meta(description="Seconds for the whole request, all attempts together.")] = Seconds(600.0)


class RetrySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often to try again, and how long to wait before."""

    attempts: Annotated[Count, Meta(description="Tries at one offer; all others are asked before a second.")] = 2
    max_attempts: Annotated[Count, Meta(description="Tries at all offers together.")] = 6
    backoff: Annotated[Wait, Meta(description="Seconds before the second try at one offer; doubles from there.")] = (
        Seconds(0.25)
    )
    backoff_cap: Annotated[Wait, Meta(description="Longest wait before another try, in seconds.")] = Seconds(8.0)
    jitter: Annotated[
        float, Meta(ge=0, le=1, description="Share of each wait that is left to chance: 0 none, 1 all of it.")
    ] = 1.0


class BreakerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a failing provider is left alone."""

    failures: Annotated[Count, Meta(description="That many failures within `window` open the breaker.")] = 5
    window: Annotated[Wait, Meta(description="Seconds over which failures are counted.")] = Seconds(30.0)
    open_seconds: Annotated[Wait, Meta(description="First rest, in seconds; doubles with each failed probe.")] = (
        Seconds(10.0)
    )
    max_open_seconds: Annotated[Wait, Meta(description="Longest rest, in seconds.")] = Seconds(300.0)
    probes: Annotated[Count, Meta(description="Successful probes in a row that close it again.")] = 1


class HedgeSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Asking a second offer while the first is slow; whoever answers first wins. Both may cost money."""

    after: Annotated[
        Wait | None,
        Meta(description="Seconds without a first byte after which a second offer is asked too.", examples=[2.0]),
    ] = None


class StreamSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happens to streams that break."""

    continue_broken: Annotated[
        bool,
        Meta(
            description="Have another offer continue a broken stream from its partial text. "
            "The seam may show, so it is off unless asked for."
        ),
    ] = False
