"""The fields of a Messages request as chat fields."""

from __future__ import annotations

from typing import Any

from freehold.compute.dialects.from_messages.tools import chat_tools
from freehold.compute.dialects.from_messages.turns import chat_messages
from freehold.compute.dialects.limits import chat_limit
from freehold.compute.dialects.members import Members, present
from freehold.words.dialects import Capability
from freehold.words.offers import Offer

_HARMLESS = (
    "model",
    "stream",
    "cache_control",
    "metadata",
    "service_tier",
    "speed",
    "diagnostics",
    "user_profile_id",
    "workspace_id",
)
_LITTLE, _MUCH = 4096, 16384
"""Thinking budgets, in tokens, below and above which effort counts as low and high."""


def messages_to_chat(asked: dict[str, Any], offer: Offer) -> dict[str, Any]:
    """Raises NotTranslatable, naming what Chat Completions has no words for."""
    members = Members(asked, towards="Chat Completions")
    members.leave_out(*_HARMLESS)
    _keep_context(members)
    fields = present(
        messages=chat_messages(members, offer.provider),
        stop=members.texts("stop_sequences") or None,
        temperature=members.number("temperature"),
        top_p=members.number("top_p"),
        top_k=members.whole("top_k"),
        **chat_limit(_limit(members), offer),
        **chat_tools(members),
        **_output(members, offer),
    )
    members.finish()
    return fields


def _limit(members: Members) -> int | None:
    limit = members.whole("max_tokens")
    if limit == 0:
        members.refuse("max_tokens", "zero only fills Anthropic's cache")
    return limit


def _keep_context(members: Members) -> None:
    """Clearing old thinking is what other providers do anyway; every other edit changes what the model sees."""
    management = members.members("context_management")
    if management is not None:
        for edit in management.many("edits") or ():
            if not edit.need_text("type").startswith("clear_thinking"):
                edit.refuse("type")
        management.finish()


def _output(members: Members, offer: Offer) -> dict[str, Any]:
    """Reasoning effort and structured output, which Messages keeps side by side."""
    reasons = Capability.REASONING in offer.capabilities
    effort = _thinking(members, reasons)
    schema = members.members("output_format")
    config = members.members("output_config")
    if config is not None:
        wanted = config.text("effort")
        effort = wanted if wanted and (effort or reasons) else effort
        schema = config.members("format") or schema
        config.finish()
    return present(reasoning_effort=effort, response_format=None if schema is None else _response_format(schema))


def _thinking(members: Members, reasons: bool) -> str | None:
    thinking = members.members("thinking")
    if thinking is None:
        return None
    thinking.leave_out("display")
    kind, budget = thinking.need_text("type"), thinking.whole("budget_tokens")
    thinking.finish()
    if kind == "enabled":
        return "medium" if budget is None else "low" if budget < _LITTLE else "high" if budget >= _MUCH else "medium"
    if kind == "disabled":
        return "none" if reasons else None
    if kind != "adaptive":
        thinking.refuse("type")
    return None


def _response_format(schema: Members) -> dict[str, Any]:
    schema.accept_only("type", "json_schema")
    described = schema.mapping("schema") or {}
    schema.finish()
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": described, "strict": True}}
