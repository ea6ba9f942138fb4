"""Reasoning and structured output of a chat request in the words of Messages."""

from __future__ import annotations

from typing import Any

from freehold.compute.dialects.members import Members
from freehold.compute.dialects.readers.messages import JSON_TOOL
from freehold.compute.dialects.to_messages.models import thinks_adaptively

_LEAST_BUDGET = 1024
_SHARES = {"minimal": 0.1, "low": 0.2, "medium": 0.5, "high": 0.8, "xhigh": 0.9, "max": 0.95}
"""What part of the bound on tokens may be thought away, for models that take a budget instead of an effort."""


def output_fields(members: Members, fields: dict[str, Any], *, model: str) -> None:
    """Add `thinking`, `output_config` and, for JSON mode, a tool to `fields`."""
    thinking = members.mapping("thinking")
    effort, budget = _reasoning(members)
    if thinking is not None:
        fields["thinking"] = thinking
    elif budget is not None:
        fields["thinking"] = {"type": "enabled", "budget_tokens": budget}
    elif effort == "none":
        fields["thinking"] = {"type": "disabled"}
    elif effort is not None:
        _think(members, fields, effort, adaptively=thinks_adaptively(model))
    _structure(members, fields)


def _reasoning(members: Members) -> tuple[str | None, int | None]:
    """Effort and budget, as OpenAI or as OpenRouter writes them."""
    effort, budget = members.text("reasoning_effort"), None
    reasoning = members.members("reasoning")
    if reasoning is not None:
        reasoning.accept_only("exclude", False)
        effort = reasoning.text("effort") or effort
        budget = reasoning.whole("max_tokens")
        enabled = reasoning.flag("enabled")
        if effort is None and enabled is not None:
            effort = "medium" if enabled else "none"
        reasoning.finish()
    if effort is not None and effort != "none" and effort not in _SHARES:
        members.refuse("reasoning_effort")
    return effort, budget


def _think(members: Members, fields: dict[str, Any], effort: str, *, adaptively: bool) -> None:
    if adaptively:
        fields["thinking"] = {"type": "adaptive"}
        fields["output_config"] = {"effort": "low" if effort == "minimal" else effort}
        return
    limit = fields["max_tokens"]
    if limit <= _LEAST_BUDGET:
        members.refuse("reasoning_effort", f"this model needs a bound of more than {_LEAST_BUDGET} tokens to think")
    budget = min(max(_LEAST_BUDGET, int(limit * _SHARES[effort])), limit - 1)
    fields["thinking"] = {"type": "enabled", "budget_tokens": budget}


def _structure(members: Members, fields: dict[str, Any]) -> None:
    shape = members.members("response_format")
    if shape is None:
        return
    match shape.need_text("type"):
        case "text":
            pass
        case "json_schema":
            fields["output_config"] = {**fields.get("output_config", {}), "format": _schema(shape)}
        case "json_object":
            if "tools" in fields or "thinking" in fields:
                members.refuse("response_format", "there is no JSON mode beside tools or thinking; use a JSON schema")
            fields["tools"] = [_JSON_TOOL]
            fields["tool_choice"] = {"type": "tool", "name": JSON_TOOL}
        case _:
            shape.refuse("type")
    shape.finish()


_JSON_TOOL = {
    "name": JSON_TOOL,
    "description": "Give your whole answer as the input of this tool: one JSON object.",
    "input_schema": {"type": "object"},
}


def _schema(shape: Members) -> dict[str, Any]:
    described = shape.need_members("json_schema")
    described.leave_out("name", "strict")
    schema = described.mapping("schema") or {"type": "object"}
    description = described.text("description")
    described.finish()
    if description and "description" not in schema:
        schema = {**schema, "description": description}
    return {"type": "json_schema", "schema": schema}
