"""The fields of a chat request as Messages fields."""

from __future__ import annotations

from typing import Any

from freehold.compute.dialects.limits import messages_limit
from freehold.compute.dialects.members import Members, present
from freehold.compute.dialects.to_messages.models import takes_late_system
from freehold.compute.dialects.to_messages.output import output_fields
from freehold.compute.dialects.to_messages.tools import messages_tools
from freehold.compute.dialects.to_messages.turns import messages_turns
from freehold.words.offers import Offer

TOWARDS = "Anthropic Messages"

_HARMLESS = (
    "model",
    "stream",
    "stream_options",
    "metadata",
    "service_tier",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "prediction",
)


def chat_to_messages(asked: dict[str, Any], offer: Offer) -> dict[str, Any]:
    """Raises NotTranslatable, naming what Messages has no words for."""
    members = Members(asked, towards=TOWARDS)
    members.leave_out(*_HARMLESS)
    _refuse_what_claude_has_not(members)
    limit = messages_limit(_asked_limit(members), offer)
    fields = {
        "max_tokens": limit,
        **messages_turns(members, late_system=takes_late_system(offer.model)),
        **messages_tools(members),
        **_sampling(members),
    }
    output_fields(members, fields, model=offer.model)
    user = members.text("user")
    user = members.text("safety_identifier") or user
    if user:
        fields["metadata"] = {"user_id": user}
    members.finish()
    return fields


def _refuse_what_claude_has_not(members: Members) -> None:
    members.accept_only("n", 1)
    members.accept_only("frequency_penalty", 0)
    members.accept_only("presence_penalty", 0)
    members.accept_only("logit_bias", {})
    members.accept_only("store", False)
    members.accept_only("modalities", ["text"])
    members.accept_only("verbosity", "medium")
    if members.flag("logprobs"):
        members.refuse("logprobs")
    members.accept_only("top_logprobs", 0)
    for name in ("functions", "function_call"):
        if members.value(name) is not None:
            members.refuse(name, "it is long deprecated: use `tools`")


def _asked_limit(members: Members) -> int | None:
    old, new = members.whole("max_tokens"), members.whole("max_completion_tokens")
    return old if new is None else new


def _sampling(members: Members) -> dict[str, Any]:
    """Newer models refuse these altogether, so the defaults, which are the same in both dialects, are left out."""
    temperature, top_p = members.number("temperature"), members.number("top_p")
    if temperature is not None and temperature > 1:
        members.refuse("temperature", "it goes from 0 to 1 there")
    return present(
        temperature=None if temperature == 1 else temperature,
        top_p=None if top_p == 1 else top_p,
        top_k=members.whole("top_k"),
        stop_sequences=members.text_or_texts("stop") or None,
    )
