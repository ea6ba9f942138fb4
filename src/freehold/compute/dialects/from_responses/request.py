"""The fields of a Responses request as chat fields."""

from __future__ import annotations

from typing import Any

from freehold.compute.dialects.from_responses.items import chat_messages
from freehold.compute.dialects.from_responses.tools import chat_tools
from freehold.compute.dialects.limits import chat_limit
from freehold.compute.dialects.members import Members, present
from freehold.words.offers import Offer

_HARMLESS = (
    "model",
    "stream",
    "max_tool_calls",
    "metadata",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "safety_identifier",
    "service_tier",
    "stream_options",
    "user",
)
_STATE = "nothing is kept between requests"
_LOGPROBS = "message.output_text.logprobs"
_INCLUDES = frozenset(
    {
        _LOGPROBS,
        "reasoning.encrypted_content",
        "code_interpreter_call.outputs",
        "computer_call_output.output.image_url",
        "file_search_call.results",
        "web_search_call.action.sources",
        "web_search_call.results",
    }
)


def responses_to_chat(asked: dict[str, Any], offer: Offer) -> dict[str, Any]:
    """Raises NotTranslatable, naming what Chat Completions has no words for."""
    members = Members(asked, towards="Chat Completions")
    members.leave_out(*_HARMLESS)
    _refuse_state(members)
    fields = present(
        messages=chat_messages(members, offer.provider),
        temperature=members.number("temperature"),
        top_p=members.number("top_p"),
        **chat_tools(members),
        **chat_limit(members.whole("max_output_tokens"), offer),
        **_reasoning(members.members("reasoning")),
        **_text(members.members("text")),
        **_logprobs(members),
    )
    members.finish()
    return fields


def _refuse_state(members: Members) -> None:
    for name in ("previous_response_id", "conversation", "prompt"):
        if members.value(name) is not None:
            members.refuse(name, _STATE)
    for name in ("background", "store"):
        if members.flag(name):
            members.refuse(name, _STATE)
    members.accept_only("truncation", "disabled")


def _reasoning(reasoning: Members | None) -> dict[str, Any]:
    if reasoning is None:
        return {}
    reasoning.leave_out("summary", "generate_summary")
    reasoning.accept_only("context", "auto")
    reasoning.accept_only("mode", "standard")
    effort = reasoning.text("effort")
    reasoning.finish()
    return present(reasoning_effort=effort)


def _text(text: Members | None) -> dict[str, Any]:
    if text is None:
        return {}
    verbosity = text.text("verbosity")
    shape = text.members("format")
    text.finish()
    return present(
        verbosity=None if verbosity == "medium" else verbosity,
        response_format=None if shape is None else _response_format(shape),
    )


def _response_format(shape: Members) -> dict[str, Any] | None:
    chosen: dict[str, Any] | None = None
    match shape.need_text("type"):
        case "text":
            pass
        case "json_object":
            chosen = {"type": "json_object"}
        case "json_schema":
            names = ("name", "description", "schema", "strict")
            described = present(**{name: shape.value(name) for name in names})
            chosen = {"type": "json_schema", "json_schema": described}
        case _:
            shape.refuse("type")
    shape.finish()
    return chosen


def _logprobs(members: Members) -> dict[str, Any]:
    included = members.texts("include") or []
    for i, name in enumerate(included):
        if name not in _INCLUDES:
            members.refuse(f"include[{i}]")
    count = members.whole("top_logprobs")
    if count:
        return {"logprobs": True, "top_logprobs": count}
    return {"logprobs": True} if _LOGPROBS in included else {}
