"""A provider that speaks OpenAI chat completions: one that behaves, and the ways in which streams go wrong."""

from __future__ import annotations

import json
from typing import Any

from freehold.testing.faulty.replies import LAST_CHUNK, framed, head, reply
from freehold.testing.faulty.server import Behaviour, Exchange

_STREAM = {"content-type": "text/event-stream; charset=utf-8", "transfer-encoding": "chunked"}
_DONE = b"data: [DONE]\n\n"
_ERROR = {"error": {"message": "the engine fell over", "type": "server_error", "param": None, "code": None}}


def openai_chat(text: str = "Hello from loopback.", *, prompt_tokens: int = 7) -> Behaviour:
    """A proper answer, whole or streamed as the request asks, with usage. A token is a word, of the answer.

    A stream ends with a usage event if the request has `stream_options.include_usage`, as OpenAI's does.
    """

    async def behave(exchange: Exchange) -> None:
        asked = json.loads(exchange.body)
        usage = _usage(text, prompt_tokens)
        if not asked.get("stream"):
            await reply(_completion(asked["model"], text, usage))(exchange)
            return
        events = _chunks(asked["model"], text)
        if (asked.get("stream_options") or {}).get("include_usage"):
            events.append(_chunk(asked["model"], choices=[], usage=usage))
        await _send_events(exchange, *map(_event, events), _DONE)
        await exchange.send(LAST_CHUNK)

    return behave


def error_event_first() -> Behaviour:
    """200, and then the very first event is an error."""

    async def behave(exchange: Exchange) -> None:
        await _send_events(exchange, _event(_ERROR))
        await exchange.send(LAST_CHUNK)

    return behave


def error_event_midway(text: str = "Hello from") -> Behaviour:
    """A good start of a stream, then an error event, then the end."""

    async def behave(exchange: Exchange) -> None:
        beginning = _chunks(_model_of(exchange), text)[:-1]
        await _send_events(exchange, *map(_event, beginning), _event(_ERROR))
        await exchange.send(LAST_CHUNK)

    return behave


def stream_cut(text: str = "Hello from") -> Behaviour:
    """A good start of a stream, then the connection is closed inside the chunked body."""

    async def behave(exchange: Exchange) -> None:
        await _send_events(exchange, *map(_event, _chunks(_model_of(exchange), text)[:-1]))
        exchange.close()

    return behave


def stream_without_end(text: str = "Hello from") -> Behaviour:
    """A good start of a stream whose HTTP body ends properly, but without finish_reason and [DONE]."""

    async def behave(exchange: Exchange) -> None:
        await _send_events(exchange, *map(_event, _chunks(_model_of(exchange), text)[:-1]))
        await exchange.send(LAST_CHUNK)

    return behave


def _model_of(exchange: Exchange) -> str:
    return str(json.loads(exchange.body or b"{}").get("model", "unknown"))


async def _send_events(exchange: Exchange, *events: bytes) -> None:
    await exchange.send(head(200, _STREAM))
    for event in events:
        await exchange.send(framed(event))


def _event(data: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(data, separators=(",", ":")).encode() + b"\n\n"


def _usage(text: str, prompt_tokens: int) -> dict[str, int]:
    words = len(text.split())
    return {"prompt_tokens": prompt_tokens, "completion_tokens": words, "total_tokens": prompt_tokens + words}


def _completion(model: str, text: str, usage: dict[str, int]) -> bytes:
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    whole = {"id": "chatcmpl-loopback", "object": "chat.completion", "created": 1_700_000_000, "model": model}
    return json.dumps({**whole, "choices": [choice], "usage": usage}).encode()


def _chunks(model: str, text: str) -> list[dict[str, Any]]:
    """The role, each word, and the finish reason."""
    words = [word if place == 0 else f" {word}" for place, word in enumerate(text.split())]
    deltas: list[dict[str, str]] = [
        {"role": "assistant", "content": ""},
        *({"content": word} for word in words),
    ]
    chunks = [_chunk(model, choices=[_choice(delta, None)]) for delta in deltas]
    return [*chunks, _chunk(model, choices=[_choice({}, "stop")])]


def _choice(delta: dict[str, str], finish_reason: str | None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}


def _chunk(model: str, **rest: Any) -> dict[str, Any]:
    return {
        "id": "chatcmpl-loopback",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": model,
        **rest,
    }
