"""Reading a Responses request as strictly as OpenAI does."""

from __future__ import annotations

from typing import Any

from freehold.testing.vendors.loopback import Json
from freehold.testing.vendors.openai import fields
from freehold.testing.vendors.openai.chat_request import reasons
from freehold.testing.vendors.openai.errors import invalid, missing
from freehold.testing.vendors.replies import Question, Tool, tokens

_TEXT_PARTS = ("input_text", "output_text")


def check(body: Json) -> None:
    """Raises the Failure with which OpenAI turns such a request away."""
    if unknown := sorted(body.keys() - fields.RESPONSES):
        raise invalid(f"Unknown parameter: '{unknown[0]}'.", unknown[0], "unknown_parameter")
    if not body.get("input"):
        raise missing("input")
    for place, tool in enumerate(body.get("tools") or ()):
        if tool.get("type") == "function" and not tool.get("name"):
            raise missing(f"tools[{place}].name")


def items(body: Json) -> list[Json]:
    """The input as items, each with its type."""
    given = body["input"]
    if isinstance(given, str):
        return [{"type": "message", "role": "user", "content": given}]
    return [{"type": "message", **item} for item in given]


def check_items(history: list[Json]) -> None:
    """Every result of a call must belong to a call, and every call have its result."""
    calls = {item["call_id"] for item in history if item["type"] == "function_call"}
    results = {item["call_id"] for item in history if item["type"] == "function_call_output"}
    if lost := sorted(results - calls):
        raise invalid(f"No tool call found for function call output with call_id {lost[0]}.", "input")
    if unanswered := sorted(calls - results):
        raise invalid(f"No tool output found for function call {unanswered[0]}.", "input")


def question(body: Json, history: list[Json]) -> Question:
    """What the model is asked; `history` is everything said so far, this request's items last."""
    messages = [place for place, item in enumerate(history) if item["type"] == "message" and item["role"] == "user"]
    last_user = messages[-1] if messages else -1
    text, images = read_content(history[last_user]["content"]) if messages else ("", 0)
    results = [_result(item) for item in history[last_user + 1 :] if item["type"] == "function_call_output"]
    choice: Any = body.get("tool_choice") or "auto"
    shape = (body.get("text") or {}).get("format") or {}
    return Question(
        text=text,
        images=images,
        tool_results=tuple(results),
        tools=() if choice == "none" else tuple(_tools(body)),
        must_call=choice == "required",
        forced_tool=choice.get("name", "") if isinstance(choice, dict) else "",
        parallel=body.get("parallel_tool_calls") is not False,
        schema=shape.get("schema"),
        json_mode=shape.get("type") == "json_object",
        thinks=reasons(body["model"]) and (body.get("reasoning") or {}).get("effort") != "none",
        limit=body.get("max_output_tokens"),
    )


def prompt_tokens(body: Json, history: list[Json]) -> list[str]:
    """The prompt in tokens."""
    found = tokens(body.get("instructions") or "")
    for item in history:
        if item["type"] == "message":
            found += [item["role"], *tokens(read_content(item["content"])[0])]
        else:
            found += [item["type"], *tokens(str(item.get("arguments") or item.get("output") or ""))]
    return found


def read_content(content: Any) -> tuple[str, int]:
    """Text of a message, and how many images it has."""
    if isinstance(content, str):
        return content, 0
    text = " ".join(part["text"] for part in content if part["type"] in _TEXT_PARTS)
    return text, sum(part["type"] == "input_image" for part in content)


def _result(item: Json) -> str:
    output = item["output"]
    return output if isinstance(output, str) else read_content(output)[0]


def _tools(body: Json) -> list[Tool]:
    functions = [tool for tool in body.get("tools") or () if tool["type"] == "function"]
    return [Tool(function["name"], function.get("parameters") or {}) for function in functions]
