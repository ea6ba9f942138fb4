"""The bridge, over real HTTP to fake vendors that are as strict as the real ones, and to servers that misbehave."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from dialect_clients import CHAT_OFFER, MESSAGES_OFFER, accumulated, answer, ask, offer

from freehold.compute.dialects.bridge import TranslatedStream, infer, reachable
from freehold.compute.dialects.count_tokens import estimate
from freehold.compute.dialects.members import encode_fields
from freehold.compute.keyring import ProviderKey
from freehold.compute.provider import Answer, AnswerStream
from freehold.compute.providers.http import HttpEndpoint, HttpProvider
from freehold.compute.rows import STANDARD_PATHS
from freehold.compute.upstream import Upstream, open_upstream
from freehold.ground.errors import NotTranslatable, ProviderBroken, ProviderRefused
from freehold.testing.faulty import (
    Exchange,
    FaultyServer,
    error_event_first,
    openai_chat,
    stream_cut,
    stream_without_end,
)
from freehold.testing.vendors import Call, FakeAnthropic, FakeOpenAI, Reply
from freehold.words.dialects import Dialect
from freehold.words.offers import Offer

HI = [{"role": "user", "content": "hi"}]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
ASKED: dict[Dialect, dict[str, Any]] = {
    Dialect.CHAT: {
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "please look up Oslo"}],
        "tools": [{"type": "function", "function": {"name": "look", "parameters": SCHEMA}}],
        "max_tokens": 2000,
        "stream_options": {"include_usage": True},
    },
    Dialect.MESSAGES: {
        "system": "Be brief.",
        "messages": [{"role": "user", "content": "please look up Oslo"}],
        "tools": [{"name": "look", "input_schema": SCHEMA}],
        "max_tokens": 2000,
    },
    Dialect.RESPONSES: {
        "instructions": "Be brief.",
        "input": "please look up Oslo",
        "tools": [{"type": "function", "name": "look", "parameters": SCHEMA, "strict": False}],
    },
}


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    opened = open_upstream()
    yield opened
    await opened.aclose()


def provider(url: str, to: Offer, upstream: Upstream, key: bytes = b"") -> HttpProvider:
    endpoint = HttpEndpoint(
        name=to.provider, base_url=url, paths={dialect: STANDARD_PATHS[dialect] for dialect in to.dialects}
    )
    header = key + b"anthropic-version: 2023-06-01\r\n"
    return HttpProvider(endpoint, offers=[to], keys=[ProviderKey(label="a", header=header)], upstream=upstream)


def anthropic(vendor: FakeAnthropic, upstream: Upstream) -> tuple[HttpProvider, Offer]:
    to = offer(Dialect.MESSAGES, Dialect.COUNT_TOKENS, model="claude-sonnet-5-5")
    return provider(vendor.base_url, to, upstream, f"x-api-key: {vendor.key}\r\n".encode()), to


def openai(vendor: FakeOpenAI, upstream: Upstream) -> tuple[HttpProvider, Offer]:
    to = offer(Dialect.CHAT, model="gpt-4o-mini")
    return provider(vendor.base_url, to, upstream, f"authorization: Bearer {vendor.key}\r\n".encode()), to


async def collected(stream: AnswerStream) -> bytes:
    return b"".join([run async for run in stream])


def calls(dialect: Dialect, said: Any) -> list[tuple[str, Any]]:
    if dialect is Dialect.CHAT:
        functions = [call.function for call in said.choices[0].message.tool_calls]
        return [(function.name, msgspec.json.decode(function.arguments)) for function in functions]
    if dialect is Dialect.MESSAGES:
        return [(block.name, block.input) for block in said.content if block.type == "tool_use"]
    items = [item for item in said.output if item.type == "function_call"]
    return [(item.name, msgspec.json.decode(item.arguments)) for item in items]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("dialect", [Dialect.CHAT, Dialect.RESPONSES])
async def test_anthropic_answers_clients_of_other_dialects(upstream, dialect, stream):
    async with FakeAnthropic() as vendor:
        hired, to = anthropic(vendor, upstream)
        got = await infer(hired, ask(dialect, ASKED[dialect], stream=stream), to)
        body = got.body if isinstance(got, Answer) else await collected(got)
        said = accumulated(dialect, body) if stream else answer(dialect, body)
        assert [name for name, _ in calls(dialect, said)] == ["look"]
        assert got.usage.input > 0
        prompt = said.usage.prompt_tokens if dialect is Dialect.CHAT else said.usage.input_tokens
        assert prompt == got.usage.prompt


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("dialect", [Dialect.MESSAGES, Dialect.RESPONSES])
async def test_openai_chat_answers_clients_of_other_dialects(upstream, dialect, stream):
    async with FakeOpenAI() as vendor:
        hired, to = openai(vendor, upstream)
        got = await infer(hired, ask(dialect, ASKED[dialect], stream=stream), to)
        body = got.body if isinstance(got, Answer) else await collected(got)
        said = accumulated(dialect, body) if stream else answer(dialect, body)
        assert [name for name, _ in calls(dialect, said)] == ["look"]
        assert said.usage.input_tokens == got.usage.prompt > 0
        assert said.usage.output_tokens == got.usage.completion > 0


@pytest.mark.parametrize("to_anthropic", [False, True])
async def test_a_tool_loop_goes_round_with_reasoning(upstream, to_anthropic):
    """Each turn's whole output is handed back, as agents do; the vendors check that calls and results match."""
    script = (Reply(reasoning="hm", calls=(Call("look", '{"city":"Oslo"}'),)), Reply(reasoning="ah", text="Sunny."))
    async with FakeAnthropic() as claude, FakeOpenAI(reasoning_field="reasoning_content", strict=False) as gpt:
        vendor = claude if to_anthropic else gpt
        hired, to = anthropic(claude, upstream) if to_anthropic else openai(gpt, upstream)
        vendor.say(*script)
        fields = {**ASKED[Dialect.RESPONSES], "input": HI, "reasoning": {"effort": "low"}}
        first = answer(Dialect.RESPONSES, (await infer(hired, ask(Dialect.RESPONSES, fields), to)).body)
        items = [item.model_dump(exclude_none=True) for item in first.output]
        assert [item["type"] for item in items] == ["reasoning", "function_call"]
        result = {"type": "function_call_output", "call_id": items[1]["call_id"], "output": "sun"}
        again = ask(Dialect.RESPONSES, {**fields, "input": [*HI, *items, result]})
        second = answer(Dialect.RESPONSES, (await infer(hired, again, to)).body)
        assert second.output_text == "Sunny."
        turn = vendor.heard[-1].json["messages"][2 - to_anthropic]
        thinking = turn["content"][0]["thinking"] if to_anthropic else turn["reasoning_content"]
        assert thinking == "hm"


