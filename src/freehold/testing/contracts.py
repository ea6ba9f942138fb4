"""The rules that every `Inference` keeps (see `freehold.compute.provider`), each as a check that runs against yours.

Say how to bring your provider into the situations that the rules speak of, by a `Stage` of your own, and run every rule:

    class MyStage(Stage): ...

    @pytest.mark.parametrize("rule", INFERENCE_RULES, ids=name_of)
    async def test_it_keeps_the_contract(rule: Rule) -> None:
        async with my_stage() as stage:
            await rule(stage)

or, without pytest, `await check_inference_contract(stage)`. A rule about a situation that the stage cannot set (`None`) raises
`unittest.SkipTest`, which pytest shows as skipped. A provider that breaks a rule gets an AssertionError that says which; one
that hangs, after `PATIENCE` seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps
from typing import Any
from unittest import SkipTest

import msgspec

from freehold.compute.dialects.sse import parse
from freehold.compute.provider import Answer, AnswerStream, Inference
from freehold.ground.errors import FixRequest, FreeholdError, TryAnother
from freehold.words.asks import Ask
from freehold.words.offers import Offer
from freehold.words.prices import NO_USAGE, Usage

PATIENCE = 30.0
"""Seconds after which a provider counts as hanging."""


class Stage:
    """A provider, one of its offers, and how to set each situation. Override those that your provider can be brought into.

    Each method prepares whatever stands behind the provider and gives the ask that then meets the situation.
    """

    def __init__(self, provider: Inference, offer: Offer) -> None:
        self.provider = provider
        self.offer = offer

    async def whole(self) -> Ask:
        """Answered well, whole."""
        raise NotImplementedError

    async def stream(self) -> Ask | None:
        """Answered well, in a stream."""
        return None

    async def endless(self) -> Ask | None:
        """Answered by a stream that goes on, or stalls after a good start, until it is stopped."""
        return None

    async def silent(self) -> Ask | None:
        """Not answered at all, until it is stopped."""
        return None

    async def failing(self) -> Ask | None:
        """Failed, before its first event, in a way that another provider may mend."""
        return None

    async def error_first(self) -> Ask | None:
        """A stream whose very first event is an error."""
        return None

    async def breaking(self) -> Ask | None:
        """A stream that breaks after a good start."""
        return None

    async def refused(self) -> Ask | None:
        """Turned away for the request's own fault."""
        return None

    async def counts(self) -> Usage | None:
        """What the last answered ask consumed, where the stage knows; without, any usage but none will do."""
        return None

    async def at_work(self) -> None:
        """Return once the last ask is being worked on. By default the provider's own status is believed."""
        while not self.provider.status().in_flight:
            await asyncio.sleep(0.001)

    async def at_rest(self) -> None:
        """Return once nothing is being worked on behind the provider. By default its own status is believed."""
        while self.provider.status().in_flight:
            await asyncio.sleep(0.001)


Rule = Callable[[Stage], Coroutine[Any, Any, None]]
_Situation = Awaitable[Ask | None]


def _rule(check: Rule) -> Rule:
    @wraps(check)
    async def bounded(stage: Stage) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await check(stage)
        except TimeoutError:
            raise AssertionError(f"{name_of(check)}: it hung for {PATIENCE:g} s") from None

    return bounded


def name_of(rule: Rule) -> str:
    """A rule's name, for test ids and reports."""
    return rule.__name__.replace("_", " ")


@_rule
async def it_is_an_inference_provider(stage: Stage) -> None:
    provider, offer = stage.provider, stage.offer
    assert isinstance(provider, Inference)
    assert provider.name == offer.provider
    assert offer in tuple(provider.offers())
    assert offer.dialects, "an offer speaks at least one dialect"
    assert provider.status().in_flight == 0


@_rule
async def a_whole_answer_is_whole_and_counted(stage: Stage) -> None:
    ask = await stage.whole()
    answer = await stage.provider.infer(ask, stage.offer)
    assert isinstance(answer, Answer), "without `stream`, a whole answer comes back"
    msgspec.json.decode(answer.body)
    await _check_usage(stage, answer.usage)
    await stage.at_rest()


@_rule
async def a_stream_yields_whole_events_and_ends(stage: Stage) -> None:
    stream = await _stream(stage, stage.stream())
    events = [event async for piece in stream for event in _whole_events(piece)]
    assert events
    await stage.at_rest()


@_rule
async def usage_is_complete_once_the_stream_has_ended(stage: Stage) -> None:
    stream = await _stream(stage, stage.stream())
    async for _ in stream:
        assert isinstance(stream.usage, Usage), "what is known is there at any time"
    await _check_usage(stage, stream.usage)


@_rule
async def whatever_goes_wrong_before_the_first_event_is_raised(stage: Stage) -> None:
    ask = _set(await stage.failing())
    error = await _raised(stage.provider.infer(ask, stage.offer))
    assert isinstance(error, TryAnother), f"{error!r} does not say that another provider may succeed"
    await stage.at_rest()


@_rule
async def a_stream_that_begins_with_an_error_is_no_stream(stage: Stage) -> None:
    ask = _set(await stage.error_first())
    error = await _raised(stage.provider.infer(ask, stage.offer))
    assert isinstance(error, TryAnother), f"{error!r} does not say that another provider may succeed"
    await stage.at_rest()


