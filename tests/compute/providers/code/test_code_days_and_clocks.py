"""Dates, weekdays, time zones. The moment is Tuesday, 3 June 2025, noon in UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime
from importlib.resources import files
from zoneinfo import ZoneInfo

import pytest

from freehold.compute.providers.code.dates import read_date
from freehold.compute.providers.code.question import Unclear
from freehold.compute.providers.code.skill import answer
from freehold.compute.providers.code.zones import find_zone

NOW = datetime(2025, 6, 3, 12, 0, tzinfo=UTC)

DAYS = {
    "days between 2024-02-03 and 2025-01-01": "333 days",
    "how many days are there between 3 Feb 2024 and January 1st, 2025?": "333 days",
    "how many weeks are between 2024-01-01 and 2024-01-17": "2 weeks and 2 days",
    "how many days until 2025-12-25": "205 days",
    "how many days since 2025-06-01": "2 days",
    "what day of the week is 29 Feb 2028": "Tuesday",
    "what day of the week was July 20, 1969?": "Sunday",
    "what weekday is tomorrow": "Wednesday",
    "what day was 25/12/2024": "Wednesday",
    "what day was 11/11/2011": "Friday",
    "add 90 days to 2024-12-15": "2025-03-15 (Saturday, 15 March 2025)",
    "2024-12-15 + 90 days": "2025-03-15 (Saturday, 15 March 2025)",
    "subtract 2 weeks from 2025-01-07": "2024-12-24 (Tuesday, 24 December 2024)",
    "add one month to 2024-02-29": "2024-03-29 (Friday, 29 March 2024)",
    "add 2 years to 5 May 2024": "2026-05-05 (Tuesday, 5 May 2026)",
    "what date is 3 weeks after March 1st, 2024": "2024-03-22 (Friday, 22 March 2024)",
    "what is the date 45 days from now": "2025-07-18 (Friday, 18 July 2025)",
    "what date was 10 days ago": "2025-05-24 (Saturday, 24 May 2025)",
    "what is today's date?": "2025-06-03 (Tuesday, 3 June 2025)",
    "what day is it today": "2025-06-03 (Tuesday, 3 June 2025)",
    "is 2024 a leap year": "Yes, 2024 is a leap year.",
    "was 1900 a leap year": "No, 1900 is not a leap year.",
    "how many days in February 2028": "29 days",
    "how many days are in 2023": "365 days",
}
CLOCKS = {
    "what time is it in Tokyo": "21:00 on Tuesday, 3 June 2025 (UTC+09:00)",
    "What's the time in New York right now?": "08:00 on Tuesday, 3 June 2025 (UTC-04:00)",
    "current time in Kathmandu": "17:45 on Tuesday, 3 June 2025 (UTC+05:45)",
    "what time is it": "12:00 on Tuesday, 3 June 2025 (UTC)",
    "3pm in Berlin in New York time": "09:00 on Tuesday, 3 June 2025 (UTC-04:00)",
    "convert 3:30 pm London to Tokyo": "23:30 on Tuesday, 3 June 2025 (UTC+09:00)",
    "15:00 UTC to Berlin time": "17:00 on Tuesday, 3 June 2025 (UTC+02:00)",
    "noon in Paris in Los Angeles": "03:00 on Tuesday, 3 June 2025 (UTC-07:00)",
    "what time is it in New York when it is 9am in Paris": "03:00 on Tuesday, 3 June 2025 (UTC-04:00)",
    "3pm on 2025-12-24 in Berlin to UTC": "14:00 on Wednesday, 24 December 2025 (UTC)",
    "1:30am on 2025-03-30 in Berlin to UTC": "00:30 on Sunday, 30 March 2025 (UTC)",
    "11pm in Honolulu in Tokyo": "18:00 on Wednesday, 4 June 2025 (UTC+09:00)",
    "time difference between Tokyo and London": "8 h: Tokyo is ahead of London today.",
    "time difference between London and Delhi": "4 h 30 min: Delhi is ahead of London today.",
}


@pytest.mark.parametrize(
    ("question", "expected", "skill"),
    [(*case, "days") for case in DAYS.items()] + [(*case, "clocks") for case in CLOCKS.items()],
)
def test_a_question_about_time_has_one_answer(question: str, expected: str, skill: str) -> None:
    found = answer(question, now=NOW)

    assert found is not None
    assert (found.text, found.skill) == (expected, skill)


def test_today_is_the_day_on_the_clock_of_the_asker() -> None:
    evening_in_utc = datetime(2025, 6, 3, 23, 0, tzinfo=UTC)

    found = answer("what is today's date", now=evening_in_utc.astimezone(ZoneInfo("Asia/Tokyo")))

    assert found is not None
    assert found.text.startswith("2025-06-04")


@pytest.mark.parametrize(
    "text", ["3/4/2024", "31 April 2024", "1st of Foo 2024", "22th May 2024", "1600-01-01", "May 2024"]
)
def test_a_date_with_two_readings_or_none_is_unclear(text: str) -> None:
    with pytest.raises(Unclear):
        read_date(text, date(2025, 6, 3))


def test_cities_that_the_database_names_twice_keep_one_time() -> None:
    zones: dict[str, set[str]] = {}
    for name in files("tzdata").joinpath("zones").read_text().split():
        area, _, city = name.partition("/")
        if city and "/" not in city and area not in ("Etc", "US", "Canada", "Brazil", "Chile", "Mexico", "SystemV"):
            zones.setdefault(city, set()).add(name)

    for city, names in zones.items():
        offsets = {NOW.astimezone(ZoneInfo(name)).utcoffset() for name in names}
        assert len(offsets) == 1, city


def test_every_city_that_is_known_has_a_zone() -> None:
    from freehold.compute.providers.code.zones import _names

    assert all(find_zone(place).key == zone for place, zone in _names().items())
