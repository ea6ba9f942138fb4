"""What a client is told when nobody is left: whose turn it is follows from what all of them said."""

from __future__ import annotations

import pytest

from freehold.ground.errors import (
    AllBusy,
    AllFailed,
    AllTimedOut,
    BudgetExhausted,
    CannotServe,
    CredentialRejected,
    DeadlineExceeded,
    FreeholdError,
    NothingFits,
    NotTranslatable,
    ProviderBroken,
    ProviderBusy,
    ProviderTimedOut,
    UnknownModel,
)
from freehold.stack.verdict import verdict

MISSING = CannotServe("there is no gpt-0", status=404)
SILENT = CannotServe("one choice per request")
UNSAID = NotTranslatable("`n` cannot be translated", parameter="n")
BROKEN = ProviderBroken("500")
LATE = ProviderTimedOut("silent")
REJECTED = CredentialRejected("every key is set aside")


def busy(seconds: float | None) -> ProviderBusy:
    return ProviderBusy("slow down", status=429, retry_after=seconds)


@pytest.mark.parametrize(
    ("errors", "kind"),
    [
        ([MISSING, MISSING], UnknownModel),
        ([MISSING, SILENT], NothingFits),
        ([SILENT], NothingFits),
        ([SILENT, UNSAID, MISSING], NotTranslatable),
        ([busy(3), busy(None)], AllBusy),
        ([busy(3), BROKEN], AllFailed),
        ([LATE, LATE], AllTimedOut),
        ([LATE, BROKEN], AllFailed),
        ([SILENT, BROKEN], AllFailed),
        ([REJECTED], AllFailed),
        ([BudgetExhausted("spent"), BudgetExhausted("spent")], BudgetExhausted),
        ([], AllFailed),
    ],
)
def test_its_class_follows_from_all_that_was_met(errors: list[FreeholdError], kind: type[FreeholdError]) -> None:
    assert type(verdict(errors, late=False)) is kind


def test_it_names_everything_once() -> None:
    told = verdict([BROKEN, SILENT, ProviderBroken("500")], late=False).message
    assert told == "Every offer failed. 500; one choice per request"


def test_the_shortest_wait_is_passed_on() -> None:
    found = verdict([busy(30), busy(3)], late=False)
    assert isinstance(found, AllBusy)
    assert found.retry_after == 3


def test_time_used_up_comes_before_who_failed_but_not_before_an_empty_purse() -> None:
    assert type(verdict([BROKEN, SILENT], late=True)) is DeadlineExceeded
    assert type(verdict([BudgetExhausted("spent")], late=True)) is BudgetExhausted
