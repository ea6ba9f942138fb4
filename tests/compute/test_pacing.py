"""A provider's own limits are kept on our side, so that it has no reason to complain."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.compute.pacing import Pacing

NOW = 1000.0


def test_a_minutes_worth_may_go_at_once_and_then_one_by_one() -> None:
    pacing = Pacing(60, None)
    assert [pacing.take(NOW, 1) for _ in range(60)] == [0.0] * 60
    assert pacing.take(NOW, 1) == pytest.approx(1.0)
    assert pacing.take(NOW + 1, 1) == 0.0
    assert pacing.take(NOW + 1, 1) == pytest.approx(1.0)


def test_tokens_are_limited_beside_requests() -> None:
    pacing = Pacing(1000, 600)
    assert pacing.take(NOW, 600) == 0.0
    assert pacing.take(NOW, 1) == pytest.approx(0.1)


def test_a_request_beyond_a_minutes_worth_is_let_through_and_paid_for_afterwards() -> None:
    pacing = Pacing(None, 600)
    assert pacing.take(NOW, 1200) == 0.0
    assert pacing.take(NOW, 1) == pytest.approx(60.1)


def test_without_limits_nobody_waits() -> None:
    pacing = Pacing(None, None)
    assert all(pacing.take(NOW, 10**9) == 0.0 for _ in range(100))


def test_a_clock_that_goes_back_gives_nothing_away() -> None:
    pacing = Pacing(1, None)
    assert pacing.take(NOW, 1) == 0.0
    assert pacing.take(NOW - 1000, 1) > 0
    assert pacing.take(NOW - 1000 + 59, 1) > 0


def test_what_was_not_taken_is_not_paid_for() -> None:
    pacing = Pacing(60, 10)
    assert pacing.take(NOW, 10) == 0.0
    for _ in range(100):
        assert pacing.take(NOW, 1) > 0
    assert pacing.take(NOW + 60, 1) == 0.0


@given(
    requests=st.integers(1, 600),
    tokens=st.none() | st.integers(1, 10_000),
    arrivals=st.lists(st.tuples(st.floats(0, 10), st.integers(0, 2000)), max_size=40),
)
def test_no_span_of_time_sees_more_than_its_share(
    requests: int, tokens: int | None, arrivals: list[tuple[float, int]]
) -> None:
    pacing, now = Pacing(requests, tokens), NOW
    taken: list[tuple[float, int]] = []
    for gap, size in arrivals:
        now += gap
        wait = pacing.take(now, size)
        if wait == 0.0:
            taken.append((now, size))
    for first in range(len(taken)):
        for last in range(first, len(taken)):
            span = taken[last][0] - taken[first][0]
            assert last - first + 1 <= requests + (span + 0.002) * requests / 60 + 1e-6
            if tokens is not None:  # the last may overdraw: it is let in while anything is left
                before = sum(size for _, size in taken[first:last])
                assert before <= tokens + (span + 0.002) * tokens / 60 + 1e-6


@given(
    st.integers(1, 600), st.none() | st.integers(1, 10_000), st.lists(st.tuples(st.floats(0, 5), st.integers(0, 3000)))
)
def test_who_waits_as_long_as_told_may_go(requests: int, tokens: int | None, arrivals: list[tuple[float, int]]) -> None:
    pacing, now = Pacing(requests, tokens), NOW
    for gap, size in arrivals:
        now += gap
        if wait := pacing.take(now, size):
            now += wait
            assert pacing.take(now, size) == 0.0
