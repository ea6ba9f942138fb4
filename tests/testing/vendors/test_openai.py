"""The fake OpenAI, as its official client sees it."""

import json
from collections.abc import AsyncIterator
from typing import Any, Literal

import openai
import pytest
from pydantic import BaseModel

from freehold.testing.vendors import Call, FakeOpenAI, Reply
from freehold.testing.vendors.openai import out_of_quota, rate_limited, server_error

TEXT = "Hello there, how are you?"
PNG = "data:image/png;base64,iVBORw0KGgo="


def tool(name: str) -> Any:
    parameters = {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["city", "days"],
    }
    return {"type": "function", "function": {"name": name, "description": name, "parameters": parameters}}


@pytest.fixture
async def vendor() -> AsyncIterator[FakeOpenAI]:
    async with FakeOpenAI() as running:
        yield running


@pytest.fixture
async def client(vendor: FakeOpenAI) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=vendor.base_url, api_key=vendor.key, max_retries=0) as made:
        yield made


def user(text: Any) -> list[Any]:
    return [{"role": "user", "content": text}]


async def test_a_chat_is_answered_and_counted(client: openai.AsyncOpenAI, vendor: FakeOpenAI) -> None:
    said = await client.chat.completions.create(model="gpt-4o-mini", messages=user(TEXT))
    assert said.choices[0].message.content == f"You said: {TEXT}"
    assert said.choices[0].finish_reason == "stop"
    assert said.usage is not None
    assert said.usage.total_tokens == said.usage.prompt_tokens + said.usage.completion_tokens > 0
    assert vendor.heard[-1].json == {"model": "gpt-4o-mini", "messages": user(TEXT)}
    assert vendor.heard[-1].path == "/v1/chat/completions"


async def test_the_same_question_gets_the_same_answer(client: openai.AsyncOpenAI) -> None:
    one, two = [await client.chat.completions.create(model="gpt-4o", messages=user(TEXT)) for _ in range(2)]
    assert one.choices == two.choices
    assert one.id != two.id


@pytest.mark.parametrize("include_usage", [False, True])
async def test_a_stream_adds_up_and_counts_only_if_asked(client: openai.AsyncOpenAI, include_usage: bool) -> None:
    options: Any = {"stream_options": {"include_usage": True}} if include_usage else {}
    text, usages = "", []
    async for chunk in await client.chat.completions.create(
        model="gpt-4o", messages=user(TEXT), stream=True, **options
    ):
        text += "".join(choice.delta.content or "" for choice in chunk.choices)
        usages += [chunk.usage] if chunk.usage else []
    assert text == f"You said: {TEXT}"
    assert len(usages) == include_usage


async def test_whole_and_streamed_answers_agree(client: openai.AsyncOpenAI) -> None:
    ask: Any = {
        "model": "gpt-4o",
        "messages": user("plan and get_weather"),
        "tools": [tool("get_weather"), tool("plan")],
    }
    whole = await client.chat.completions.create(**ask)
    async with client.chat.completions.stream(**ask) as streaming:
        final = await streaming.get_final_completion()
    assert [call.function.name for call in whole.choices[0].message.tool_calls or ()] == ["plan", "get_weather"]  # type: ignore[union-attr]
    one, two = (
        [(call.function.name, json.loads(call.function.arguments)) for call in said.choices[0].message.tool_calls or ()]  # type: ignore[union-attr]
        for said in (whole, final)
    )
    assert one == two
    assert final.choices[0].finish_reason == whole.choices[0].finish_reason == "tool_calls"


async def test_arguments_of_parallel_calls_arrive_in_pieces(client: openai.AsyncOpenAI) -> None:
    ask: Any = {
        "model": "gpt-4o",
        "messages": user("plan and get_weather"),
        "tools": [tool("get_weather"), tool("plan")],
    }
    arguments: dict[int, list[str]] = {}
    async for chunk in await client.chat.completions.create(**ask, stream=True):
        for call in (chunk.choices[0].delta.tool_calls or ()) if chunk.choices else ():
            arguments.setdefault(call.index, []).append(call.function.arguments or "")  # type: ignore[union-attr]
    assert sorted(arguments) == [0, 1]
    assert all(len(pieces) > 2 for pieces in arguments.values())
    assert json.loads("".join(arguments[1])) == {"city": "city-2", "days": 2}


