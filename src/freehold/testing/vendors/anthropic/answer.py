"""Writing a message as Anthropic does, whole or as the events that build it up."""

from __future__ import annotations

import json
from collections.abc import Iterator

from freehold.testing.vendors.anthropic.prompt_cache import Counted
from freehold.testing.vendors.loopback import Json
from freehold.testing.vendors.replies import Reply, tokens


def whole(model: str, number: int, reply: Reply, counted: Counted, *, show_thinking: bool) -> Json:
    """A finished `message`."""
    return {
        "id": f"msg_{number:08}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": _content(number, reply, show_thinking),
        "stop_reason": _stop_reason(reply),
        "stop_sequence": reply.stopped_by or None,
        "usage": {**counted.usage(), "output_tokens": output_tokens(reply), "service_tier": "standard"},
    }


def events(finished: Json) -> Iterator[Json]:
    """The events that build up to `finished`; each names its own type."""
    usage = finished["usage"]
    begun = {**finished, "content": [], "stop_reason": None, "stop_sequence": None}
    yield {"type": "message_start", "message": {**begun, "usage": {**usage, "output_tokens": 1}}}
    for index, block in enumerate(finished["content"]):
        yield {"type": "content_block_start", "index": index, "content_block": _opened(block)}
        if index == 0:
            yield {"type": "ping"}
        for delta in _deltas(block):
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    delta = {"stop_reason": finished["stop_reason"], "stop_sequence": finished["stop_sequence"]}
    counts = {name: count for name, count in usage.items() if name.endswith("_tokens")}
    yield {"type": "message_delta", "delta": delta, "usage": counts}
    yield {"type": "message_stop"}


def output_tokens(reply: Reply) -> int:
    """Thinking included, as Anthropic bills it."""
    called = sum(len(tokens(call.arguments)) + 1 for call in reply.calls)
    return len(tokens(reply.reasoning)) + len(tokens(reply.text)) + len(tokens(reply.refusal)) + called


def _content(number: int, reply: Reply, show_thinking: bool) -> list[Json]:
    found: list[Json] = []
    if reply.reasoning:
        thought = reply.reasoning if show_thinking else ""
        found.append({"type": "thinking", "thinking": thought, "signature": f"signature-{number:08}"})
    if text := reply.text or reply.refusal:
        found.append({"type": "text", "text": text})
    for place, call in enumerate(reply.calls):
        found.append(
            {
                "type": "tool_use",
                "id": f"toolu_{number:08}{place}",
                "name": call.name,
                "input": json.loads(call.arguments),
            }
        )
    return found


def _stop_reason(reply: Reply) -> str:
    if reply.calls:
        return "tool_use"
    if reply.refusal:
        return "refusal"
    if reply.stopped_by:
        return "stop_sequence"
    return "max_tokens" if reply.cut else "end_turn"


def _opened(block: Json) -> Json:
    """A block as it is when nothing of it has been written yet."""
    match block["type"]:
        case "tool_use":
            return {**block, "input": {}}
        case "thinking":
            return {**block, "thinking": "", "signature": ""}
    return {**block, "text": ""}


def _deltas(block: Json) -> Iterator[Json]:
    match block["type"]:
        case "tool_use":
            yield {"type": "input_json_delta", "partial_json": ""}
            for token in tokens(json.dumps(block["input"])):
                yield {"type": "input_json_delta", "partial_json": token}
        case "thinking":
            for token in tokens(block["thinking"]):
                yield {"type": "thinking_delta", "thinking": token}
            yield {"type": "signature_delta", "signature": block["signature"]}
        case _:
            for token in tokens(block["text"]):
                yield {"type": "text_delta", "text": token}
