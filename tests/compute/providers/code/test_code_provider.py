"""Plain code behind the provider contract: what it takes, what it leaves to others, and what its answers look like."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import Any

import msgspec
import pytest

from freehold.compute.dialects.sse import DONE, parse
from freehold.compute.provider import Answer, Inference
from freehold.compute.providers.code import CodeProvider
from freehold.ground.errors import CannotServe
from freehold.words.asks import Ask
from freehold.words.dialects import Capability, Dialect
from freehold.words.offers import Layer, Place
from freehold.words.prices import NO_USAGE, cost

QUESTION = "what is 17% of 340"
SYSTEM = {"role": "system", "content": "You are a helpful assistant."}


class FixedClock:
    """Half past eleven in the evening of 3 June 2025, in UTC."""

    def monotonic(self) -> float:
        return 0.0

    def now(self) -> float:
        return 1748993400.0


def user(text: object) -> dict[str, object]:
    return {"role": "user", "content": text}


def ask_of(
    messages: list[dict[str, Any]], *, stream: bool = False, dialect: Dialect = Dialect.CHAT, **members: object
) -> Ask:
    fields = {"model": "auto", "messages": messages, **members}
    return Ask(
        id="r1",
        dialect=dialect,
        model="auto",
        fields={name: msgspec.Raw(msgspec.json.encode(value)) for name, value in fields.items()},
        stream=stream,
        needs=frozenset({Capability.CHAT}),
    )


async def answer_to(ask: Ask, provider: CodeProvider | None = None) -> str:
    provider = provider or CodeProvider(clock=FixedClock())
    found = await provider.infer(ask, provider.offers()[0])
    assert isinstance(found, Answer)
    return str(msgspec.json.decode(found.body)["choices"][0]["message"]["content"])


async def test_an_exact_answer_is_a_whole_chat_completion_without_tokens_or_price() -> None:
    provider = CodeProvider(clock=FixedClock())
    offer = provider.offers()[0]

    found = await provider.infer(ask_of([user(QUESTION)]), offer)

    assert isinstance(found, Answer)
    body = msgspec.json.decode(found.body)
    assert body["object"] == "chat.completion"
    assert body["choices"][0]["message"] == {"role": "assistant", "content": "57.8", "refusal": None}
    assert body["choices"][0]["finish_reason"] == "stop"
    assert body["usage"] == {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    assert (body["created"], body["system_fingerprint"]) == (1748993400, "code-calculator")
    assert found.usage == NO_USAGE
    assert cost(offer.price, found.usage) == 0


@pytest.mark.parametrize("usage_wanted", [False, True])
async def test_a_stream_is_whole_events_up_to_done(usage_wanted: bool) -> None:
    provider = CodeProvider()
    options = {"stream_options": {"include_usage": True}} if usage_wanted else {}

    stream = await provider.infer(ask_of([user(QUESTION)], stream=True, **options), provider.offers()[0])

    assert not isinstance(stream, Answer)
    data = b"".join([piece async for piece in stream])
    await stream.aclose()
    await stream.aclose()
    assert data.endswith(DONE)
    chunks = [msgspec.json.decode(event.data) for event in parse(data) if event.data != b"[DONE]"]
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    assert deltas == [{"role": "assistant", "content": "57.8"}, {}]
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    assert [chunk.get("usage") for chunk in chunks[2:]] == (
        [{"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}] * usage_wanted
    )
    assert stream.usage == NO_USAGE


TAKEN: dict[str, tuple[list[dict[str, Any]], dict[str, Any]]] = {
    "a neutral system message": ([SYSTEM, user(QUESTION)], {}),
    "one text part": ([user([{"type": "text", "text": QUESTION}])], {}),
    "a later turn": ([user("hi"), {"role": "assistant", "content": "Hello."}, user(QUESTION)], {}),
    "members that cannot matter": (
        [user(QUESTION)],
        {"temperature": 0.2, "seed": 1, "user": "u", "n": 1, "tools": [], "stop": None},
    ),
    "room for the answer": ([user(QUESTION)], {"max_tokens": 16, "stop": ["\n"]}),
    "plain text wanted": ([user(QUESTION)], {"response_format": {"type": "text"}}),
}
LEFT: dict[str, tuple[list[dict[str, Any]], dict[str, Any]]] = {
    "nothing exact to say": ([user("Write a poem about 12*12")], {}),
    "a system message with a wish": ([{"role": "system", "content": "Answer like a pirate."}, user(QUESTION)], {}),
    "a reply to a question": ([user("x"), {"role": "assistant", "content": "Which percentage?"}, user(QUESTION)], {}),
    "an assistant's last word": ([user(QUESTION), {"role": "assistant", "content": "It is"}], {}),
    "a tool's result": ([user("x"), {"role": "tool", "content": "1", "tool_call_id": "a"}, user(QUESTION)], {}),
    "a picture": ([user([{"type": "text", "text": QUESTION}, {"type": "image_url", "image_url": {"url": "x"}}])], {}),
    "two parts": ([user([{"type": "text", "text": "what is"}, {"type": "text", "text": "2+2"}])], {}),
    "tools": ([user(QUESTION)], {"tools": [{"type": "function", "function": {"name": "f"}}]}),
    "two answers": ([user(QUESTION)], {"n": 2}),
    "logprobs": ([user(QUESTION)], {"logprobs": True}),
    "a schema": ([user(QUESTION)], {"response_format": {"type": "json_schema", "json_schema": {"name": "a"}}}),
    "an object": ([user(QUESTION)], {"response_format": {"type": "json_object"}}),
    "less room than the answer": ([user(QUESTION)], {"max_tokens": 2}),
    "a stop inside the answer": ([user(QUESTION)], {"stop": "."}),
    "a member it does not know": ([user(QUESTION)], {"prediction": {"type": "content", "content": "58"}}),
    "a member of the wrong kind": ([user(QUESTION)], {"max_tokens": "many"}),
    "messages of the wrong kind": ([{"content": "no role"}], {}),
    "no messages": ([], {}),
    "content of the wrong kind": ([user({"a": 1})], {}),
    "no content": ([user(None)], {}),
}


@pytest.mark.parametrize("case", TAKEN)
async def test_it_takes(case: str) -> None:
    messages, members = TAKEN[case]

    assert await answer_to(ask_of(messages, **members)) == "57.8"


@pytest.mark.parametrize("case", LEFT)
async def test_it_leaves_to_others(case: str) -> None:
    messages, members = LEFT[case]

    with pytest.raises(CannotServe) as caught:
        await answer_to(ask_of(messages, **members))

    assert QUESTION not in f"{caught.value.message}{caught.value.advice}"


async def test_a_wanted_object_may_be_one_that_was_asked_for() -> None:
    ask = ask_of([user('pretty-print {"a":1}')], response_format={"type": "json_object"})

    assert await answer_to(ask) == '{\n  "a": 1\n}'


async def test_other_dialects_are_not_its_own() -> None:
    with pytest.raises(CannotServe):
        await answer_to(ask_of([user(QUESTION)], dialect=Dialect.MESSAGES))


async def test_today_is_today_where_the_asker_lives() -> None:
    eastward = CodeProvider(clock=FixedClock(), zone=timezone(timedelta(hours=2)))

    assert (await answer_to(ask_of([user("what is today's date")]), eastward)).startswith("2025-06-04")


async def test_it_offers_the_lowest_layer_at_no_cost_on_this_machine() -> None:
    provider: Inference = CodeProvider("sums")
    (offer,) = provider.offers()

    assert isinstance(provider, Inference)
    assert (offer.name, offer.layer, offer.place) == ("sums/exact", Layer.CODE, Place.LOCAL)
    assert offer.retention_days == 0
    assert provider.status().ready
    await provider.aclose()
