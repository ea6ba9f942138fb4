"""(Legacy) Completions requests, translated to Chat Completions: the prompt becomes the user's message.

`user` is carried over. A missing `max_tokens` stays missing: OpenAI's default of 16 is not imposed. Of the answer,
reasoning is left out, because the dialect has no place for it.
"""

from __future__ import annotations

from typing import Any

from freehold.compute.dialects.limits import chat_limit
from freehold.compute.dialects.members import Members, present
from freehold.ground.errors import InvalidRequest
from freehold.words.offers import Offer

_SAME = (
    "n",
    "stop",
    "temperature",
    "top_p",
    "top_k",
    "frequency_penalty",
    "presence_penalty",
    "logit_bias",
    "seed",
    "user",
)


def completions_to_chat(asked: dict[str, Any], offer: Offer) -> dict[str, Any]:
    """Raises NotTranslatable, naming what Chat Completions has no words for."""
    members = Members(asked, towards="Chat Completions")
    members.leave_out("model", "stream", "stream_options")
    members.accept_only("echo", False)
    members.accept_only("suffix", "")
    members.accept_only("best_of", 1)
    fields = present(
        messages=[{"role": "user", "content": _prompt(members)}],
        **{name: members.value(name) for name in _SAME},
        **chat_limit(members.whole("max_tokens"), offer),
        **_logprobs(members),
    )
    members.finish()
    return fields


def _prompt(members: Members) -> str:
    prompt = members.value("prompt")
    if isinstance(prompt, list) and len(prompt) == 1:
        prompt = prompt[0]
    if isinstance(prompt, list):
        members.refuse("prompt", "a chat has one prompt, in words rather than tokens")
    if not isinstance(prompt, str):
        raise InvalidRequest("`prompt` must be a string.", parameter="prompt")
    return prompt


def _logprobs(members: Members) -> dict[str, Any]:
    count = members.whole("logprobs")
    if count is None:
        return {}
    return {"logprobs": True, "top_logprobs": count} if count else {"logprobs": True}
