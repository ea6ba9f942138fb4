"""Breakers leave the failing alone, and find out when they are well again."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from freehold.compute.health import Breaker, BreakerPolicy, BreakerState
from freehold.ground.units import Seconds

POLICY = BreakerPolicy(failures=3, window=Seconds(10), open_seconds=Seconds(5), max_open_seconds=Seconds(40), probes=2)
NOW = 1000.0


def broken(policy: BreakerPolicy = POLICY, now: float = NOW) -> Breaker:
    breaker = Breaker(policy)
    for _ in range(policy.failures):
        breaker.failed(now, error="boom")
    return breaker


def probe(breaker: Breaker, now: float, *, well: bool) -> None:
    assert breaker.allows(now)
    breaker.enter(now)
    if well:
        breaker.succeeded()
    else:
        breaker.failed(now, error="boom")


def test_enough_failures_in_the_window_open_it() -> None:
    breaker = Breaker(POLICY)
    for at in (0.0, 1.0):
        breaker.failed(NOW + at, error="boom")
    assert breaker.allows(NOW + 1)
    breaker.failed(NOW + 2, error="bang")
    assert breaker.state is BreakerState.OPEN
    assert not breaker.allows(NOW + 2)
    assert breaker.last_error == "bang"


def test_failures_far_apart_do_not() -> None:
    breaker = Breaker(POLICY)
    for number in range(20):
        breaker.failed(NOW + number * 5.1, error="boom")
    assert breaker.state is BreakerState.CLOSED


def test_a_success_in_between_forgives() -> None:
    breaker = Breaker(POLICY)
    for _ in range(10):
        breaker.failed(NOW, error="boom")
        breaker.failed(NOW, error="boom")
        breaker.succeeded()
    assert breaker.state is BreakerState.CLOSED


def test_after_its_rest_it_lets_one_probe_through_at_a_time() -> None:
    breaker = broken()
    assert not breaker.allows(NOW + 4.9)
    assert breaker.allows(NOW + 5)
    breaker.enter(NOW + 5)
    assert breaker.state is BreakerState.HALF_OPEN
    assert not breaker.allows(NOW + 5)
    breaker.let_go()
    assert breaker.allows(NOW + 5)


def test_enough_good_probes_close_it() -> None:
    breaker = broken()
    probe(breaker, NOW + 5, well=True)
    assert breaker.state is BreakerState.HALF_OPEN
    probe(breaker, NOW + 5, well=True)
    assert breaker.state is BreakerState.CLOSED
    assert breaker.allows(NOW + 5)


def test_each_failed_probe_doubles_the_rest_up_to_a_bound() -> None:
    breaker, now = broken(), NOW
    rests = []
    for _ in range(6):
        now = breaker.open_until
        probe(breaker, now, well=False)
        rests.append(breaker.open_until - now)
    assert rests == [10, 20, 40, 40, 40, 40]


def test_once_closed_the_next_rest_is_short_again() -> None:
    breaker = broken()
    probe(breaker, NOW + 5, well=False)
    for _ in range(2):
        probe(breaker, NOW + 15, well=True)
    for _ in range(3):
        breaker.failed(NOW + 20, error="boom")
    assert breaker.open_until == NOW + 25


def test_a_rest_that_is_asked_for_is_kept_and_never_shortened() -> None:
    breaker = Breaker(POLICY)
    breaker.failed(NOW, error="busy", rest=30)
    assert not breaker.allows(NOW + 29)
    breaker.failed(NOW, error="busy", rest=1)
    assert not breaker.allows(NOW + 29)
    assert breaker.allows(NOW + 30)


def test_no_rest_is_longer_than_the_bound() -> None:
    breaker = Breaker(POLICY)
    breaker.failed(NOW, error="busy", rest=1e9)
    assert breaker.allows(NOW + 40)


@pytest.mark.parametrize("ending", [Breaker.succeeded, Breaker.let_go])
def test_a_late_word_from_before_does_no_harm(ending) -> None:
    breaker = Breaker(POLICY)
    for _ in range(5):
        ending(breaker)
    assert breaker.allows(NOW)


class Breaking(RuleBasedStateMachine):
    """Requests come, run and end in any order while time passes."""

    @initialize(
        failures=st.integers(1, 4), probes=st.integers(1, 3), opened=st.floats(0.1, 10), factor=st.floats(1, 10)
    )
    def begin(self, failures: int, probes: int, opened: float, factor: float) -> None:
        self.policy = BreakerPolicy(
            failures=failures,
            probes=probes,
            open_seconds=Seconds(opened),
            max_open_seconds=Seconds(opened * factor),
            window=Seconds(20),
        )
        self.breaker = Breaker(self.policy)
        self.now = NOW
        self.running = 0
        self.probing = 0

    @rule(seconds=st.floats(0, 30))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def send(self) -> None:
        if not self.breaker.allows(self.now):
            return
        closed = self.breaker.state is BreakerState.CLOSED
        self.breaker.enter(self.now)
        self.running += 1
        if not closed:
            assert not self.breaker.allows(self.now), "one probe at a time"

    @precondition(lambda self: self.running)
    @rule()
    def answer(self) -> None:
        self.running -= 1
        self.breaker.succeeded()

    @precondition(lambda self: self.running)
    @rule()
    def leave(self) -> None:
        self.running -= 1
        self.breaker.let_go()

    @precondition(lambda self: self.running)
    @rule(rest=st.none() | st.floats(0, 100))
    def fail(self, rest: float | None) -> None:
        self.running -= 1
        self.breaker.failed(self.now, error="boom", rest=rest)
        if rest is not None and rest > 0.001:
            assert not self.breaker.allows(self.now)

    @invariant()
    def nobody_is_left_alone_for_ever(self) -> None:
        if getattr(self, "breaker", None) is None:
            return
        longest = self.now + self.policy.max_open_seconds
        assert self.breaker.open_until <= longest + 1e-9
        if not self.running:
            assert self.breaker.allows(longest + 1e-9)


TestBreaking = Breaking.TestCase
