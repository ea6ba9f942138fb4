"""Days: the weekday of a date, the days between two, the date some days from one. Today is the asker's."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime

from .dates import MONTH, MONTHS, WEEKDAYS, day_of, month_number, read_date, shifted, write_date
from .question import Phrases, Unclear, read_line, words

_SPAN = r"(?P<count>[0-9]{1,5}|an?|one) (?P<unit>day|week|month|year)s?"
_D = r"(?P<date>.+)"


class Days:
    """Counts days."""

    name = "days"
    openers = frozenset(MONTHS) | words(
        " what whats which how number days day weekday add subtract the is was will find calculate today"
    )

    def answer(self, question: str, *, now: datetime) -> str | None:
        """The day or the number of days, or None. Today is the day on the clock of `now`."""
        line = read_line(question)
        if line is None:
            return None
        for found, work in _QUESTIONS.matches(line):
            with suppress(Unclear):
                return work(found, now.date())
        return None


def _between(found: re.Match[str], today: date) -> str:
    first, last = read_date(found["first"], today), read_date(found["last"], today)
    days = abs((last - first).days)
    if (found["unit"] or "day").lower() == "day":
        return _count(days, "day")
    weeks, rest = divmod(days, 7)
    return _count(weeks, "week") + (f" and {_count(rest, 'day')}" if rest else "")


def _until(found: re.Match[str], today: date) -> str:
    return _ahead((read_date(found["date"], today) - today).days)


def _since(found: re.Match[str], today: date) -> str:
    return _ahead((today - read_date(found["date"], today)).days)


def _ahead(days: int) -> str:
    if days < 0:
        raise Unclear
    return _count(days, "day")


def _weekday(found: re.Match[str], today: date) -> str:
    return WEEKDAYS[read_date(found["date"], today).weekday()]


def _shift(found: re.Match[str], today: date, sign: int) -> str:
    count = int(found["count"]) if found["count"].isdigit() else 1
    start = today if "date" not in found.re.groupindex else read_date(found["date"], today)
    day = shifted(start, sign * count, found["unit"].lower())
    return f"{day.isoformat()} ({write_date(day)})"


def _later(found: re.Match[str], today: date) -> str:
    return _shift(found, today, 1)


def _earlier(found: re.Match[str], today: date) -> str:
    return _shift(found, today, -1)


def _today(found: re.Match[str], today: date) -> str:
    day = read_date(found["date"].lower().removesuffix("'s").removesuffix("’s"), today)
    return f"{day.isoformat()} ({write_date(day)})"


def _leap(found: re.Match[str], today: date) -> str:
    year = int(found["year"])
    leap = monthrange(day_of(year, 1, 1).year, 2)[1] == 29
    return f"{'Yes' if leap else 'No'}, {year} {'is' if leap else 'is not'} a leap year."


def _month_length(found: re.Match[str], today: date) -> str:
    first = day_of(int(found["year"]), month_number(found["month"]), 1)
    return _count(monthrange(first.year, first.month)[1], "day")


def _year_length(found: re.Match[str], today: date) -> str:
    year = day_of(int(found["year"]), 1, 1).year
    return _count((date(year, 12, 31) - date(year, 1, 1)).days + 1, "day")


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


_WHAT = r"(?:what is|what['’]s|whats|what are|calculate|find) (?:the )?"
_QUESTIONS: Phrases[Callable[[re.Match[str], date], str]] = Phrases(
    (
        rf"(?:how many (?:(?P<unit>day|week)s )(?:are there |are |is it )?|(?:{_WHAT})?(?:number of )?days )"
        r"(?:between|from) (?P<first>.+?) (?:and|to|until|till) (?P<last>.+)",
        _between,
    ),
    (rf"(?:how many days (?:are (?:there |left )?|is it )?)(?:until|till|to) {_D}", _until),
    (rf"(?:how many days (?:has it been |have passed |is it )?)since {_D}", _since),
    (
        r"(?:what|which) (?:day of the week|weekday|day) (?:is|was|will be|is it on|does|did|was it on|will it be on) "
        r"(?P<date>.+?)(?: be| fall on)?",
        _weekday,
    ),
    (rf"{_WHAT}(?:day of the week|weekday) (?:of|for|on) {_D}", _weekday),
    (rf"(?:day of the week|weekday) (?:of|for|on) {_D}", _weekday),
    (
        rf"(?:what day (?:is|will it be) |{_WHAT}date |(?:what|which) date (?:is|will be) ){_SPAN} from (?:now|today)",
        _later,
    ),
    (rf"(?:what day (?:is|was it) |{_WHAT}date |(?:what|which) date (?:is|was) ){_SPAN} ago", _earlier),
    (rf"add {_SPAN} to (?:the date )?{_D}", _later),
    (rf"subtract {_SPAN} from (?:the date )?{_D}", _earlier),
    (rf"(?:what (?:is|date is|day is) |{_WHAT}date ){_SPAN} (?:after|from) {_D}", _later),
    (rf"(?:what (?:is|date is|day is|was|date was) |{_WHAT}date ){_SPAN} before {_D}", _earlier),
    (rf"{_D} (?:\+|plus) {_SPAN}", _later),
    (rf"{_D} (?:-|−|minus) {_SPAN}", _earlier),
    (r"(?:what is|what['’]s|whats) (?P<date>today['’]s|tomorrow['’]s|yesterday['’]s) date", _today),
    (r"what (?:date|day) (?:is it )?(?:is )?(?P<date>today|tomorrow)", _today),
    (r"what (?:is )?(?:the )?date (?:is it )?(?:is )?(?P<date>today|tomorrow)", _today),
    (r"(?:is|was|will) (?:the year )?(?P<year>[0-9]{4}) (?:be )?a leap year", _leap),
    (rf"how many days (?:are (?:there )?)?in (?P<month>{MONTH}),? (?:of )?(?P<year>[0-9]{{4}})", _month_length),
    (r"how many days (?:are (?:there )?)?in (?:the year )?(?P<year>[0-9]{4})", _year_length),
)
