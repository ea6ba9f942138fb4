"""What to tell the client when nobody is left to ask: one error for all that were met on the way. Pure.

Its class says whose turn it is. Where nothing is wrong with anybody, the request fits none of those it could go to, and
sending it again is no use; where everybody is busy, it is; everything else is for a human to look at.
"""

from __future__ import annotations

from collections.abc import Sequence

from freehold.ground.errors import (
    AllBusy,
    AllFailed,
    AllTimedOut,
    BudgetExhausted,
    CannotServe,
    DeadlineExceeded,
    FreeholdError,
    NothingFits,
    NotTranslatable,
    ProviderBusy,
    ProviderTimedOut,
    RateLimited,
    TryAnother,
    UnknownModel,
)

_LONGEST = 2000


def verdict(errors: Sequence[FreeholdError], *, late: bool) -> FreeholdError:
    """The error that ends a request after `errors`, one per attempt; `late` where its time is used up."""
    if _are(errors, BudgetExhausted | RateLimited):
        return errors[0]
    if late:
        return DeadlineExceeded("The time that the request allows is used up.")
    told = "; ".join(dict.fromkeys(error.message for error in errors))[:_LONGEST]
    if _are(errors, NotTranslatable | CannotServe):
        return _unfit(errors, told)
    waits = [error.retry_after for error in errors if isinstance(error, TryAnother) and error.retry_after is not None]
    if _are(errors, ProviderBusy):
        return AllBusy(f"Everyone who could answer is busy. {told}", retry_after=min(waits, default=None))
    if _are(errors, ProviderTimedOut):
        return AllTimedOut(f"Nobody answered in time. {told}")
    return AllFailed(f"Every offer failed. {told}", retry_after=min(waits, default=None))


def _unfit(errors: Sequence[FreeholdError], told: str) -> FreeholdError:
    """The feature that could not be said, if one could not; else what all of them said of themselves."""
    unsaid = next((error for error in errors if isinstance(error, NotTranslatable)), None)
    if unsaid is not None:
        return unsaid
    if all(isinstance(error, CannotServe) and error.status == 404 for error in errors):
        return UnknownModel(told, parameter="model")
    return NothingFits(f"No offer can serve this request. {told}", advice=errors[0].advice)


def _are(errors: Sequence[FreeholdError], kinds: object) -> bool:
    return bool(errors) and all(isinstance(error, kinds) for error in errors)  # type: ignore[arg-type]