@_rule
async def a_stream_that_ends_too_early_raises(stage: Stage) -> None:
    ask = _set(await stage.breaking())
    error = await _raised(_drained(stage.provider.infer(ask, stage.offer)))
    assert isinstance(error, TryAnother), f"{error!r} does not say that another provider may succeed"
    await stage.at_rest()


@_rule
async def the_requests_own_fault_is_told_apart(stage: Stage) -> None:
    ask = _set(await stage.refused())
    error = await _raised(stage.provider.infer(ask, stage.offer))
    assert isinstance(error, FixRequest), f"{error!r} does not say that the request is at fault"
    await stage.at_rest()


@_rule
async def closing_a_stream_early_stops_the_work(stage: Stage) -> None:
    stream = await _stream(stage, stage.endless())
    await anext(aiter(stream))
    await stream.aclose()
    await stage.at_rest()
    await stream.aclose()


@_rule
async def a_stream_nobody_has_looked_into_can_be_closed(stage: Stage) -> None:
    stream = await _stream(stage, stage.endless())
    await stream.aclose()
    await stage.at_rest()


@_rule
async def cancelling_whoever_waits_for_the_answer_stops_the_work(stage: Stage) -> None:
    ask = _set(await stage.silent())
    waiting = asyncio.create_task(_drained(stage.provider.infer(ask, stage.offer)))
    await stage.at_work()
    await _cancelled(waiting)
    await stage.at_rest()


@_rule
async def cancelling_whoever_waits_for_the_next_event_stops_the_work(stage: Stage) -> None:
    stream = await _stream(stage, stage.endless())
    await anext(aiter(stream))
    reading = asyncio.create_task(_drain(stream))
    await asyncio.sleep(0)
    await _cancelled(reading)
    await stream.aclose()
    await stage.at_rest()


@_rule
async def errors_carry_advice_and_no_foreign_types(stage: Stage) -> None:
    staged = [ask for ask in (await stage.failing(), await stage.refused()) if ask is not None]
    ask = _set(staged[-1] if staged else None)
    error = await _raised(stage.provider.infer(ask, stage.offer))
    assert error.message
    assert error.advice


@_rule
async def it_answers_again_after_all_that(stage: Stage) -> None:
    for _ in range(3):
        assert isinstance(await stage.provider.infer(await stage.whole(), stage.offer), Answer)
    await stage.at_rest()
    assert stage.provider.status().in_flight == 0


INFERENCE_RULES: tuple[Rule, ...] = (
    it_is_an_inference_provider,
    a_whole_answer_is_whole_and_counted,
    a_stream_yields_whole_events_and_ends,
    usage_is_complete_once_the_stream_has_ended,
    whatever_goes_wrong_before_the_first_event_is_raised,
    a_stream_that_begins_with_an_error_is_no_stream,
    a_stream_that_ends_too_early_raises,
    the_requests_own_fault_is_told_apart,
    closing_a_stream_early_stops_the_work,
    a_stream_nobody_has_looked_into_can_be_closed,
    cancelling_whoever_waits_for_the_answer_stops_the_work,
    cancelling_whoever_waits_for_the_next_event_stops_the_work,
    errors_carry_advice_and_no_foreign_types,
    it_answers_again_after_all_that,
)


async def check_inference_contract(stage: Stage) -> list[str]:
    """Run every rule on one stage, one after the other. Raises an ExceptionGroup of all that are broken.

    Returns the names of the rules that were left out, because the stage cannot set what they are about.
    """
    left_out: list[str] = []
    broken: list[Exception] = []
    for rule in INFERENCE_RULES:
        try:
            await rule(stage)
        except SkipTest:
            left_out.append(name_of(rule))
        except Exception as error:
            error.add_note(name_of(rule))
            broken.append(error)
    if broken:
        raise ExceptionGroup(f"{stage.provider.name} breaks its contract", broken)
    return left_out


def _set(ask: Ask | None) -> Ask:
    if ask is None:
        raise SkipTest("this provider cannot be brought into that situation")
    return ask


async def _stream(stage: Stage, situation: _Situation) -> AnswerStream:
    ask = _set(await situation)
    assert ask.stream, "the stage must ask for a stream here"
    answer = await stage.provider.infer(ask, stage.offer)
    assert not isinstance(answer, Answer), "with `stream`, a stream comes back"
    return answer


def _whole_events(piece: bytes) -> list[bytes]:
    assert piece, "an empty piece says nothing"
    assert piece.replace(b"\r\n", b"\n").endswith(b"\n\n"), f"not whole events: {piece[-80:]!r}"
    return [event.data for event in parse(piece)]


async def _check_usage(stage: Stage, usage: Usage) -> None:
    known = await stage.counts()
    assert usage == known if known is not None else usage != NO_USAGE, f"it says it consumed {usage}"


async def _drain(stream: AnswerStream) -> None:
    async for piece in stream:
        _whole_events(piece)


async def _raised(work: Awaitable[object]) -> FreeholdError:
    """The error of Freehold's that `work` ends in."""
    try:
        await work
    except FreeholdError as error:
        return error
    except Exception as error:
        raise AssertionError(f"a foreign error came through: {error!r}") from error
    raise AssertionError("nothing was raised")


async def _drained(work: Awaitable[Answer | AnswerStream]) -> None:
    answer = await work
    if not isinstance(answer, Answer):
        try:
            await _drain(answer)
        finally:
            await answer.aclose()


async def _cancelled(task: asyncio.Task[None]) -> None:
    assert not task.done(), "the stage must keep it waiting"
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled(), "a cancellation is passed on"
