"""Dates: reading one that can only be one day, and moving from it.

03/04/2024 is two days to two people, 1 March without a year is any of many, and before 1753 the calendars differ: all
`Unclear`. So is a month added to the 31st when the next month has none.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

from .question import Unclear

EARLIEST_YEAR = 1753
MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SHORT_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTH = rf"(?:{'|'.join(MONTHS)}|{'|'.join(_SHORT_MONTHS)}|sept)\.?"
_ORDINAL = r"(?P<ordinal>st|nd|rd|th)?"
DATE_FORMS = (
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})",
    rf"(?:the )?(?P<day>[0-9]{{1,2}}){_ORDINAL}(?: of)? (?P<month>{MONTH}),? (?P<year>[0-9]{{4}})",
    rf"(?P<month>{MONTH}) (?P<day>[0-9]{{1,2}}){_ORDINAL},? (?P<year>[0-9]{{4}})",
)
_DATES = tuple(re.compile(form, re.IGNORECASE) for form in DATE_FORMS)
_SLASHED = re.compile(r"([0-9]{1,2})([/.])([0-9]{1,2})\2([0-9]{4})")
_DAYS = {"day": 1, "week": 7}
_MONTHS = {"month": 1, "year": 12}
_RELATIVE = {"today": 0, "tomorrow": 1, "yesterday": -1}


def read_date(text: str, today: date) -> date:
    """The one day that the whole text means, else `Unclear`."""
    text = text.strip().lower()
    if text in _RELATIVE:
        return today + timedelta(days=_RELATIVE[text])
    for form in _DATES:
        if found := form.fullmatch(text):
            return date_of(found)
    if slashed := _SLASHED.fullmatch(text):
        return _only_reading(int(slashed[1]), int(slashed[3]), int(slashed[4]))
    raise Unclear


def date_of(found: re.Match[str]) -> date:
    """The day of a match of one of `DATE_FORMS`."""
    day, month = int(found["day"]), found["month"].lower().rstrip(".")
    ordinal = found.groupdict().get("ordinal")
    if ordinal and ordinal.lower() != _ordinal(day):
        raise Unclear
    return day_of(int(found["year"]), int(month) if month.isdigit() else month_number(month), day)


def write_date(day: date) -> str:
    """Such as "Saturday, 15 March 2025"."""
    return f"{WEEKDAYS[day.weekday()]}, {day.day} {MONTHS[day.month - 1].title()} {day.year}"


def month_number(name: str) -> int:
    """1 for January or Jan."""
    return _SHORT_MONTHS.index(name.lower()[:3]) + 1


def _ordinal(day: int) -> str:
    return "th" if 11 <= day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


def day_of(year: int, month: int, day: int) -> date:
    """That day, if it exists in the calendar everybody uses."""
    try:
        found = date(year, month, day)
    except ValueError:
        raise Unclear from None
    if year < EARLIEST_YEAR:
        raise Unclear
    return found


def _only_reading(first: int, second: int, year: int) -> date:
    """Day and month in either order, if just one order gives a date."""
    readings: set[date] = set()
    for day, month in ((first, second), (second, first)):
        try:
            readings.add(day_of(year, month, day))
        except Unclear:
            continue
    if len(readings) != 1:
        raise Unclear
    return readings.pop()


def shifted(day: date, count: int, unit: str) -> date:
    """So many days, weeks, months or years later (earlier if negative)."""
    try:
        if unit in _DAYS:
            return _checked(day + timedelta(days=count * _DAYS[unit]))
        months = day.year * 12 + day.month - 1 + count * _MONTHS[unit]
        return day_of(months // 12, months % 12 + 1, day.day)
    except OverflowError:
        raise Unclear from None


def _checked(day: date) -> date:
    return day_of(day.year, day.month, day.day)
