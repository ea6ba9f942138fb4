"""The fake Anthropic, as its official client sees it."""

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import anthropic
import pytest

from freehold.testing.vendors import Call, FakeAnthropic, Reply
from freehold.testing.vendors.anthropic import VERSIONS, out_of_credit, overloaded, rate_limited, spend_limit_reached

OLD, NEW = "claude-haiku-4-5", "claude-opus-5-5"


def tool(name: str) -> Any:
    schema = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}}
    return {"name": name, "description": name, "input_schema": schema}


def user(content: Any) -> list[Any]:
    return [{"role": "user", "content": content}]


@pytest.fixture
async def vendor() -> AsyncIterator[FakeAnthropic]:
    async with FakeAnthropic() as running:
        yield running


@pytest.fixture
async def client(vendor: FakeAnthropic) -> AsyncIterator[anthropic.AsyncAnthropic]:
    async with anthropic.AsyncAnthropic(base_url=vendor.url, api_key=vendor.key, max_retries=0) as made:
        yield made


async def test_a_message_is_answered_and_counted(client: anthropic.AsyncAnthropic, vendor: FakeAnthropic) -> None:
    said = await client.messages.create(model=NEW, max_tokens=100, messages=user("Hello there"), system="Be kind.")
    assert said.content[0].type == "text" and said.content[0].text == "You said: Hello there"
    assert (said.stop_reason, said.stop_sequence) == ("end_turn", None)
    assert said.usage.output_tokens == 4
    counted = await client.messages.count_tokens(model=NEW, messages=user("Hello there"), system="Be kind.")
    assert counted.input_tokens == said.usage.input_tokens
    assert vendor.heard[0].headers["anthropic-version"] in VERSIONS


@pytest.mark.parametrize(
    "ask",
    [
        {"messages": user("Hello there")},
        {"messages": user("plan get_weather"), "tools": [tool("get_weather"), tool("plan")]},
        {"messages": user("Hello"), "thinking": {"type": "adaptive", "display": "summarized"}},
        {"messages": user("Hello"), "thinking": {"type": "adaptive", "display": "omitted"}},
        {"messages": user("a b c"), "stop_sequences": [" b"]},
        {"messages": user("a b c d"), "max_tokens": 3},
    ],
    ids=["text", "parallel tools", "thinking", "thinking hidden", "stop sequence", "cut"],
)
async def test_the_events_of_a_stream_build_the_whole_message(client: anthropic.AsyncAnthropic, ask: Any) -> None:
    ask = {"model": NEW, "max_tokens": 100, **ask}
    whole = await client.messages.create(**ask)
    async with client.messages.stream(**ask) as streaming:
        final = await streaming.get_final_message()
    dump: Any = {"exclude": {"id", "content"}, "warnings": False}
    assert final.model_dump(**dump) == whole.model_dump(**dump)
    assert [block.type for block in final.content] == [block.type for block in whole.content]
    assert [_said(block) for block in final.content] == [_said(block) for block in whole.content]


def _said(block: Any) -> Any:
    return getattr(block, "text", None) or getattr(block, "input", None) or getattr(block, "thinking", None)


