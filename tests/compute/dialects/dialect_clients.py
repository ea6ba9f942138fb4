"""The official clients' own types and accumulators, as judges of what the translations write."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from anthropic._streaming import SSEDecoder as AnthropicEvents
from anthropic.lib.streaming._messages import accumulate_event
from anthropic.types import Message, RawMessageStreamEvent
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming
from openai import omit
from openai._streaming import SSEDecoder as OpenAIEvents
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.lib.streaming.responses._responses import ResponseStreamState
from openai.types import Completion
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from freehold.compute.dialects.members import encode_fields
from freehold.compute.dialects.sse import Event, parse
from freehold.compute.dialects.translation import Translation
from freehold.words.asks import Ask
from freehold.words.dialects import Capability, Dialect
from freehold.words.offers import Layer, Offer, Place
from freehold.words.prices import Usage

_CHAT_REQUEST = TypeAdapter(CompletionCreateParamsNonStreaming)
_MESSAGES_REQUEST = TypeAdapter(MessageCreateParamsNonStreaming)
_MESSAGES_EVENT: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)
_RESPONSES_EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)

USAGE = Usage(input=30, cache_read=60, cache_write=10, output=20, reasoning=5)


def offer(*dialects: Dialect, model: str = "model-1", **more: Any) -> Offer:
    capabilities = frozenset({Capability.CHAT, Capability.TOOLS, Capability.REASONING})
    settings = {"provider": "acme", "layer": Layer.LARGE, "place": Place.CLOUD, "capabilities": capabilities, **more}
    return Offer(model=model, dialects=frozenset(dialects), **settings)


CHAT_OFFER = offer(Dialect.CHAT, Dialect.EMBEDDINGS)
MESSAGES_OFFER = offer(Dialect.MESSAGES, Dialect.COUNT_TOKENS, model="claude-opus-4-8")


def ask(dialect: Dialect, fields: Mapping[str, Any], *, stream: bool = False) -> Ask:
    return Ask(
        id="ask-1", dialect=dialect, model="auto", fields=encode_fields(fields), stream=stream, needs=frozenset()
    )


def translation(dialect: Dialect, fields: Mapping[str, Any], to: Offer, *, stream: bool = False) -> Translation:
    return Translation(ask(dialect, fields, stream=stream), to, created=1_700_000_000)


def request(dialect: Dialect, fields: Mapping[str, Any], to: Offer) -> dict[str, Any]:
    """What goes out, judged by the upstream's own types; `model` is left out."""
    made = translation(dialect, fields, to)
    sent = {name: msgspec.json.decode(raw) for name, raw in made.request().items()}
    _exhaust((_CHAT_REQUEST if made.ask.dialect is Dialect.CHAT else _MESSAGES_REQUEST).validate_python(sent))
    assert sent.pop("model") == to.model
    return sent


def _exhaust(value: Any) -> None:
    """Pydantic checks iterables only as they are walked."""
    if isinstance(value, Mapping):
        for inner in value.values():
            _exhaust(inner)
    elif isinstance(value, Iterable) and not isinstance(value, str | bytes):
        for inner in value:
            _exhaust(inner)


def answer(dialect: Dialect, body: bytes) -> Any:
    """A whole answer as the official client reads it."""
    models = {
        Dialect.CHAT: ChatCompletion,
        Dialect.COMPLETIONS: Completion,
        Dialect.RESPONSES: Response,
        Dialect.MESSAGES: Message,
    }
    return models[dialect].model_validate_json(body)


def streamed(made: Translation, upstream: Iterable[bytes], usage: Usage = USAGE) -> bytes:
    stream = made.stream()
    said = b"".join(stream.feed(event) for run in upstream for event in parse(run))
    return said + stream.end(usage)


def accumulated(dialect: Dialect, stream: bytes) -> Any:
    """A stream as the official client adds it up."""
    return {
        Dialect.CHAT: _chat,
        Dialect.MESSAGES: _messages,
        Dialect.RESPONSES: _responses,
    }[dialect](stream)


def events(stream: bytes) -> list[dict[str, Any]]:
    return [msgspec.json.decode(event.data) for event in parse(stream) if event.data != b"[DONE]"]


def _chat(stream: bytes) -> ChatCompletion:
    state = ChatCompletionStreamState()
    read = list(OpenAIEvents().iter_bytes(iter([stream])))
    assert read[-1].data == "[DONE]"
    for event in read[:-1]:
        state.handle_chunk(ChatCompletionChunk.model_validate(event.json()))
    return state.current_completion_snapshot


def _messages(stream: bytes) -> Message:
    snapshot: Any = None
    open_blocks: set[int] = set()
    buffers: dict[int, bytes] = {}
    kinds = []
    for event in AnthropicEvents().iter_bytes(iter([stream])):
        said = _MESSAGES_EVENT.validate_python(event.json())
        assert said.type == event.event
        kinds.append(said.type)
        if said.type == "content_block_start":
            assert not open_blocks
            assert said.index == len(snapshot.content)
            open_blocks.add(said.index)
        elif said.type == "content_block_delta":
            assert open_blocks == {said.index}
        elif said.type == "content_block_stop":
            open_blocks.remove(said.index)
        snapshot = accumulate_event(event=said, current_snapshot=snapshot, json_bufs=buffers)
    assert not open_blocks
    assert kinds[0] == "message_start"
    assert kinds[-2:] == ["message_delta", "message_stop"]
    return Message.model_validate(snapshot.model_dump(warnings=False))


def _responses(stream: bytes) -> Response:
    state: ResponseStreamState[Any] = ResponseStreamState(input_tools=omit, text_format=omit)
    last: Any = None
    for number, event in enumerate(OpenAIEvents().iter_bytes(iter([stream]))):
        last = _RESPONSES_EVENT.validate_python(event.json())
        assert last.type == event.event
        assert last.sequence_number == number
        state.handle_event(last)
    assert last.type in ("response.completed", "response.incomplete")
    return Response.model_validate(last.response.model_dump(by_alias=True, warnings=False))


def chunks(*deltas: dict[str, Any], finish: str | None = "stop", done: bool = True) -> list[bytes]:
    """A chat stream with those deltas."""

    def chunk(choices: list[dict[str, Any]]) -> bytes:
        head = {"id": "cmpl-9", "object": "chat.completion.chunk", "created": 1, "model": "m-9"}
        return b"data: " + msgspec.json.encode({**head, "choices": choices}) + b"\n\n"

    said = [chunk([{"index": 0, "delta": delta, "finish_reason": None}]) for delta in deltas]
    if finish:
        said.append(chunk([{"index": 0, "delta": {}, "finish_reason": finish}]))
    return [*said, b"data: [DONE]\n\n"] if done else said


def named(*said: dict[str, Any]) -> list[bytes]:
    """A Messages stream of those events."""
    return [f"event: {event['type']}\n".encode() + b"data: " + msgspec.json.encode(event) + b"\n\n" for event in said]


__all__ = [
    "Event",
    "accumulated",
    "answer",
    "ask",
    "chunks",
    "events",
    "named",
    "offer",
    "request",
    "streamed",
    "translation",
]