@pytest.mark.parametrize(
    ("choice", "names"),
    [
        ("none", []),
        ("auto", []),
        ("required", ["get_weather"]),
        ({"type": "function", "function": {"name": "plan"}}, ["plan"]),
    ],
)
async def test_tool_choice_is_obeyed(client: openai.AsyncOpenAI, choice: Any, names: list[str]) -> None:
    tools = [tool("get_weather"), tool("plan")]
    said = await client.chat.completions.create(model="gpt-4o", messages=user("Hi"), tools=tools, tool_choice=choice)
    assert [call.function.name for call in said.choices[0].message.tool_calls or ()] == names  # type: ignore[union-attr]


async def test_only_one_tool_is_called_where_parallel_calls_are_off(client: openai.AsyncOpenAI) -> None:
    said = await client.chat.completions.create(
        model="gpt-4o",
        messages=user("plan get_weather"),
        tools=[tool("get_weather"), tool("plan")],
        parallel_tool_calls=False,
    )
    assert len(said.choices[0].message.tool_calls or ()) == 1


async def test_a_tool_loop_ends_in_an_answer(client: openai.AsyncOpenAI) -> None:
    messages = user("get_weather please")
    first = await client.chat.completions.create(model="gpt-4o", messages=messages, tools=[tool("get_weather")])
    call = (first.choices[0].message.tool_calls or [])[0]
    messages += [first.choices[0].message.model_dump(exclude_none=True)]
    messages += [{"role": "tool", "tool_call_id": call.id, "content": "rain"}]
    last = await client.chat.completions.create(model="gpt-4o", messages=messages, tools=[tool("get_weather")])
    assert last.choices[0].message.content == "The tools said: rain"


async def test_a_schema_is_kept(client: openai.AsyncOpenAI) -> None:
    class Inner(BaseModel):
        ratio: float
        mood: Literal["good", "bad"]

    class Answer(BaseModel):
        title: str
        parts: list[Inner]
        maybe: int | None

    said = await client.chat.completions.parse(model="gpt-4o", messages=user("Hi"), response_format=Answer)
    assert said.choices[0].message.parsed is not None


async def test_logprobs_come_when_asked_whole_and_streamed(client: openai.AsyncOpenAI) -> None:
    ask: Any = {"model": "gpt-4o", "messages": user("Hi"), "logprobs": True, "top_logprobs": 2}
    said = await client.chat.completions.create(**ask)
    assert said.choices[0].logprobs is not None
    whole = said.choices[0].logprobs.content or []
    assert "".join(entry.token for entry in whole) == "You said: Hi"
    assert all(len(entry.top_logprobs) == 2 for entry in whole)
    streamed = []
    async for chunk in await client.chat.completions.create(**ask, stream=True):
        streamed += [entry for choice in chunk.choices if choice.logprobs for entry in choice.logprobs.content or ()]
    assert streamed == whole


async def test_n_choices_are_given_whole_and_streamed(client: openai.AsyncOpenAI) -> None:
    ask: Any = {"model": "gpt-4o", "messages": user("Hi"), "n": 3}
    assert [choice.index for choice in (await client.chat.completions.create(**ask)).choices] == [0, 1, 2]
    seen = set()
    async for chunk in await client.chat.completions.create(**ask, stream=True):
        seen |= {choice.index for choice in chunk.choices}
    assert seen == {0, 1, 2}