async def test_the_native_way_is_left_alone(upstream):
    async with FakeOpenAI() as vendor:
        hired, to = openai(vendor, upstream)
        got = await infer(hired, ask(Dialect.CHAT, {"messages": HI}), to)
        assert answer(Dialect.CHAT, got.body).choices[0].message.content == "You said: hi"
        assert vendor.heard[-1].json == {"messages": HI, "model": "gpt-4o-mini"}


async def test_a_providers_refusal_comes_in_the_clients_words(upstream):
    async with FakeAnthropic() as vendor:
        hired, to = anthropic(vendor, upstream)
        fields = {"messages": [{"role": "assistant", "content": "I begin."}]}
        with pytest.raises(ProviderRefused) as caught:
            await infer(hired, ask(Dialect.CHAT, fields), to)
        told = msgspec.json.decode(caught.value.body)["error"]
        assert told["type"] == "invalid_request_error"
        assert "user" in told["message"]


async def test_what_gets_lost_never_goes_out(upstream):
    async with FakeAnthropic() as vendor:
        hired, to = anthropic(vendor, upstream)
        with pytest.raises(NotTranslatable):
            await infer(hired, ask(Dialect.CHAT, {"messages": HI, "seed": 7}), to)
        assert vendor.heard == []


@pytest.mark.parametrize("behaviour", [error_event_first(), stream_cut(""), stream_without_end("")])
async def test_a_stream_is_ready_or_raises(upstream, behaviour):
    async with FaultyServer(behaviour) as server:
        hired = provider(server.url, CHAT_OFFER, upstream)
        with pytest.raises(ProviderBroken):
            got = await infer(hired, ask(Dialect.MESSAGES, ASKED[Dialect.MESSAGES], stream=True), CHAT_OFFER)
            await collected(got)


HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
WORD = b'data: {"id":"x","model":"m","choices":[{"index":0,"delta":{"content":"word "}}]}\n\n'
ERROR = b'data: {"error":{"message":"no"}}\n\n'


