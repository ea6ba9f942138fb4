"""Reading a Messages request as strictly as Anthropic does."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from freehold.testing.vendors.anthropic.errors import invalid
from freehold.testing.vendors.loopback import Json
from freehold.testing.vendors.replies import Question, Tool, tokens

_MESSAGES = """
cache_control container diagnostics inference_geo max_tokens messages metadata model output_config service_tier speed
stop_sequences stream system temperature thinking tool_choice tools top_k top_p user_profile_id workspace_id
"""
_COUNT = (
    "cache_control messages model output_config speed system thinking tool_choice tools user_profile_id workspace_id"
)
MESSAGES_FIELDS = frozenset(_MESSAGES.split())
COUNT_FIELDS = frozenset(_COUNT.split())

_FIFTH_GENERATION = re.compile(r"claude-[a-z]+-[5-9]")
_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_LEAST_BUDGET = 1024
_IMAGE_TOKENS = 200


class Span(msgspec.Struct, frozen=True):
    """A stretch of the prompt, in tokens, and how long it is to be cached: "", "5m" or "1h"."""

    tokens: tuple[str, ...]
    cached_for: str = ""


def check(body: Json, known: frozenset[str], *, version: str) -> None:
    """Raises the Failure with which Anthropic turns such a request away."""
    for field in ("messages", "max_tokens"):
        if field in known and body.get(field) is None:
            raise invalid(f"{field}: Field required")
    if unknown := sorted(body.keys() - known):
        raise invalid(f"{unknown[0]}: Extra inputs are not permitted")
    if not body["messages"]:
        raise invalid("messages: at least one message is required")
    if version == "2023-06-01":
        _check_sampling(body)
    else:
        _check_version_2026(body)
    _check_thinking(body)
    _check_tools(body.get("tools") or [])
    _check_turns(body["messages"])


def _check_sampling(body: Json) -> None:
    if not _FIFTH_GENERATION.match(body["model"]):
        return
    for name, default in (("temperature", 1), ("top_p", 1), ("top_k", None)):
        if body.get(name) not in (None, default):
            raise invalid(f"{name}: this model does not support non-default sampling parameters")


def _check_version_2026(body: Json) -> None:
    for name in ("temperature", "top_p", "top_k"):
        if body.get(name) is not None:
            raise invalid(f"{name}: Extra inputs are not permitted")
    for place, message in enumerate(body["messages"]):
        for block in blocks(message.get("content") or ()):
            if block["type"] == "document" and message.get("role") == "assistant":
                raise invalid(f"messages.{place}: document blocks are not permitted in assistant messages")
            if block["type"] == "text" and block.get("citations") and message.get("role") == "user":
                raise invalid(f"messages.{place}: citations are not permitted in user messages")


def _check_thinking(body: Json) -> None:
    thinking = body.get("thinking") or {}
    if thinking.get("type") not in ("enabled", "adaptive"):
        return
    if (body.get("tool_choice") or {}).get("type") in ("any", "tool"):
        raise invalid("Thinking may not be enabled when tool_choice forces tool use.")
    if thinking["type"] == "enabled":
        if _FIFTH_GENERATION.match(body["model"]):
            raise invalid("thinking.type: this model does not support manual extended thinking; use 'adaptive'")
        budget = thinking.get("budget_tokens", 0)
        if budget < _LEAST_BUDGET:
            raise invalid(f"thinking.enabled.budget_tokens: Input should be greater than or equal to {_LEAST_BUDGET}")
        if budget >= body.get("max_tokens", budget + 1):
            raise invalid("`max_tokens` must be greater than `thinking.budget_tokens`.")


def _check_tools(tools: list[Json]) -> None:
    for place, tool in enumerate(tools):
        if tool.get("type", "custom") != "custom":
            continue
        if not _TOOL_NAME.fullmatch(tool.get("name", "")):
            raise invalid(f"tools.{place}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'")
        if (tool.get("input_schema") or {}).get("type") != "object":
            raise invalid(f"tools.{place}.custom.input_schema.type: Input should be 'object'")


def _check_turns(messages: list[Json]) -> None:
    if messages[0].get("role") != "user":
        raise invalid('messages: first message must use the "user" role')
    waiting: set[str] = set()
    for place, message in enumerate(messages):
        if message.get("role") not in ("user", "assistant"):
            raise invalid(f"messages.{place}.role: Input should be 'user' or 'assistant'")
        found = blocks(message["content"])
        _check_text(found)
        results = {block["tool_use_id"] for block in found if block["type"] == "tool_result"}
        if lost := sorted(results - waiting):
            raise invalid(
                f"messages.{place}.content.0: unexpected `tool_use_id` found in `tool_result` blocks: {lost[0]}. "
                "Each `tool_result` block must have a corresponding `tool_use` block in the previous message."
            )
        if missing := sorted(waiting - results):
            raise invalid(
                f"messages.{place - 1}: `tool_use` ids were found without `tool_result` blocks immediately after: "
                f"{', '.join(missing)}."
            )
        waiting = {block["id"] for block in found if block["type"] == "tool_use"}


def _check_text(found: list[Json]) -> None:
    if not found or any(block["type"] == "text" and not block.get("text") for block in found):
        raise invalid("messages: text content blocks must be non-empty")


def blocks(content: Any) -> list[Json]:
    """Content as blocks."""
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content)


def question(body: Json) -> Question:
    """What the model is asked."""
    spoken = [place for place, message in enumerate(body["messages"]) if _speaks(message)]
    last = blocks(body["messages"][spoken[-1]]["content"]) if spoken else []
    since = [
        block for message in body["messages"][spoken[-1] if spoken else 0 :] for block in blocks(message["content"])
    ]
    choice = body.get("tool_choice") or {"type": "auto"}
    shape = (body.get("output_config") or {}).get("format") or {}
    return Question(
        text=" ".join(block["text"] for block in last if block["type"] == "text"),
        images=sum(block["type"] == "image" for block in last),
        tool_results=tuple(_result(block) for block in since if block["type"] == "tool_result"),
        tools=() if choice["type"] == "none" else tuple(_tools(body)),
        must_call=choice["type"] == "any",
        forced_tool=choice.get("name", ""),
        parallel=not choice.get("disable_parallel_tool_use", False),
        schema=shape.get("schema"),
        thinks=(body.get("thinking") or {}).get("type") in ("enabled", "adaptive"),
        limit=body.get("max_tokens"),
        stop=tuple(body.get("stop_sequences") or ()),
    )


def spans(body: Json) -> list[Span]:
    """The prompt in the order in which it is cached: tools, system, messages."""
    found = [_span(tool, json.dumps(_uncached(tool))) for tool in body.get("tools") or ()]
    found += [_span(block, block["text"]) for block in blocks(body.get("system") or ())]
    for message in body["messages"]:
        found.append(Span((message["role"],) * 3))
        found += [_block_span(block) for block in blocks(message["content"])]
    if body.get("cache_control"):
        found[-1] = Span(found[-1].tokens, _ttl(body))
    return found


def _block_span(block: Json) -> Span:
    if block["type"] == "image":
        return Span(tuple(json.dumps(block["source"])[:40] for _ in range(_IMAGE_TOKENS)), _ttl(block))
    text = block.get("text") if block["type"] == "text" else json.dumps(_uncached(block))
    return _span(block, str(text))


def _span(block: Json, text: str) -> Span:
    return Span(tuple(tokens(text)), _ttl(block))


def _ttl(block: Json) -> str:
    control = block.get("cache_control")
    return str(control.get("ttl", "5m")) if control else ""


def _uncached(block: Json) -> Json:
    return {name: value for name, value in block.items() if name != "cache_control"}


def _speaks(message: Json) -> bool:
    return message["role"] == "user" and any(block["type"] != "tool_result" for block in blocks(message["content"]))


def _result(block: Json) -> str:
    return " ".join(part["text"] for part in blocks(block.get("content") or ()) if part["type"] == "text")


def _tools(body: Json) -> list[Tool]:
    custom = [tool for tool in body.get("tools") or () if tool.get("type", "custom") == "custom"]
    return [Tool(tool["name"], tool["input_schema"]) for tool in custom]
