"""A broken stream is carried on by someone else, and the client sees one."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from stack_bench import AT_ONCE, HELLO, asking, chunks_of, key_with, streamed_text

from freehold.ground.errors import CannotServe, ProviderBroken, ProviderRefused, ProviderTimedOut
from freehold.ground.units import Joules, Usd
from freehold.stack.allowances import Allowance, Period, Unit
from freehold.stack.transcript import Transcript, is_plain, taken_up
from freehold.testing import FakeProvider
from freehold.testing.fake_provider import breaks, fails, hangs, says
from freehold.words.asks import ComputeRequirements
from freehold.words.dialects import Dialect
from freehold.words.prices import Price, Usage
from freehold.words.receipts import Basis, Energy, Outcome, Receipt

WITH_USAGE = {"stream_options": {"include_usage": True}}


def tried(receipt: Receipt) -> list[tuple[str, Outcome]]:
    return [(attempt.provider, attempt.outcome) for attempt in receipt.attempts]


def providers(count: int = 2, **details: Any) -> list[FakeProvider]:
    return [FakeProvider(name, preference=n, **details) for n, name in enumerate("abcdef"[:count])]


def heard_fields(provider: FakeProvider, number: int = 0) -> dict[str, Any]:
    return {name: msgspec.json.decode(raw) for name, raw in provider.heard[number].ask.fields.items()}


async def test_another_offer_goes_on_from_the_partial_text(make_bench) -> None:
    a, b = providers()
    a.script(breaks("Hello from"))
    b.script(says(", memory."))
    bench = make_bench(a, b, continue_broken=True)
    events = await bench.said(asking(stream=True, max_tokens=100))
    assert streamed_text(events) == "Hello from, memory."
    fields = heard_fields(b)
    assert fields["messages"] == [*HELLO, {"role": "assistant", "content": "Hello from"}]
    assert fields["max_tokens"] == 98
    receipt = bench.receipts[-1]
    assert receipt.outcome is Outcome.OK
    assert receipt.provider == "b"
    assert tried(receipt) == [("a", Outcome.FAILED), ("b", Outcome.OK)]
    assert receipt.attempts[0].error == "provider_broken"


async def test_the_client_sees_one_stream(make_bench) -> None:
    a, b = providers()
    a.script(breaks("Hello from"))
    bench = make_bench(a, b, continue_broken=True)
    ask = asking(stream=True, **WITH_USAGE)
    chunks = chunks_of(await bench.said(ask))
    assert {chunk["id"] for chunk in chunks} == {f"a-{ask.id}"}
    assert {chunk["model"] for chunk in chunks} == {"tiny"}
    roles = [choice["delta"].get("role") for chunk in chunks for choice in chunk["choices"]]
    assert roles == ["assistant"] + [None] * (len(roles) - 1)
    assert [c["finish_reason"] for chunk in chunks for c in chunk["choices"] if c["finish_reason"]] == ["stop"]


async def test_completions_are_continued_at_the_end_of_the_prompt(make_bench) -> None:
    a, b = providers()
    a.script(breaks("upon a"))
    b.script(says("time."))
    bench = make_bench(a, b, continue_broken=True)
    ask = asking(dialect=Dialect.COMPLETIONS, stream=True, prompt="Once ")
    assert streamed_text(await bench.said(ask)) == "upon atime."
    assert heard_fields(b)["prompt"] == "Once upon a"


async def test_tokens_and_energy_of_all_parts_are_added_up(make_bench) -> None:
    a, b = providers()
    joules = Energy(joules=Joules(2.0), basis=Basis.MEASURED)
    a.script(breaks())
    b.script(says("to you.", usage=Usage(input=20, output=5), energy=joules))
    bench = make_bench(a, b, continue_broken=True)
    chunks = chunks_of(await bench.said(asking(stream=True, **WITH_USAGE)))
    (usage,) = [chunk["usage"] for chunk in chunks if chunk.get("usage")]
    receipt = bench.receipts[-1]
    assert usage["prompt_tokens"] == receipt.usage.prompt == 20 + 7
    assert usage["completion_tokens"] == receipt.usage.output == 5 + 2
    assert receipt.usd == pytest.approx((27 * 1.0 + 7 * 2.0) / 1e6)
    assert receipt.energy is None  # that of the first part is not known


async def test_every_part_is_reserved_and_settled(make_bench) -> None:
    a, b = providers(price=Price(input=0.0, output=100.0))
    a.script(breaks("one two three"))
    b.script(says("four", usage=Usage(input=20, output=1)))
    bench = make_bench(a, b, continue_broken=True)
    key = key_with(Allowance(unit=Unit.TOKENS, limit=10_000, period=Period.DAY))
    await bench.ask(asking(stream=True, max_tokens=100), key)
    (slot,) = bench.allowances._purses[key.id].slots
    assert slot.taken == slot.used == 7 + 3 + 20 + 1


async def test_without_being_asked_for_a_broken_stream_ends_in_its_error(make_bench) -> None:
    a, b = providers()
    a.script(breaks())
    bench = make_bench(a, b)
    with pytest.raises(ProviderBroken):
        await bench.said(asking(stream=True))
    assert not b.heard


@pytest.mark.parametrize(
    "fields",
    [
        {"tools": [{"type": "function", "function": {"name": "f"}}]},
        {"response_format": {"type": "json_object"}},
        {"logprobs": True},
        {"n": 2},
        {"modalities": ["text", "audio"]},
    ],
)
async def test_only_plain_text_is_continued(make_bench, fields: dict[str, Any]) -> None:
    a, b = providers()
    a.script(breaks())
    bench = make_bench(a, b, continue_broken=True)
    with pytest.raises(ProviderBroken):
        await bench.said(asking(stream=True, **fields))
    assert not b.heard


@pytest.mark.parametrize(
    "fields", [{"tools": []}, {"n": 1}, {"logprobs": False}, {"response_format": {"type": "text"}}, {"tools": None}]
)
def test_fields_that_say_nothing_keep_text_plain(fields: dict[str, Any]) -> None:
    assert is_plain(asking(stream=True, **fields))


def test_other_dialects_are_not_continued() -> None:
    assert not is_plain(asking(dialect=Dialect.MESSAGES, messages=HELLO))
    assert not is_plain(asking(dialect=Dialect.RESPONSES, input="hi"))


async def test_whole_answers_are_as_ever(make_bench) -> None:
    bench = make_bench(*providers(), continue_broken=True)
    assert (await bench.ask(asking())).outcome is Outcome.OK


async def test_a_continuation_that_breaks_is_continued(make_bench) -> None:
    a, b, c = providers(3)
    a.script(breaks("one"))
    b.script(breaks(" two"))
    c.script(says("three"))
    bench = make_bench(a, b, c, continue_broken=True)
    assert streamed_text(await bench.said(asking(stream=True))) == "onetwothree"
    assert heard_fields(c)["messages"][-1] == {"role": "assistant", "content": "onetwo"}
    assert tried(bench.receipts[-1]) == [("a", Outcome.FAILED), ("b", Outcome.FAILED), ("c", Outcome.OK)]


async def test_it_never_tries_more_often_than_the_retry_policy_allows(make_bench) -> None:
    a, b = providers()
    a.script(breaks("a"))
    b.script(breaks("b"))
    retry = msgspec.structs.replace(AT_ONCE, max_attempts=5)
    bench = make_bench(a, b, continue_broken=True, retry=retry)
    with pytest.raises(ProviderBroken):
        await bench.said(asking(stream=True))
    assert len(bench.receipts[-1].attempts) == 5


async def test_those_who_cannot_go_on_are_passed_over(make_bench) -> None:
    a, b, c = providers(3)
    a.script(breaks())
    b.script(fails(CannotServe("not that")))
    c.script(says("!"))
    bench = make_bench(a, b, c, continue_broken=True)
    assert streamed_text(await bench.said(asking(stream=True))) == "Hello from!"
    assert tried(bench.receipts[-1]) == [("a", Outcome.FAILED), ("b", Outcome.FAILED), ("c", Outcome.OK)]


async def test_a_lone_offer_may_mend_its_own_stream(make_bench) -> None:
    (a,) = providers(1)
    a.script(breaks(), says("!"))
    bench = make_bench(a, continue_broken=True)
    assert streamed_text(await bench.said(asking(stream=True))) == "Hello from!"


@pytest.mark.parametrize("error", [ProviderRefused("no prefixes here"), CannotServe("not that")])
async def test_if_nobody_can_go_on_the_first_failure_is_told(make_bench, error: Exception) -> None:
    a, b = providers()
    a.script(breaks(error=ProviderTimedOut("silent for too long")), fails(error))
    b.script(fails(error))
    bench = make_bench(a, b, continue_broken=True)
    with pytest.raises(ProviderTimedOut, match="silent for too long"):
        await bench.said(asking(stream=True))
    receipt = bench.receipts[-1]
    assert (receipt.outcome, receipt.error) == (Outcome.FAILED, "provider_timed_out")
    assert len(receipt.attempts) > 1


async def test_leaving_early_stops_whoever_is_at_it(make_bench) -> None:
    a, b = providers()
    a.script(breaks())
    b.script(hangs("and so"))
    bench = make_bench(a, b, continue_broken=True)
    client = asyncio.create_task(bench.said(asking(stream=True)))
    await b.arrived()
    client.cancel()
    with pytest.raises(asyncio.CancelledError):
        await client
    assert b.heard[0].stopped.is_set()
    assert tried(bench.receipts[-1]) == [("a", Outcome.FAILED), ("b", Outcome.CANCELLED)]


async def test_the_requests_own_limit_on_money_binds_all_parts_together(make_bench) -> None:
    a, b = providers(price=Price(input=0.0, output=100.0))
    a.script(breaks("one two three"))
    limit = ComputeRequirements(max_usd=Usd(0.0101))
    bench = make_bench(a, b, continue_broken=True)
    ask = asking(stream=True, max_tokens=100, requirements=limit)
    assert streamed_text(await bench.said(ask)) == "one two threeHello from memory."
    spent = 3 * 100 / 1e6
    assert b.heard[0].ask.requirements.max_usd == pytest.approx(0.0101 - spent)
    dear = msgspec.structs.replace(breaks("one two three"), usage=Usage(output=90))
    a.script(dear)
    with pytest.raises(ProviderBroken):
        await bench.said(ask)
    assert len(b.heard) == 1


def transcript(*texts: str, finish: str | None = None) -> Transcript:
    made = Transcript(Dialect.CHAT)
    for text in texts:
        made.add(chunk({"content": text}))
    if finish:
        made.add(chunk({}, finish))
    made.read()
    return made


def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> bytes:
    body = {"id": "x", "created": 1, "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
    return b"data: " + msgspec.json.encode({**body, **more}) + b"\n\n"


def test_a_prefix_of_the_clients_own_is_lengthened() -> None:
    own = [*HELLO, {"role": "assistant", "content": "Once "}]
    ask = taken_up(asking(stream=True, messages=own), transcript("upon", " a"))
    assert ask is not None
    assert msgspec.json.decode(ask.fields["messages"])[-1] == {"role": "assistant", "content": "Once upon a"}


def test_white_space_at_the_seam_is_there_once() -> None:
    said = transcript("Hello", " ")
    ask = taken_up(asking(stream=True), said)
    assert ask is not None
    assert msgspec.json.decode(ask.fields["messages"])[-1]["content"] == "Hello"
    rest = b"".join(
        said.rewritten(chunk(delta), Usage())
        for delta in ({"role": "assistant"}, {"content": " "}, {"content": " you"})
    )
    assert rest.count(b"data:") == 1
    assert b'"content":"you"' in rest


@pytest.mark.parametrize(
    "delta",
    [{"tool_calls": [{"index": 0}]}, {"refusal": "I will not"}, {"content": [{"type": "text", "text": "parts"}]}],
)
def test_what_is_not_plain_text_after_all_is_not_continued(delta: dict[str, Any]) -> None:
    said = Transcript(Dialect.CHAT)
    said.add(chunk(delta))
    said.read()
    assert taken_up(asking(stream=True), said) is None


def test_a_long_stream_is_read_as_it_goes_and_keeps_only_its_text() -> None:
    said = Transcript(Dialect.CHAT)
    for _ in range(5000):
        said.add(chunk({"content": "word "}))
    assert said._size < 70_000
    said.read()
    assert said.text == "word " * 5000
    assert said.pieces == 5000


def test_a_prompt_of_token_numbers_cannot_be_continued() -> None:
    ask = asking(dialect=Dialect.COMPLETIONS, stream=True, prompt=[1, 2, 3])
    assert taken_up(ask, transcript("text")) is None


async def test_a_stream_that_breaks_after_its_answer_is_complete_is_ended(make_bench) -> None:
    a, b = providers()
    bench = make_bench(a, b, continue_broken=True)
    a.script(breaks("All said."))
    original = a.infer

    async def finished(*args: Any, **options: Any) -> Any:
        stream = await original(*args, **options)
        stream._events.append(chunk({}, "stop"))
        return stream

    a.infer = finished  # type: ignore[method-assign]
    assert streamed_text(await bench.said(asking(stream=True))) == "All said."
    assert not b.heard
    receipt = bench.receipts[-1]
    assert receipt.outcome is Outcome.OK
    assert tried(receipt) == [("a", Outcome.FAILED)]