def framed(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


@pytest.mark.parametrize("ending", [framed(ERROR) + framed(b""), framed(b""), b""])
@pytest.mark.parametrize("dialect", [Dialect.MESSAGES, Dialect.RESPONSES])
async def test_a_stream_that_fails_midway_raises_after_what_was_said(upstream, dialect, ending):
    heard = asyncio.Event()

    async def fail_midway(exchange: Exchange) -> None:
        await exchange.send(HEAD + framed(WORD))
        await heard.wait()
        await exchange.send(ending)
        exchange.close()

    async with FaultyServer(fail_midway) as server:
        hired = provider(server.url, CHAT_OFFER, upstream)
        got = await infer(hired, ask(dialect, ASKED[dialect], stream=True), CHAT_OFFER)
        said = await anext(aiter(got))
        heard.set()
        with pytest.raises(ProviderBroken):
            async for run in got:
                said += run
        assert b"word" in said
        assert b"message_stop" not in said
        assert b"response.completed" not in said
        assert hired.in_flight == 0


async def test_closing_a_translated_stream_stops_the_work_upstream(upstream):
    async def talk_for_ever(exchange: Exchange) -> None:
        await exchange.send(HEAD + framed(WORD))
        await exchange.client_gone.wait()

    async with FaultyServer(talk_for_ever) as server:
        hired = provider(server.url, CHAT_OFFER, upstream)
        got = await infer(hired, ask(Dialect.MESSAGES, ASKED[Dialect.MESSAGES], stream=True), CHAT_OFFER)
        assert isinstance(got, TranslatedStream)
        assert b"message_start" in await anext(aiter(got))
        await got.aclose()
        await got.aclose()
        await (await server.arrived()).client_gone.wait()
        assert [run async for run in got] == []
        assert hired.in_flight == 0


async def test_usage_and_whole_answers_come_through(upstream):
    async with FaultyServer(openai_chat("one two three", prompt_tokens=9)) as server:
        hired = provider(server.url, CHAT_OFFER, upstream)
        got = await infer(hired, ask(Dialect.COMPLETIONS, {"prompt": "hi"}), CHAT_OFFER)
        assert answer(Dialect.COMPLETIONS, got.body).choices[0].text == "one two three"
        assert (got.usage.input, got.usage.output) == (9, 3)


async def test_tokens_are_counted_by_anthropic_and_estimated_for_others(upstream):
    fields = {"messages": [{"role": "user", "content": "word " * 100}], "system": "Be brief."}
    async with FakeAnthropic() as vendor:
        hired, to = anthropic(vendor, upstream)
        counted = msgspec.json.decode((await infer(hired, ask(Dialect.COUNT_TOKENS, fields), to)).body)
        assert "estimated" not in counted
    guessed = await infer(hired, ask(Dialect.COUNT_TOKENS, fields), CHAT_OFFER)
    assert msgspec.json.decode(guessed.body) == {"input_tokens": estimate(encode_fields(fields)), "estimated": True}
    assert guessed.usage.estimated
    assert guessed.usage.total == 0


def test_an_estimate_grows_with_what_is_sent():
    def count(**fields: Any) -> int:
        return estimate(encode_fields({"model": "m" * 1000, **fields}))

    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "A" * 100_000}}
    short = count(messages=[{"role": "user", "content": "word " * 100}])
    assert 100 <= short <= 160
    assert count(messages=[{"role": "user", "content": [image]}]) == pytest.approx(1600, abs=20)
    assert count(messages=HI, tools=[{"name": "f", "input_schema": SCHEMA}]) > count(messages=HI)


def test_what_can_be_reached():
    chat, messages = CHAT_OFFER.dialects, MESSAGES_OFFER.dialects
    for dialect in (Dialect.CHAT, Dialect.MESSAGES, Dialect.RESPONSES, Dialect.COMPLETIONS, Dialect.COUNT_TOKENS):
        assert reachable(dialect, chat)
        assert reachable(dialect, messages)
    assert reachable(Dialect.EMBEDDINGS, chat)
    assert not reachable(Dialect.EMBEDDINGS, messages)
    for dialect in (Dialect.CHAT, Dialect.MESSAGES, Dialect.RERANK, Dialect.COUNT_TOKENS):
        assert not reachable(dialect, {Dialect.EMBEDDINGS})
    assert not reachable(Dialect.MESSAGES, {Dialect.RESPONSES})
