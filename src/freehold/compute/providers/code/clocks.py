"""Clock times: what time it is somewhere, and what a time there is here.

A time given without a day is taken to be on today's date in the place it is given for, and the answer says which date and
offset that came to. A time that a clock change skips or repeats, 3:00 without am or pm, and midnight are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from .dates import read_date, write_date
from .question import Phrases, Unclear, read_line, words
from .zones import find_zone

_CLOCK = re.compile(r"(?P<hour>[0-9]{1,2})(?:[:.](?P<minute>[0-9]{2}))? ?(?P<half>[ap])\.?m\.?", re.IGNORECASE)
_DAY_CLOCK = re.compile(r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})")
_AMBIGUOUS_HOURS = (10, 11, 12)


class Clocks:
    """Reads clocks elsewhere."""

    name = "clocks"
    openers = words(" what whats when convert the time current local noon")

    def answer(self, question: str, *, now: datetime) -> str | None:
        """The time, with its date and offset from UTC, or None."""
        line = read_line(question)
        if line is None:
            return None
        for found, work in _QUESTIONS.matches(line):
            with suppress(Unclear):
                return work(found, now)
        return None


def read_clock(text: str) -> time:
    """The time of day that the text means, else `Unclear`."""
    text = text.strip()
    if text.lower() == "noon":
        return time(12)
    if found := _CLOCK.fullmatch(text):
        hour = int(found["hour"])
        if not 1 <= hour <= 12:
            raise Unclear
        return _time(hour % 12 + (12 if found["half"].lower() == "p" else 0), int(found["minute"] or 0))
    found = _DAY_CLOCK.fullmatch(text)
    if found is None or int(found["hour"]) in _AMBIGUOUS_HOURS:
        raise Unclear
    return _time(int(found["hour"]), int(found["minute"]))


def moment(day_and_time: datetime, zone: ZoneInfo) -> datetime:
    """That wall-clock time in the zone, if the clock there shows it exactly once."""
    early, late = (day_and_time.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if early.utcoffset() != late.utcoffset():
        raise Unclear
    return early


def write_moment(when: datetime) -> str:
    """Such as "15:04 on Saturday, 15 March 2025 (UTC+09:00)"."""
    return f"{when:%H:%M} on {write_date(when.date())} ({_offset(when.utcoffset())})"


def _time(hour: int, minute: int) -> time:
    try:
        return time(hour, minute)
    except ValueError:
        raise Unclear from None


def _offset(offset: timedelta | None) -> str:
    minutes = int((offset or timedelta()).total_seconds() // 60)
    sign, (hours, rest) = ("-" if minutes < 0 else "+"), divmod(abs(minutes), 60)
    return f"UTC{sign}{hours:02}:{rest:02}" if minutes else "UTC"


def _now_in(found: re.Match[str], now: datetime) -> str:
    return write_moment(_aware(now).astimezone(find_zone(found["place"])))


def _now_here(found: re.Match[str], now: datetime) -> str:
    return write_moment(_aware(now))


def _convert(found: re.Match[str], now: datetime) -> str:
    source, target = find_zone(found["source"]), find_zone(found["target"])
    today = _aware(now).astimezone(source).date()
    day = read_date(found["date"], today) if found.re.groupindex.get("date") and found["date"] else today
    return write_moment(moment(datetime.combine(day, read_clock(found["clock"])), source).astimezone(target))


def _difference(found: re.Match[str], now: datetime) -> str:
    """How far apart two clocks are at this moment."""
    moments = [_aware(now).astimezone(find_zone(found[place])) for place in ("first", "second")]
    first, second = (when.utcoffset() or timedelta() for when in moments)
    hours, minutes = divmod(abs(int((first - second).total_seconds())) // 60, 60)
    if first == second:
        return "None: both clocks show the same time today."
    apart = " ".join([f"{hours} h"] * bool(hours) + [f"{minutes} min"] * bool(minutes))
    ahead, behind = ("first", "second") if first > second else ("second", "first")
    return f"{apart}: {found[ahead]} is ahead of {found[behind]} today."


def _aware(now: datetime) -> datetime:
    return now if now.tzinfo else now.replace(tzinfo=UTC)


_AT = r"(?P<clock>noon|[0-9][0-9:.]{0,4} ?(?:[ap]\.?m\.?)?)"
_ON = r"(?: on (?P<date>[^,]{5,25}?))?"
_P = r"[^\W\d_](?:[^\W\d_]|[ ._/'’+-]){0,40}?"
_QUESTIONS: Phrases[Callable[[re.Match[str], datetime], str]] = Phrases(
    (
        rf"what(?: is|['’]s|s)? (?:the )?(?:current |local |exact )?time (?:is it )?(?:right )?(?:now )?in (?P<place>{_P})"
        r"(?: right now| now)?",
        _now_in,
    ),
    (
        rf"(?:what time is it|(?:the )?(?:current |local )?time)(?: right now| now)? in (?P<place>{_P})(?: right now| now)?",
        _now_in,
    ),
    (r"what time is it(?: right now| now)?|what(?: is|['’]s|s) the (?:current )?time(?: right now| now)?", _now_here),
    (
        rf"(?:what is |what['’]s |whats |convert )?{_AT}{_ON} (?:in )?(?P<source>{_P})(?: time)? "
        rf"(?:in|to|into) (?P<target>{_P})(?: time)?",
        _convert,
    ),
    (
        rf"what time (?:is it |will it be |was it )?in (?P<target>{_P}) (?:when|if) it(?:['’]s| is| was) {_AT} "
        rf"in (?P<source>{_P})(?: on (?P<date>[^,]{{5,25}}?))?",
        _convert,
    ),
    (rf"when it(?:['’]s| is) {_AT} in (?P<source>{_P}),? what time is it in (?P<target>{_P})", _convert),
    (
        rf"what(?: is|['’]s|s) the (?:current )?time (?:zone )?difference between (?P<first>{_P}) and (?P<second>{_P})",
        _difference,
    ),
    (rf"(?:the )?time difference between (?P<first>{_P}) and (?P<second>{_P})", _difference),
)
