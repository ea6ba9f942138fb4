"""Windows follow the calendar, and time only goes forward."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.stack.allowances.terms import Period
from freehold.stack.allowances.windows import LENGTH, SteadyTime, end_of, window_at
from freehold.testing.fixed_clock import NOON, FixedClock

times = st.floats(0, 4e9)
periods = st.sampled_from(Period)


@given(periods, times)
def test_every_moment_lies_in_one_window_which_ends_after_it(period: Period, time: float) -> None:
    window = window_at(period, time)
    end = end_of(period, window)
    assert time < end <= time + LENGTH[period]
    assert window_at(period, end) == window + 1
    assert window_at(period, end - 0.001) == window


@pytest.mark.parametrize(
    ("period", "end"),
    [
        (Period.MINUTE, datetime(2028, 2, 28, 23, 42, tzinfo=UTC)),
        (Period.HOUR, datetime(2028, 2, 29, tzinfo=UTC)),
        (Period.DAY, datetime(2028, 2, 29, tzinfo=UTC)),
        (Period.MONTH, datetime(2028, 3, 1, tzinfo=UTC)),
    ],
)
def test_windows_are_those_of_the_calendar_in_utc(period: Period, end: datetime) -> None:
    time = datetime(2028, 2, 28, 23, 41, 59, tzinfo=UTC).timestamp()
    if period is Period.HOUR:
        time = datetime(2028, 2, 28, 23, 0, tzinfo=UTC).timestamp()
    assert end_of(period, window_at(period, time)) == end.timestamp()


def test_december_ends_with_the_year() -> None:
    december = window_at(Period.MONTH, datetime(2026, 12, 31, 23, tzinfo=UTC).timestamp())
    assert end_of(Period.MONTH, december) == datetime(2027, 1, 1, tzinfo=UTC).timestamp()


moves = st.lists(st.tuples(st.sampled_from(["advance", "jump"]), st.floats(-1e6, 1e6)), max_size=30)


@given(moves)
def test_time_never_goes_back_nor_slower_than_it_passes(steps: list[tuple[str, float]]) -> None:
    clock = FixedClock()
    steady = SteadyTime(clock)
    before = steady.now()
    for step, seconds in steps:
        passed = abs(seconds) if step == "advance" else 0.0
        if step == "advance":
            clock.advance(passed)
        else:
            clock.set(clock.now() + seconds)
        now = steady.now()
        assert now >= before + passed - 1e-3
        assert now >= clock.now()
        before = now


def test_after_a_step_back_time_goes_on_from_where_it_was() -> None:
    clock = FixedClock()
    steady = SteadyTime(clock)
    clock.set(NOON - 3600)
    assert steady.now() == NOON
    clock.advance(10)
    assert steady.now() == NOON + 10
    clock.set(NOON + 7200)
    assert steady.now() == NOON + 7200
