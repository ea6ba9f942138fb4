"""From a call that has ended to its receipt."""

from __future__ import annotations

import time

from freehold.ground.errors import FixRequest, FreeholdError, GiveUp, Wait
from freehold.ground.units import Seconds
from freehold.stack.calls import Call
from freehold.words.receipts import Outcome, Receipt, TracedReceipt

CLIENT_GONE = "client_gone"
"""Error code of a request whose client went away before its answer was complete."""
INTERNAL = "internal_error"


def receipt_of(call: Call, error: BaseException | None) -> Receipt:
    """The one receipt of a call, success or not."""
    ask, offer = call.ask, call.offer
    receipt = Receipt(
        id=ask.id,
        time=call.arrived,
        owner=ask.owner,
        dialect=ask.dialect,
        asked=ask.model[:256],
        outcome=_outcome(error),
        error=_code(error),
        provider=offer.provider if offer is not None else "",
        model=offer.model if offer is not None else "",
        layer=int(offer.layer) if offer is not None else None,
        place=offer.place if offer is not None else "",
        stream=ask.stream,
        cached=call.cached,
        usage=call.usage,
        usd=call.usd,
        energy=call.energy,
        first_byte=call.first_byte,
        seconds=Seconds(time.monotonic() - call.started),
        attempts=tuple(call.attempts),
    )
    return receipt if not ask.trace else _traced(receipt, ask.trace)


def _traced(receipt: Receipt, trace: str) -> TracedReceipt:
    return TracedReceipt(trace=trace, **{name: getattr(receipt, name) for name in receipt.__struct_fields__})


def _outcome(error: BaseException | None) -> Outcome:
    if error is None:
        return Outcome.OK
    if isinstance(error, FixRequest | Wait):
        return Outcome.REFUSED
    if isinstance(error, GiveUp) and error.code == "insufficient_quota":
        return Outcome.REFUSED
    return Outcome.FAILED if isinstance(error, Exception) else Outcome.CANCELLED


def _code(error: BaseException | None) -> str:
    if error is None:
        return ""
    if isinstance(error, FreeholdError):
        return error.code
    return INTERNAL if isinstance(error, Exception) else CLIENT_GONE
