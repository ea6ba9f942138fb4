"""Writing a chat completion as OpenAI does, whole or as a stream of chunks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from freehold.testing.vendors.loopback import Json
from freehold.testing.vendors.replies import Reply, tokens

CREATED = 1_760_000_000


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one completion that its answer is written from."""

    id: str
    model: str
    replies: tuple[Reply, ...]
    """One per choice."""
    prompt_tokens: int
    cached_tokens: int = 0
    logprobs: bool = False
    top_logprobs: int = 0
    reasoning_field: str = ""
    """Under which name reasoning is shown; empty where it is hidden, as at OpenAI itself."""


def usage(said: Said) -> Json:
    """The `usage` object."""
    reasoning = sum(len(tokens(reply.reasoning)) for reply in said.replies)
    completion = reasoning + sum(map(_visible_tokens, said.replies))
    return {
        "prompt_tokens": said.prompt_tokens,
        "completion_tokens": completion,
        "total_tokens": said.prompt_tokens + completion,
        "prompt_tokens_details": {"cached_tokens": said.cached_tokens, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def whole(said: Said) -> Json:
    """A `chat.completion`."""
    choices = [_choice(said, index, reply) for index, reply in enumerate(said.replies)]
    return {**_head(said, "chat.completion"), "choices": choices, "usage": usage(said)}


def chunks(said: Said, *, include_usage: bool) -> Iterator[Json]:
    """The `chat.completion.chunk`s, without the closing [DONE]."""
    head = _head(said, "chat.completion.chunk")
    extra: Json = {"usage": None} if include_usage else {}
    for index, reply in enumerate(said.replies):
        for delta, finish, token in _deltas(said, index, reply):
            logprobs = (
                {"content": [logprob(token, said.top_logprobs)], "refusal": None} if token and said.logprobs else None
            )
            choice = {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
            yield {**head, "choices": [choice], **extra}
    if include_usage:
        yield {**head, "choices": [], "usage": usage(said)}


def finish_reason(reply: Reply) -> str:
    """Why the model stopped."""
    if reply.calls:
        return "tool_calls"
    return "length" if reply.cut else "stop"


def _head(said: Said, kind: str) -> Json:
    return {
        "id": said.id,
        "object": kind,
        "created": CREATED,
        "model": said.model,
        "service_tier": "default",
        "system_fingerprint": "fp_loopback",
    }


def _visible_tokens(reply: Reply) -> int:
    called = sum(len(tokens(call.arguments)) + 1 for call in reply.calls)
    return len(tokens(reply.text)) + len(tokens(reply.refusal)) + called


def _choice(said: Said, index: int, reply: Reply) -> Json:
    message: Json = {"role": "assistant", "content": reply.text or None, "refusal": reply.refusal or None}
    if said.reasoning_field and reply.reasoning:
        message[said.reasoning_field] = reply.reasoning
    if reply.calls:
        message["tool_calls"] = [
            {
                "id": call_id(said, index, place),
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for place, call in enumerate(reply.calls)
        ]
    else:
        message["annotations"] = []
        message["content"] = None if reply.refusal else reply.text
    logprobs: Any = None
    if said.logprobs:
        logprobs = {"content": [logprob(token, said.top_logprobs) for token in tokens(reply.text)], "refusal": None}
    return {"index": index, "message": message, "logprobs": logprobs, "finish_reason": finish_reason(reply)}


def call_id(said: Said, choice: int, place: int) -> str:
    """Id of a tool call."""
    return f"call_{said.id.removeprefix('chatcmpl-')}{choice}{place}"


def _deltas(said: Said, index: int, reply: Reply) -> Iterator[tuple[Json, str | None, str]]:
    """(delta, finish reason, text token) in the order of the wire."""
    first: Json = {"role": "assistant", "content": None if reply.calls else "", "refusal": None}
    if not reply.calls:
        yield first, None, ""
    if said.reasoning_field:
        for token in tokens(reply.reasoning):
            yield {said.reasoning_field: token}, None, ""
    for token in tokens(reply.text):
        yield {"content": token}, None, token
    for token in tokens(reply.refusal):
        yield {"refusal": token}, None, ""
    for place, call in enumerate(reply.calls):
        function = {"name": call.name, "arguments": ""}
        opened = {"index": place, "id": call_id(said, index, place), "type": "function", "function": function}
        yield {**(first if place == 0 else {}), "tool_calls": [opened]}, None, ""
        for token in tokens(call.arguments):
            yield {"tool_calls": [{"index": place, "function": {"arguments": token}}]}, None, ""
    yield {}, finish_reason(reply), ""


def logprob(token: str, top: int) -> Json:
    """A token with its made-up probability and those of `top` candidates."""

    def entry(text: str, rank: int) -> Json:
        return {"token": text, "logprob": -0.25 * (rank + 1), "bytes": list(text.encode())}

    others = [token, *(f"{token}~{rank}" for rank in range(1, top))][:top]
    return {**entry(token, 0), "top_logprobs": [entry(text, rank) for rank, text in enumerate(others)]}
