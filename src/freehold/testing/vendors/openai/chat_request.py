"""Reading a chat completion request as strictly as OpenAI does."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any

from freehold.testing.vendors.loopback import Json
from freehold.testing.vendors.openai import fields
from freehold.testing.vendors.openai.errors import invalid, missing
from freehold.testing.vendors.replies import Question, Tool, tokens

_ROLES = ("developer", "system", "user", "assistant", "tool", "function")
_PARTS = ("text", "image_url", "input_audio", "file", "refusal")
_REASONING = re.compile(r"(o\d|gpt-[5-9])")
_MESSAGE_OVERHEAD = 3
_IMAGE_TOKENS = 85


def reasons(model: str) -> bool:
    """Whether a model thinks before it speaks."""
    return _REASONING.match(model) is not None


def check(body: Json, *, strict: bool = True) -> None:
    """Raises the Failure with which OpenAI turns such a request away; not `strict`, as open servers do."""
    if unknown := sorted(body.keys() - fields.CHAT):
        raise invalid(f"Unrecognized request argument supplied: {unknown[0]}")
    if not body.get("messages"):
        raise missing("messages")
    if "stream_options" in body and body["stream_options"] is not None and not body.get("stream"):
        raise invalid("The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options")
    if body.get("top_logprobs") is not None and not body.get("logprobs"):
        raise invalid("The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.", "top_logprobs")
    if body.get("tool_choice") is not None and not body.get("tools"):
        raise invalid("'tool_choice' is only allowed when 'tools' are specified.", "tool_choice")
    if strict and reasons(body["model"]):
        _check_reasoning(body)
    _check_messages(body["messages"])
    _check_schema(body.get("response_format") or {})


def _check_reasoning(body: Json) -> None:
    if body.get("max_tokens") is not None:
        message = (
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
        )
        raise invalid(message, "max_tokens", "unsupported_parameter")
    if body.get("logprobs"):
        message = "You are not allowed to request logprobs from this model."
        raise invalid(message, "logprobs", "unsupported_parameter")


def _check_messages(messages: list[Json]) -> None:
    open_calls: set[str] = set()
    for place, message in enumerate(messages):
        role = message.get("role")
        if role not in _ROLES:
            raise invalid(f"Invalid value: '{role}'.", f"messages[{place}].role", "invalid_value")
        if role == "tool":
            if message.get("tool_call_id") not in open_calls:
                text = "messages with role 'tool' must be a response to a preceding message with 'tool_calls'."
                raise invalid(f"Invalid parameter: {text}", f"messages.[{place}].role")
            open_calls.discard(message["tool_call_id"])
            continue
        if open_calls:
            break
        open_calls = {call["id"] for call in message.get("tool_calls") or ()}
        _check_parts(message.get("content"), place)
    if open_calls:
        raise invalid(
            "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
            f"'tool_call_id'. The following tool_call_ids did not have response messages: {', '.join(sorted(open_calls))}",
            "messages",
        )


def _check_parts(content: Any, place: int) -> None:
    if content is None or isinstance(content, str):
        return
    for number, part in enumerate(content):
        where = f"messages[{place}].content[{number}]"
        if part.get("type") not in _PARTS:
            raise invalid(f"Invalid value: '{part.get('type')}'.", f"{where}.type", "invalid_value")
        if part["type"] == "image_url":
            _check_image(part["image_url"]["url"], where)


def _check_image(url: str, where: str) -> None:
    if url.startswith(("https://", "http://")):
        return
    head, _, data = url.partition(";base64,")
    try:
        if not head.startswith("data:image/") or not base64.b64decode(data, validate=True):
            raise ValueError(head)
    except (ValueError, binascii.Error):
        raise invalid("Invalid image data.", where, "invalid_image_url") from None


def _check_schema(response_format: Json) -> None:
    if response_format.get("type") != "json_schema":
        return
    named = response_format.get("json_schema")
    if not named or not named.get("name"):
        raise missing("response_format.json_schema.name")
    schema = named.get("schema", {})
    if named.get("strict") and schema.get("additionalProperties") is not False:
        text = "In context=(), 'additionalProperties' is required to be supplied and to be false."
        raise invalid(f"Invalid schema for response_format '{named['name']}': {text}", "response_format")


def question(body: Json) -> Question:
    """What the model is asked."""
    messages = body["messages"]
    last_user = max((place for place, message in enumerate(messages) if message["role"] == "user"), default=-1)
    text, images = read_content(messages[last_user].get("content")) if last_user >= 0 else ("", 0)
    results = [
        read_content(message.get("content"))[0] for message in messages[last_user + 1 :] if message["role"] == "tool"
    ]
    choice = body.get("tool_choice") or "auto"
    response_format = body.get("response_format") or {}
    stop = body.get("stop") or ()
    return Question(
        text=text,
        images=images,
        tool_results=tuple(results),
        tools=() if choice == "none" else tuple(_tools(body)),
        must_call=choice == "required",
        forced_tool=choice["function"]["name"] if isinstance(choice, dict) else "",
        parallel=body.get("parallel_tool_calls") is not False,
        schema=(response_format.get("json_schema") or {}).get("schema"),
        json_mode=response_format.get("type") == "json_object",
        thinks=reasons(body["model"]) and body.get("reasoning_effort") != "none",
        limit=body.get("max_completion_tokens") or body.get("max_tokens"),
        stop=(stop,) if isinstance(stop, str) else tuple(stop),
    )


def _tools(body: Json) -> list[Tool]:
    functions = [tool["function"] for tool in body.get("tools") or () if tool["type"] == "function"]
    return [Tool(function["name"], function.get("parameters") or {}) for function in functions]


def read_content(content: Any) -> tuple[str, int]:
    """Text of a message, and how many images it has."""
    if content is None or isinstance(content, str):
        return content or "", 0
    text = " ".join(part["text"] for part in content if part["type"] == "text")
    return text, sum(part["type"] == "image_url" for part in content)


def prompt_tokens(body: Json) -> list[str]:
    """The prompt in tokens, by which it is billed and cached."""
    found: list[str] = tokens(json.dumps(body["tools"])) if body.get("tools") else []
    for message in body["messages"]:
        text, images = read_content(message.get("content"))
        calls = json.dumps(message["tool_calls"]) if message.get("tool_calls") else ""
        overhead = [message["role"]] * _MESSAGE_OVERHEAD + ["image"] * (_IMAGE_TOKENS * images)
        found += [*overhead, *tokens(text), *tokens(calls)]
    return found