async def test_pictures_are_looked_at_and_must_be_pictures(client: openai.AsyncOpenAI) -> None:
    def with_image(url: str) -> list[Any]:
        return user([{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": url}}])

    said = await client.chat.completions.create(model="gpt-4o", messages=with_image(PNG))
    assert said.choices[0].message.content == "You said: What is it? (and showed 1 images)"
    with pytest.raises(openai.BadRequestError):
        await client.chat.completions.create(model="gpt-4o", messages=with_image("data:image/png;base64,%%%"))


async def test_limits_and_stop_sequences_end_an_answer(client: openai.AsyncOpenAI) -> None:
    short = await client.chat.completions.create(model="gpt-4o", messages=user("a b c d"), max_tokens=3)
    assert (short.choices[0].finish_reason, short.choices[0].message.content) == ("length", "You said: a")
    stopped = await client.chat.completions.create(model="gpt-4o", messages=user("a b c d"), stop=[" c"])
    assert (stopped.choices[0].finish_reason, stopped.choices[0].message.content) == ("stop", "You said: a b")


async def test_a_reasoning_model_counts_its_hidden_thoughts_and_refuses_old_limits(client: openai.AsyncOpenAI) -> None:
    said = await client.chat.completions.create(model="o4-mini", messages=user("Hi"))
    assert said.usage is not None and said.usage.completion_tokens_details is not None
    assert (said.usage.completion_tokens_details.reasoning_tokens or 0) > 0
    assert "reasoning_content" not in said.choices[0].message.model_dump()
    with pytest.raises(openai.BadRequestError) as caught:
        await client.chat.completions.create(model="o4-mini", messages=user("Hi"), max_tokens=5)
    assert (caught.value.param, caught.value.code) == ("max_tokens", "unsupported_parameter")


async def test_open_servers_show_their_thoughts() -> None:
    async with (
        FakeOpenAI(reasoning_field="reasoning_content", keys=(), strict=False) as vendor,
        openai.AsyncOpenAI(base_url=vendor.base_url, api_key="any") as client,
    ):
        said = await client.chat.completions.create(model="o4-mini", messages=user("Hi"), extra_body={"top_k": 4})
    assert said.choices[0].message.model_dump()["reasoning_content"] == "Let me think about: Hi"


async def test_a_long_prefix_is_cached_the_second_time(client: openai.AsyncOpenAI) -> None:
    messages = user("word " * 2000)
    counts = []
    for _ in range(2):
        said = await client.chat.completions.create(model="gpt-4o", messages=messages)
        assert said.usage is not None and said.usage.prompt_tokens_details is not None
        counts.append(said.usage.prompt_tokens_details.cached_tokens)
    assert counts[0] == 0
    assert counts[1] == 1920


@pytest.mark.parametrize(
    "body",
    [
        {"messages": user("Hi")},
        {"model": "gpt-4o"},
        {"model": "gpt-4o", "messages": []},
        {"model": "gpt-4o", "messages": user("Hi"), "surprise": 1},
        {"model": "gpt-4o", "messages": user("Hi"), "stream_options": {"include_usage": True}},
        {"model": "gpt-4o", "messages": user("Hi"), "top_logprobs": 2},
        {"model": "gpt-4o", "messages": user("Hi"), "tool_choice": "auto"},
        {"model": "gpt-4o", "messages": [{"role": "robot", "content": "Hi"}]},
        {"model": "gpt-4o", "messages": [{"role": "tool", "tool_call_id": "c", "content": "Hi"}]},
        {"model": "gpt-4o", "messages": user([{"type": "hologram"}])},
    ],
)
async def test_a_wrong_request_is_turned_away_in_openais_shape(client: openai.AsyncOpenAI, body: Any) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        await client.post("/chat/completions", cast_to=object, body=body)
    assert caught.value.type == "invalid_request_error"
    assert caught.value.body is not None and set(caught.value.body) == {"message", "type", "param", "code"}  # type: ignore[call-overload]


async def test_a_call_without_its_result_is_turned_away(client: openai.AsyncOpenAI) -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    messages = [*user("f"), {"role": "assistant", "content": None, "tool_calls": [call]}, *user("well?")]
    with pytest.raises(openai.BadRequestError, match="call_1"):
        await client.chat.completions.create(model="gpt-4o", messages=messages)


async def test_keys_models_and_routes_are_checked(client: openai.AsyncOpenAI, vendor: FakeOpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        await client.chat.completions.create(model="gpt-99", messages=user("Hi"))
    assert caught.value.code == "model_not_found"
    with pytest.raises(openai.NotFoundError):
        await client.post("/nothing", cast_to=object, body={})
    vendor.keys.clear()
    vendor.keys.add("sk-another-key-entirely")
    with pytest.raises(openai.AuthenticationError) as banned:
        await client.chat.completions.create(model="gpt-4o", messages=user("Hi"))
    assert banned.value.code == "invalid_api_key"


async def test_limits_pass_and_credit_does_not(vendor: FakeOpenAI, client: openai.AsyncOpenAI) -> None:
    vendor.refill(requests=1)
    await client.chat.completions.create(model="gpt-4o", messages=user("Hi"))
    with pytest.raises(openai.RateLimitError) as limited:
        await client.chat.completions.create(model="gpt-4o", messages=user("Hi"))
    assert limited.value.code == "rate_limit_exceeded"
    assert limited.value.response.headers["retry-after"] == "20"
    assert limited.value.response.headers["x-ratelimit-remaining-requests"] == "0"
    vendor.refill(credit=1)
    await client.chat.completions.create(model="gpt-4o", messages=user("Hi"))
    with pytest.raises(openai.RateLimitError) as broke:
        await client.chat.completions.create(model="gpt-4o", messages=user("Hi"))
    assert (broke.value.code, broke.value.type) == ("insufficient_quota", "insufficient_quota")
    vendor.refill()
    await client.chat.completions.create(model="gpt-4o", messages=user("Hi"))


async def test_failures_and_replies_can_be_handed_in(vendor: FakeOpenAI, client: openai.AsyncOpenAI) -> None:
    vendor.fail(server_error(), rate_limited(seconds=7), out_of_quota())
    statuses = []
    for _ in range(3):
        with pytest.raises(openai.APIStatusError) as caught:
            await client.chat.completions.create(model="gpt-4o", messages=user("Hi"))
        statuses.append(caught.value.status_code)
    assert statuses == [500, 429, 429]
    vendor.say(Reply(text="Forty-two"), Reply(calls=(Call("f", "{}"),)), Reply(refusal="No."))
    said = [await client.chat.completions.create(model="gpt-4o", messages=user("Hi")) for _ in range(3)]
    assert said[0].choices[0].message.content == "Forty-two"
    assert said[1].choices[0].finish_reason == "tool_calls"
    assert said[2].choices[0].message.refusal == "No."


async def test_text_completions(client: openai.AsyncOpenAI) -> None:
    ask: Any = {"model": "gpt-3.5-turbo-instruct", "prompt": ["one", "two"], "echo": True, "logprobs": 1}
    said = await client.completions.create(**ask)
    assert [choice.text for choice in said.choices] == ["oneYou said: one", "twoYou said: two"]
    assert said.choices[0].logprobs is not None
    text = ""
    async for chunk in await client.completions.create(model="gpt-3.5-turbo-instruct", prompt="hi", stream=True):
        text += "".join(choice.text for choice in chunk.choices)
    assert text == "You said: hi"


async def test_embeddings_agree_in_both_encodings(client: openai.AsyncOpenAI) -> None:
    packed = await client.embeddings.create(model="text-embedding-3-small", input=["a", "b", "a"])
    plain = await client.embeddings.create(model="text-embedding-3-small", input=["a"], encoding_format="float")
    assert len(packed.data[0].embedding) == 1536
    assert packed.data[0].embedding == packed.data[2].embedding != packed.data[1].embedding
    assert packed.data[0].embedding == pytest.approx(plain.data[0].embedding, abs=1e-6)
    assert sum(value * value for value in plain.data[0].embedding) == pytest.approx(1.0)
    small = await client.embeddings.create(model="text-embedding-3-small", input="a", dimensions=8)
    assert len(small.data[0].embedding) == 8
    with pytest.raises(openai.BadRequestError):
        await client.embeddings.create(model="text-embedding-3-small", input="")


async def test_models_are_listed_and_looked_up(client: openai.AsyncOpenAI, vendor: FakeOpenAI) -> None:
    assert [model.id async for model in client.models.list()] == vendor.models
    assert (await client.models.retrieve("gpt-4o")).owned_by == "openai"
    with pytest.raises(openai.NotFoundError):
        await client.models.retrieve("gpt-99")