async def test_the_raw_events_come_in_anthropics_order(client: anthropic.AsyncAnthropic) -> None:
    types = []
    ask: Any = {"model": NEW, "max_tokens": 100, "messages": user("plan"), "tools": [tool("plan")], "stream": True}
    arguments = ""
    async with client.messages.with_streaming_response.create(**ask) as response:
        async for line in response.iter_lines():
            if line.startswith("event: "):
                types.append(line.removeprefix("event: "))
            elif line.startswith("data: "):
                arguments += json.loads(line.removeprefix("data: ")).get("delta", {}).get("partial_json", "")
    assert types[:3] == ["message_start", "content_block_start", "ping"]
    assert types[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert json.loads(arguments) == {"city": "city-1", "days": 1}


@pytest.mark.parametrize(
    ("choice", "names"),
    [
        ({"type": "none"}, []),
        ({"type": "auto"}, ["plan", "get_weather"]),
        ({"type": "auto", "disable_parallel_tool_use": True}, ["plan"]),
        ({"type": "any"}, ["plan", "get_weather"]),
        ({"type": "tool", "name": "get_weather"}, ["get_weather"]),
    ],
)
async def test_tool_choice_is_obeyed(client: anthropic.AsyncAnthropic, choice: Any, names: list[str]) -> None:
    said = await client.messages.create(
        model=NEW,
        max_tokens=100,
        messages=user("plan get_weather"),
        tools=[tool("get_weather"), tool("plan")],
        tool_choice=choice,
    )
    assert [block.name for block in said.content if block.type == "tool_use"] == names
    assert said.stop_reason == ("tool_use" if names else "end_turn")


async def test_a_tool_loop_ends_in_an_answer(client: anthropic.AsyncAnthropic) -> None:
    tools = [tool("get_weather")]
    messages = user("get_weather please")
    first = await client.messages.create(model=NEW, max_tokens=100, messages=messages, tools=tools)
    call = first.content[-1]
    assert call.type == "tool_use"
    result = {"type": "tool_result", "tool_use_id": call.id, "content": [{"type": "text", "text": "rain"}]}
    messages += [first.to_param(), {"role": "user", "content": [result]}]
    last = await client.messages.create(model=NEW, max_tokens=100, messages=messages, tools=tools)
    assert last.content[0].type == "text" and last.content[0].text == "The tools said: rain"


async def test_a_schema_is_kept(client: anthropic.AsyncAnthropic) -> None:
    schema = {"type": "object", "properties": {"count": {"type": "integer"}}, "additionalProperties": False}
    config: Any = {"format": {"type": "json_schema", "schema": schema}}
    said = await client.messages.create(model=NEW, max_tokens=100, messages=user("Hi"), output_config=config)
    assert said.content[0].type == "text" and json.loads(said.content[0].text) == {"count": 1}


async def test_pictures_are_looked_at(client: anthropic.AsyncAnthropic) -> None:
    source = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}
    content = [{"type": "image", "source": source}, {"type": "text", "text": "What?"}]
    said = await client.messages.create(model=NEW, max_tokens=100, messages=user(content))
    assert said.content[0].type == "text" and said.content[0].text == "You said: What? (and showed 1 images)"


async def test_a_marked_prefix_is_written_once_then_read(client: anthropic.AsyncAnthropic) -> None:
    system: Any = [{"type": "text", "text": "word " * 2000, "cache_control": {"type": "ephemeral"}}]
    usages = []
    for question in ("One?", "Two?"):
        said = await client.messages.create(model=NEW, max_tokens=9, messages=user(question), system=system)
        usages.append(said.usage)
    written, read = usages
    assert (written.cache_creation_input_tokens, written.cache_read_input_tokens) == (2001, 0)
    assert (read.cache_creation_input_tokens, read.cache_read_input_tokens) == (0, 2001)
    assert written.input_tokens == read.input_tokens == 4
    assert written.cache_creation is not None and written.cache_creation.ephemeral_5m_input_tokens == 2001


async def test_a_longer_prefix_is_written_beyond_what_is_read(client: anthropic.AsyncAnthropic) -> None:
    def marked(text: str, ttl: str) -> Any:
        return {"type": "text", "text": text, "cache_control": {"type": "ephemeral", "ttl": ttl}}

    system = [marked("word " * 2000, "1h")]
    first = await client.messages.create(model=NEW, max_tokens=9, messages=user("One?"), system=system)
    messages = user([marked("more " * 100, "5m")])
    second = await client.messages.create(model=NEW, max_tokens=9, messages=messages, system=system)
    assert first.usage.cache_creation is not None
    assert first.usage.cache_creation.ephemeral_1h_input_tokens == 2001
    assert (second.usage.cache_read_input_tokens, second.usage.input_tokens) == (2001, 0)
    assert second.usage.cache_creation_input_tokens == 104


async def test_a_short_prefix_is_not_cached(client: anthropic.AsyncAnthropic) -> None:
    system: Any = [{"type": "text", "text": "short", "cache_control": {"type": "ephemeral"}}]
    said = await client.messages.create(model=NEW, max_tokens=9, messages=user("Hi"), system=system)
    assert (said.usage.cache_creation_input_tokens, said.usage.cache_read_input_tokens) == (0, 0)


CALL = {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}]}
RESULT = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "x"}]}


@pytest.mark.parametrize(
    "change",
    [
        {"messages": None},
        {"max_tokens": None},
        {"messages": []},
        {"surprise": 1},
        {"messages": [{"role": "system", "content": "Hi"}]},
        {"messages": [{"role": "assistant", "content": "Hi"}]},
        {"messages": user("")},
        {"messages": [*user("f"), CALL, *user("well?")]},
        {"messages": [RESULT]},
        {"temperature": 0.5},
        {"thinking": {"type": "enabled", "budget_tokens": 2048}},
        {"thinking": {"type": "adaptive"}, "tools": [tool("f")], "tool_choice": {"type": "any"}},
        {"tools": [{"name": "a b", "input_schema": {"type": "object"}}]},
        {"tools": [{"name": "f", "input_schema": {}}]},
    ],
)
async def test_a_wrong_request_is_turned_away_in_anthropics_shape(
    client: anthropic.AsyncAnthropic, change: Any
) -> None:
    body = {"model": NEW, "max_tokens": 4096, "messages": user("Hi"), **change}
    with pytest.raises(anthropic.BadRequestError) as caught:
        await client.post("/v1/messages", cast_to=object, body={k: v for k, v in body.items() if v is not None})
    said: Any = caught.value.body
    assert (said["type"], said["error"]["type"]) == ("error", "invalid_request_error")


