"""Writing a Responses answer as OpenAI does: an object, or the events that build it up."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from freehold.testing.vendors.loopback import Json
from freehold.testing.vendors.openai.chat_answer import CREATED, logprob
from freehold.testing.vendors.replies import Call, Reply, tokens

_ECHOED: Json = {
    "background": False,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "reasoning": {"effort": None, "summary": None},
    "safety_identifier": None,
    "store": True,
    "temperature": 1.0,
    "text": {"format": {"type": "text"}, "verbosity": "medium"},
    "tool_choice": "auto",
    "tools": [],
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
}


def whole(body: Json, number: int, reply: Reply, prompt: int, cached: int) -> Json:
    """A finished `response` object."""
    return {
        "id": f"resp_{number:08}",
        "object": "response",
        "created_at": CREATED,
        "status": "incomplete" if reply.cut else "completed",
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if reply.cut else None,
        "model": body["model"],
        "output": _output(body, number, reply),
        "service_tier": "default",
        "usage": _usage(reply, prompt, cached),
        **{name: default if body.get(name) is None else body[name] for name, default in _ECHOED.items()},
    }


def events(finished: Json) -> Iterator[Json]:
    """The events that build up to `finished`, numbered; each names its own type."""
    return (
        {**event, "sequence_number": number}
        for number, event in zip(itertools.count(), _events(finished), strict=False)
    )


def _events(finished: Json) -> Iterator[Json]:
    begun = {**finished, "status": "in_progress", "output": [], "usage": None, "incomplete_details": None}
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    for index, item in enumerate(finished["output"]):
        at = {"item_id": item["id"], "output_index": index}
        yield {"type": "response.output_item.added", "output_index": index, "item": _opened(item)}
        yield from _WRITERS[item["type"]](item, at)
        yield {"type": "response.output_item.done", "output_index": index, "item": item}
    yield {"type": f"response.{finished['status']}", "response": finished}


def _output(body: Json, number: int, reply: Reply) -> list[Json]:
    items: list[Json] = []
    if reply.reasoning:
        wanted = (body.get("reasoning") or {}).get("summary")
        summary = [{"type": "summary_text", "text": reply.reasoning}] if wanted else []
        items.append({"id": f"rs_{number:08}", "type": "reasoning", "summary": summary})
    items += [_call_item(number, place, call) for place, call in enumerate(reply.calls)]
    if not reply.calls:
        items.append(_message_item(body, number, reply))
    return items


def _call_item(number: int, place: int, call: Call) -> Json:
    return {
        "id": f"fc_{number:08}{place}",
        "type": "function_call",
        "status": "completed",
        "call_id": f"call_{number:08}{place}",
        "name": call.name,
        "arguments": call.arguments,
    }


def _message_item(body: Json, number: int, reply: Reply) -> Json:
    told = tokens(reply.text) if "message.output_text.logprobs" in (body.get("include") or ()) else []
    logprobs = [logprob(token, body.get("top_logprobs") or 0) for token in told]
    part: Json = {"type": "output_text", "text": reply.text, "annotations": [], "logprobs": logprobs}
    if reply.refusal:
        part = {"type": "refusal", "refusal": reply.refusal}
    status = "incomplete" if reply.cut else "completed"
    return {"id": f"msg_{number:08}", "type": "message", "status": status, "role": "assistant", "content": [part]}


def _opened(item: Json) -> Json:
    """An item as it is when nothing of it has been written yet."""
    match item["type"]:
        case "message":
            return {**item, "status": "in_progress", "content": []}
        case "function_call":
            return {**item, "status": "in_progress", "arguments": ""}
    return {**item, "summary": []}


def _message_events(item: Json, at: Json) -> Iterator[Json]:
    part = item["content"][0]
    where = {**at, "content_index": 0}
    kind = part["type"]
    field = "text" if kind == "output_text" else "refusal"
    yield {"type": "response.content_part.added", **where, "part": {**part, field: ""}}
    logprobs = part.get("logprobs") or []
    for place, token in enumerate(tokens(part[field])):
        extra: Json = {"logprobs": logprobs[place : place + 1]} if kind == "output_text" else {}
        yield {"type": f"response.{kind}.delta", **where, "delta": token, **extra}
    extra = {"logprobs": logprobs} if kind == "output_text" else {}
    yield {"type": f"response.{kind}.done", **where, field: part[field], **extra}
    yield {"type": "response.content_part.done", **where, "part": part}


def _call_events(item: Json, at: Json) -> Iterator[Json]:
    for token in tokens(item["arguments"]):
        yield {"type": "response.function_call_arguments.delta", **at, "delta": token}
    yield {"type": "response.function_call_arguments.done", **at, "name": item["name"], "arguments": item["arguments"]}


def _reasoning_events(item: Json, at: Json) -> Iterator[Json]:
    for place, part in enumerate(item["summary"]):
        where = {**at, "summary_index": place}
        yield {"type": "response.reasoning_summary_part.added", **where, "part": {**part, "text": ""}}
        for token in tokens(part["text"]):
            yield {"type": "response.reasoning_summary_text.delta", **where, "delta": token}
        yield {"type": "response.reasoning_summary_text.done", **where, "text": part["text"]}
        yield {"type": "response.reasoning_summary_part.done", **where, "part": part}


_WRITERS = {"message": _message_events, "function_call": _call_events, "reasoning": _reasoning_events}


def _usage(reply: Reply, prompt: int, cached: int) -> Json:
    reasoning = len(tokens(reply.reasoning))
    called = sum(len(tokens(call.arguments)) + 1 for call in reply.calls)
    output = reasoning + called + len(tokens(reply.text)) + len(tokens(reply.refusal))
    return {
        "input_tokens": prompt,
        "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": 0},
        "output_tokens": output,
        "output_tokens_details": {"reasoning_tokens": reasoning},
        "total_tokens": prompt + output,
    }
