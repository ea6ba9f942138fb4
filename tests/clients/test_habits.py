"""What people do with the official clients beyond one question: hand answers back, think and call, cancel, rely on failover."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anthropic
import openai
import pytest

from .adapters.anthropic_messages import TOOLS as MESSAGES_TOOLS
from .adapters.openai_chat import TOOLS as CHAT_TOOLS
from .adapters.openai_responses import TOOLS as RESPONSES_TOOLS
from .faults import ENDLESS
from .house import House
from .samples import CALL_BOTH, RESULTS, SAID_AFTERWARDS, STRUCTURED, Fruit
from .upstreams import ANTHROPIC, OPENAI, SERVER, Upstream

translated = pytest.mark.parametrize("to", [pytest.param(to, id=to.name) for to in (OPENAI, SERVER, ANTHROPIC)])
THOUGHT = f"Let me think about: {CALL_BOTH}"


@pytest.fixture
def client(house: House) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=house.base_url, api_key=house.key, max_retries=0) as opened:
        yield opened


@pytest.fixture
def messages(house: House) -> Iterator[Any]:
    with anthropic.Anthropic(base_url=house.url, api_key=house.key, max_retries=0) as opened:
        yield opened.messages


def last_heard(house: House, to: Upstream) -> Any:
    vendor = {OPENAI.name: house.openai, SERVER.name: house.server, ANTHROPIC.name: house.anthropic}[to.name]
    return vendor.heard[-1].json


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")  # of the client, about its own type
@translated
def test_a_parsed_chat_answer_can_be_handed_back(client: openai.OpenAI, to: Upstream) -> None:
    asked: Any = [{"role": "user", "content": STRUCTURED}]
    parsed = client.chat.completions.parse(model=to.model, messages=asked, response_format=Fruit)
    again: Any = [*asked, parsed.choices[0].message, {"role": "user", "content": "And now in words."}]
    made = client.chat.completions.create(model=to.model, messages=again)
    assert made.choices[0].message.content == "You said: And now in words."


@translated
def test_a_parsed_response_can_be_handed_back(client: openai.OpenAI, to: Upstream) -> None:
    asked: Any = [{"role": "user", "content": STRUCTURED}]
    parsed = client.responses.parse(model=to.model, input=asked, text_format=Fruit)
    again: Any = [*asked, *parsed.output, {"role": "user", "content": "And now in words."}]
    assert client.responses.create(model=to.model, input=again).output_text == "You said: And now in words."


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("to", [pytest.param(to, id=to.name) for to in (SERVER, ANTHROPIC)])
def test_a_chat_client_hands_thoughts_back_to_who_thought_them(
    house: House, client: openai.OpenAI, to: Upstream, stream: bool
) -> None:
    asked: Any = [{"role": "user", "content": CALL_BOTH}]
    settings: Any = {"model": to.thinker, "tools": CHAT_TOOLS, "reasoning_effort": "low"}
    if stream:
        with client.chat.completions.stream(messages=asked, **settings) as events:
            message: Any = events.get_final_completion().choices[0].message
    else:
        message = client.chat.completions.create(messages=asked, **settings).choices[0].message
    assert message.reasoning_content == THOUGHT
    results = [
        {"role": "tool", "tool_call_id": call.id, "content": RESULTS[call.function.name]} for call in message.tool_calls
    ]
    made = client.chat.completions.create(messages=[*asked, message, *results], **settings)
    assert made.choices[0].message.content == SAID_AFTERWARDS
    assert THOUGHT in str(last_heard(house, to))
    assert to is not ANTHROPIC or "signature-" in str(last_heard(house, to))


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("to", [pytest.param(to, id=to.name) for to in (SERVER, ANTHROPIC)])
def test_a_responses_client_hands_thoughts_back_to_who_thought_them(
    house: House, client: openai.OpenAI, to: Upstream, stream: bool
) -> None:
    asked: Any = [{"role": "user", "content": CALL_BOTH}]
    settings: Any = {"model": to.thinker, "tools": RESPONSES_TOOLS, "reasoning": {"effort": "low"}, "store": False}
    if stream:
        with client.responses.stream(input=asked, **settings) as events:
            made: Any = events.get_final_response()
    else:
        made = client.responses.create(input=asked, **settings)
    results = [
        {"type": "function_call_output", "call_id": item.call_id, "output": RESULTS[item.name]}
        for item in made.output
        if item.type == "function_call"
    ]
    assert client.responses.create(input=[*asked, *made.output, *results], **settings).output_text == SAID_AFTERWARDS
    assert THOUGHT in str(last_heard(house, to))
    assert to is not ANTHROPIC or "signature-" in str(last_heard(house, to))


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("to", [pytest.param(to, id=to.name) for to in (SERVER, ANTHROPIC)])
def test_a_messages_client_hands_thoughts_back_to_who_thought_them(
    house: House, messages: Any, to: Upstream, stream: bool
) -> None:
    asked: Any = [{"role": "user", "content": CALL_BOTH}]
    settings: Any = {
        "model": to.thinker, "max_tokens": 4096, "tools": MESSAGES_TOOLS, "thinking": {"type": "adaptive"},
    }  # fmt: skip
    if stream:
        with messages.stream(messages=asked, **settings) as events:
            made = events.get_final_message()
    else:
        made = messages.create(messages=asked, **settings)
    results = [
        {"type": "tool_result", "tool_use_id": block.id, "content": RESULTS[block.name]}
        for block in made.content
        if block.type == "tool_use"
    ]
    history = [*asked, {"role": "assistant", "content": made.content}, {"role": "user", "content": results}]
    assert messages.create(messages=history, **settings).content[-1].text == SAID_AFTERWARDS
    assert THOUGHT in str(last_heard(house, to))


def test_what_one_dialect_has_no_words_for_the_next_is_asked(client: openai.OpenAI) -> None:
    asked: Any = [{"role": "user", "content": "Twice, please."}]
    made = client.chat.completions.create(model="either", messages=asked, n=2)
    assert [choice.message.content for choice in made.choices] == ["You said: Twice, please."] * 2
    assert made.model == "gpt-4o-mini"


@pytest.fixture(params=["chat", "responses", "messages"])
async def asking(request: pytest.FixtureRequest, house: House) -> AsyncIterator[Any]:
    """A coroutine that waits for an answer that never comes, with each asynchronous client."""
    text: Any = [{"role": "user", "content": "Well?"}]
    async with (
        openai.AsyncOpenAI(base_url=house.base_url, api_key=house.key) as ours,
        anthropic.AsyncAnthropic(base_url=house.url, api_key=house.key) as theirs,
    ):
        yield {
            "chat": lambda: ours.chat.completions.create(model=ENDLESS.model, messages=text),
            "responses": lambda: ours.responses.create(model=ENDLESS.model, input=text),
            "messages": lambda: theirs.messages.create(model=ENDLESS.model, messages=text, max_tokens=9),
        }[request.param]


async def test_a_cancelled_task_stops_the_work_upstream(house: House, asking: Any) -> None:
    house.endless.forget()
    task = asyncio.ensure_future(asking())
    await asyncio.to_thread(house.endless.came.get, timeout=20)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(house.endless.left.get, timeout=20)
