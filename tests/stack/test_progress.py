"""Retry and failover end, in time, and skip nobody."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.ground.errors import (
    BudgetExhausted,
    CannotServe,
    CredentialRejected,
    ProviderBroken,
    ProviderBusy,
    ProviderUnreachable,
    RateLimited,
)
from freehold.ground.units import Seconds
from freehold.stack.progress import Passing, Progress, RetryPolicy, Step
from freehold.stack.selection import Choice
from freehold.testing.fake_provider import fake_offer

START = 1000.0


def choices(count: int) -> list[Choice]:
    return [Choice(offer=fake_offer(f"p{number}"), rank=number, why="") for number in range(count)]


def progress(found: list[Choice], *, open_ones: tuple[int, ...] = (), **details: object) -> Progress:
    policy = details.pop("policy", RetryPolicy(jitter=0.0))
    shut = [found[number] for number in open_ones]
    return Progress(found, policy, is_open=lambda choice: choice in shut, **details)  # type: ignore[arg-type]


def broken(**details: object) -> ProviderBroken:
    return ProviderBroken("boom", **details)  # type: ignore[arg-type]


def name(step: Step | None) -> str:
    return step.choice.offer.provider if step is not None else "nobody"


def play(state: Progress, *errors: Passing, now: float = START) -> list[tuple[str, float]]:
    """Steps taken while tries end in these errors, with their waits; time passes by the waits alone."""
    taken: list[tuple[str, float]] = []
    for error in errors:
        step = state.step(now)
        if step is None:
            break
        taken.append((name(step), round(step.wait, 6)))
        now += step.wait
        state.note(step.choice, error, now)
    return taken


def test_a_failure_moves_on_at_once_and_comes_back_after_everyone_else() -> None:
    steps = play(progress(choices(2)), *[broken()] * 5)
    assert steps == [("p0", 0.0), ("p1", 0.0), ("p0", 0.25), ("p1", 0.0)]


def test_waits_double_up_to_a_cap() -> None:
    policy = RetryPolicy(attempts=6, max_attempts=6, jitter=0.0, backoff=Seconds(1.0), backoff_cap=Seconds(4.0))
    steps = play(progress(choices(1), policy=policy), *[broken()] * 7)
    assert [wait for _, wait in steps] == [0.0, 1.0, 2.0, 4.0, 4.0, 4.0]


def test_jitter_takes_up_to_the_whole_wait() -> None:
    for chance, wait in ((0.0, 0.25), (0.5, 0.125), (1.0, 0.0)):
        steps = play(progress(choices(1), policy=RetryPolicy(), chance=lambda c=chance: c), *[broken()] * 2)
        assert steps[1] == ("p0", wait)


def test_what_an_offer_asks_for_is_honoured() -> None:
    steps = play(progress(choices(1)), ProviderBusy("full", retry_after=7.0), broken())
    assert steps == [("p0", 0.0), ("p0", 7.0)]


def test_nobody_waits_for_a_busy_offer_while_another_is_free() -> None:
    steps = play(progress(choices(2)), ProviderBusy("full", retry_after=7.0), broken(), broken(), broken())
    assert steps == [("p0", 0.0), ("p1", 0.0), ("p1", 0.25), ("p0", 6.75)]


@pytest.mark.parametrize("error", [CannotServe("no"), BudgetExhausted("spent"), RateLimited("slow down")])
def test_who_cannot_is_not_asked_again(error: Passing) -> None:
    assert play(progress(choices(2)), error, error, error) == [("p0", 0.0), ("p1", 0.0)]


def test_another_key_is_tried_at_once_and_does_not_count_as_a_retry() -> None:
    error = CredentialRejected("banned", at_once=True)
    steps = play(progress(choices(2)), error, error, broken(), broken(), broken(), broken())
    assert [who for who, _ in steps] == ["p0", "p0", "p0", "p1", "p0", "p1"]
    assert [wait for _, wait in steps][:4] == [0.0] * 4


def test_keys_without_end_do_not_go_on_for_ever() -> None:
    error = CredentialRejected("banned", at_once=True)
    assert len(play(progress(choices(2)), *[error] * 100)) <= 8


def test_open_breakers_are_passed_over_until_nobody_else_is_left() -> None:
    steps = play(progress(choices(3), open_ones=(0,)), *[broken()] * 10)
    assert [who for who, _ in steps] == ["p1", "p2", "p1", "p2", "p0", "p0"]


def test_if_every_breaker_is_open_all_are_tried_after_all() -> None:
    steps = play(progress(choices(2), open_ones=(0, 1)), *[broken()] * 10)
    assert {who for who, _ in steps} == {"p0", "p1"}


def test_a_wait_beyond_the_deadline_is_not_begun() -> None:
    state = progress(choices(1), deadline=START + 5)
    assert play(state, ProviderBusy("full", retry_after=5.0), broken()) == [("p0", 0.0)]
    assert progress(choices(1), deadline=START).step(START) is None


def test_who_is_asked_beside_has_not_been_tried_and_fits() -> None:
    found = choices(3)
    state = progress(found, open_ones=(2,))
    assert name(state.step(START)) == "p0"
    assert state.beside(lambda choice: False) is None
    assert state.beside(lambda choice: True) is found[1]
    assert state.beside(lambda choice: True) is None  # a broken one is no help in a hurry


def test_asking_beside_counts_as_a_try() -> None:
    state = progress(choices(3), policy=RetryPolicy(attempts=1, max_attempts=2))
    assert name(state.step(START)) == "p0"
    assert state.beside(lambda choice: True) is not None
    assert state.beside(lambda choice: True) is None


errors = st.one_of(
    st.builds(ProviderBroken, st.just("boom"), retry_after=st.none() | st.floats(0, 100)),
    st.builds(ProviderBusy, st.just("full"), retry_after=st.none() | st.floats(0, 100), at_once=st.booleans()),
    st.builds(CredentialRejected, st.just("banned"), at_once=st.booleans()),
    st.builds(ProviderUnreachable, st.just("gone")),
    st.builds(CannotServe, st.just("no")),
    st.builds(BudgetExhausted, st.just("spent")),
    st.builds(RateLimited, st.just("slow down"), retry_after=st.none() | st.floats(0, 100)),
)


@given(
    count=st.integers(1, 6),
    policy=st.builds(
        lambda attempts, spare: RetryPolicy(attempts=attempts, max_attempts=attempts + spare),
        st.integers(1, 4),
        st.integers(0, 6),
    ),
    span=st.floats(0.001, 200),
    seconds=st.lists(st.floats(0, 5), min_size=40, max_size=40),
    data=st.data(),
)
def test_it_ends_in_time_within_its_tries_and_asks_everyone_once(
    count: int, policy: RetryPolicy, span: float, seconds: list[float], data: st.DataObject
) -> None:
    found = choices(count)
    shut = data.draw(st.sets(st.sampled_from(range(count))))
    state = progress(
        found, open_ones=tuple(shut), policy=policy, deadline=START + span, chance=lambda: data.draw(st.floats(0, 1))
    )
    now, asked, rested, ended = START, list[str](), dict[str, float](), False
    for took in seconds:
        step = state.step(now)
        if step is None:
            ended = True
            break
        who = name(step)
        assert step.wait >= 0
        assert now + step.wait < START + span
        assert now + step.wait >= rested.get(who, 0.0) - 1e-9
        now += step.wait
        asked.append(who)
        now += took
        error = data.draw(errors)
        at_once = getattr(error, "at_once", False)
        if not at_once:
            rested[who] = now + (getattr(error, "retry_after", None) or 0.0)
        if not getattr(error, "again", False) and not at_once:
            rested[who] = float("inf")
        state.note(step.choice, error, now)
    assert ended, "it goes on for ever"
    retries = len(asked) - len(set(asked))
    assert retries < policy.max_attempts
    if now < START + span:
        assert set(asked) == {choice.offer.provider for choice in found}
