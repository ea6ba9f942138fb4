"""The fake OpenAI's Responses and transcriptions, as its official client sees them."""

import json
import struct
from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from freehold.testing.vendors import FakeOpenAI

TOOL: Any = {
    "type": "function",
    "name": "get_weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    "strict": False,
}
OTHER: Any = {**TOOL, "name": "plan"}


@pytest.fixture
async def vendor() -> AsyncIterator[FakeOpenAI]:
    async with FakeOpenAI() as running:
        yield running


@pytest.fixture
async def client(vendor: FakeOpenAI) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=vendor.base_url, api_key=vendor.key, max_retries=0) as made:
        yield made


async def test_a_response_is_given_and_kept(client: openai.AsyncOpenAI) -> None:
    said = await client.responses.create(model="gpt-4o", input="Hello", instructions="Be kind.")
    assert said.output_text == "You said: Hello"
    assert said.status == "completed"
    assert said.usage is not None and said.usage.total_tokens == said.usage.input_tokens + said.usage.output_tokens
    assert (await client.responses.retrieve(said.id)).output_text == said.output_text


async def test_a_conversation_goes_on_from_a_stored_response(client: openai.AsyncOpenAI) -> None:
    first = await client.responses.create(model="gpt-4o", input="get_weather now", tools=[TOOL])
    call = first.output[0]
    assert call.type == "function_call"
    result: Any = {"type": "function_call_output", "call_id": call.call_id, "output": "rain"}
    last = await client.responses.create(model="gpt-4o", input=[result], previous_response_id=first.id, tools=[TOOL])
    assert last.output_text == "The tools said: rain"
    with pytest.raises(openai.BadRequestError):
        await client.responses.create(model="gpt-4o", input="Hi", previous_response_id="resp_none")
    with pytest.raises(openai.BadRequestError):
        await client.responses.create(model="gpt-4o", input=[{**result, "call_id": "call_none"}])


@pytest.mark.parametrize(
    "ask",
    [
        {"model": "gpt-4o", "input": "Hello there"},
        {"model": "gpt-4o", "input": "plan get_weather", "tools": [TOOL, OTHER]},
        {"model": "o4-mini", "input": "Hello", "reasoning": {"effort": "low", "summary": "auto"}},
        {"model": "gpt-4o", "input": "a b c d e", "max_output_tokens": 3},
    ],
    ids=["text", "parallel calls", "reasoning", "cut"],
)
async def test_the_events_of_a_stream_build_the_whole_response(client: openai.AsyncOpenAI, ask: Any) -> None:
    whole = await client.responses.create(**ask)
    async with client.responses.stream(**ask) as streaming:
        events = [event async for event in streaming]
    types = [event.type for event in events]
    assert types[:2] == ["response.created", "response.in_progress"]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert types[-1] == f"response.{whole.status}"
    final = events[-1].response  # type: ignore[union-attr]
    assert final.output_text == whole.output_text
    assert [item.type for item in final.output] == [item.type for item in whole.output]
    assert final.usage == whole.usage
    for kind in ("output_item", "content_part", "reasoning_summary_part"):
        assert types.count(f"response.{kind}.added") == types.count(f"response.{kind}.done")


async def test_deltas_add_up_to_arguments(client: openai.AsyncOpenAI) -> None:
    arguments: dict[int, str] = {}
    ask: Any = {"model": "gpt-4o", "input": "plan get_weather", "tools": [TOOL, OTHER]}
    async for event in await client.responses.create(**ask, stream=True):
        if event.type == "response.function_call_arguments.delta":
            arguments[event.output_index] = arguments.get(event.output_index, "") + event.delta
    assert [json.loads(text) for text in arguments.values()] == [{"city": "city-1"}, {"city": "city-2"}]


async def test_a_schema_is_kept(client: openai.AsyncOpenAI) -> None:
    class Answer(BaseModel):
        name: str
        count: int

    said = await client.responses.parse(model="gpt-4o", input="Hi", text_format=Answer)
    assert said.output_parsed == Answer(name="name-1", count=1)


async def test_pictures_are_looked_at(client: openai.AsyncOpenAI) -> None:
    parts: Any = [
        {"type": "input_text", "text": "What?"},
        {"type": "input_image", "image_url": "https://pictures.example/cat.png", "detail": "auto"},
    ]
    said = await client.responses.create(model="gpt-4o", input=[{"role": "user", "content": parts}])
    assert said.output_text == "You said: What? (and showed 1 images)"


@pytest.mark.parametrize("body", [{"model": "gpt-4o"}, {"model": "gpt-4o", "input": "x", "max_tokens": 4}])
async def test_a_wrong_request_is_turned_away(client: openai.AsyncOpenAI, body: Any) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        await client.post("/responses", cast_to=object, body=body)
    assert caught.value.param in {"input", "max_tokens"}


def wav(seconds: int) -> bytes:
    data = bytes(16_000 * 2 * seconds)
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        36 + len(data),
        b"WAVE",
        b"fmt ",
        16,
        1,
        1,
        16_000,
        32_000,
        2,
        16,
        b"data",
        len(data),
    )
    return head + data


async def test_audio_is_heard_in_every_format(client: openai.AsyncOpenAI) -> None:
    file = ("speech.wav", wav(2))
    said = await client.audio.transcriptions.create(model="whisper-1", file=file)
    assert said.text == "This is speech.wav, which is 64044 bytes long."
    verbose = await client.audio.transcriptions.create(model="whisper-1", file=file, response_format="verbose_json")
    assert verbose.duration == 2.0
    for form, beginning in (("text", "This"), ("srt", "1\n00:00:00,000 --> 00:00:02,000"), ("vtt", "WEBVTT")):
        plain: Any = await client.audio.transcriptions.create(model="whisper-1", file=file, response_format=form)  # type: ignore[call-overload]
        assert plain.startswith(beginning)
    with pytest.raises(openai.BadRequestError):
        await client.audio.transcriptions.create(model="gpt-transcribe", file=file, response_format="srt")


async def test_a_transcription_can_be_streamed(client: openai.AsyncOpenAI) -> None:
    stream = await client.audio.transcriptions.create(model="gpt-4o-transcribe", file=("a.wav", wav(1)), stream=True)
    text = ""
    async for event in stream:
        if event.type == "transcript.text.delta":
            text += event.delta
        elif event.type == "transcript.text.done":
            assert event.text == text
            assert event.usage is not None
    assert text.startswith("This is a.wav")


def test_a_vendor_can_be_used_without_an_event_loop() -> None:
    with FakeOpenAI() as vendor, openai.OpenAI(base_url=vendor.base_url, api_key=vendor.key) as client:
        said = client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Hi"}])
    assert said.choices[0].message.content == "You said: Hi"