async def test_older_models_take_sampling_and_a_thinking_budget_within_the_limit(
    client: anthropic.AsyncAnthropic,
) -> None:
    extra = {"temperature": 0.5, "thinking": {"type": "enabled", "budget_tokens": 2048}}
    ask: Any = {"model": OLD, "messages": user("Hi"), "extra_body": extra}
    older = {"anthropic-version": "2023-06-01"}
    said = await client.messages.create(**ask, max_tokens=4096, extra_headers=older)
    assert [block.type for block in said.content] == ["thinking", "text"]
    with pytest.raises(anthropic.BadRequestError, match="budget"):
        await client.messages.create(**ask, max_tokens=100, extra_headers=older)
    with pytest.raises(anthropic.BadRequestError, match="temperature"):
        await client.messages.create(**ask, max_tokens=4096, extra_headers={"anthropic-version": "2026-10-21"})


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_new_model_takes_no_sampling_in_any_version(client: anthropic.AsyncAnthropic, version: str) -> None:
    with pytest.raises(anthropic.BadRequestError, match="temperature"):
        await client.messages.create(
            model=NEW,
            max_tokens=9,
            messages=user("Hi"),
            extra_body={"temperature": 0.0},
            extra_headers={"anthropic-version": version},
        )


async def test_a_key_may_come_in_either_header(vendor: FakeAnthropic) -> None:
    headers = {"x-api-key": vendor.key, "anthropic-version": "2023-06-01"}
    body = {"model": NEW, "max_tokens": 9, "messages": user("Hi")}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{vendor.url}/v1/messages", json=body, headers=headers) as said,
    ):
        assert said.status == 200


async def test_keys_version_models_and_routes_are_checked(
    vendor: FakeAnthropic, client: anthropic.AsyncAnthropic
) -> None:
    ask: Any = {"max_tokens": 9, "messages": user("Hi")}
    with pytest.raises(anthropic.NotFoundError):
        await client.messages.create(model="claude-99", **ask)
    with pytest.raises(anthropic.NotFoundError):
        await client.post("/v1/nothing", cast_to=object)
    with pytest.raises(anthropic.BadRequestError, match="anthropic-version"):
        await client.messages.create(model=NEW, **ask, extra_headers={"anthropic-version": anthropic.Omit()})  # type: ignore[dict-item]
    with pytest.raises(anthropic.BadRequestError, match="not a valid version"):
        await client.messages.create(model=NEW, **ask, extra_headers={"anthropic-version": "1999-01-01"})
    vendor.keys.clear()
    with pytest.raises(anthropic.AuthenticationError):
        await client.messages.create(model=NEW, **ask)


async def test_models_are_listed(vendor: FakeAnthropic, client: anthropic.AsyncAnthropic) -> None:
    assert [model.id async for model in client.models.list()] == vendor.models


async def test_limits_failures_and_replies_can_be_handed_in(
    vendor: FakeAnthropic, client: anthropic.AsyncAnthropic
) -> None:
    ask: Any = {"model": NEW, "max_tokens": 9, "messages": user("Hi")}
    vendor.fail(overloaded(), spend_limit_reached(), out_of_credit(), rate_limited(3))
    statuses, waits = [], []
    for _ in range(4):
        with pytest.raises(anthropic.APIStatusError) as caught:
            await client.messages.create(**ask)
        statuses.append(caught.value.status_code)
        waits.append(caught.value.response.headers.get("retry-after"))
    assert (statuses, waits) == ([529, 429, 400, 429], [None, None, None, "3"])
    vendor.refill(requests=0)
    with pytest.raises(anthropic.RateLimitError):
        await client.messages.create(**ask)
    vendor.refill()
    vendor.say(Reply(text="Right.", calls=(Call("f", '{"a": 1}'),)), Reply(refusal="No."))
    both, refused = [await client.messages.create(**ask) for _ in range(2)]
    assert [block.type for block in both.content] == ["text", "tool_use"]
    assert refused.stop_reason == "refusal"
