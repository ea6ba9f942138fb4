"""Legacy text completions as OpenAI answers them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from freehold.testing.vendors.loopback import Json
from freehold.testing.vendors.openai import fields
from freehold.testing.vendors.openai.chat_answer import CREATED
from freehold.testing.vendors.openai.errors import invalid, missing
from freehold.testing.vendors.replies import Question, Reply, tokens

_DEFAULT_LIMIT = 16


def check(body: Json) -> None:
    """Raises the Failure with which OpenAI turns such a request away."""
    if unknown := sorted(body.keys() - fields.COMPLETIONS):
        raise invalid(f"Unrecognized request argument supplied: {unknown[0]}")
    if body.get("prompt") is None:
        raise missing("prompt")


def said(body: Json, number: int, reply: Callable[[Question], Reply]) -> Json:
    """A whole `text_completion`, with `n` choices for each prompt."""
    given = body["prompt"]
    prompts: list[str] = [given] if isinstance(given, str) else list(given)
    asked = [prompt for prompt in prompts for _ in range(body.get("n") or 1)]
    choices = [_choice(body, index, prompt, reply(_question(body, prompt))) for index, prompt in enumerate(asked)]
    prompt_tokens = sum(len(tokens(prompt)) for prompt in prompts)
    completion_tokens = sum(choice.pop("generated") for choice in choices)
    return {
        "id": f"cmpl-{number:08}",
        "object": "text_completion",
        "created": CREATED,
        "model": body["model"],
        "choices": choices,
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
        },
    }


def chunks(whole: Json, *, include_usage: bool) -> Iterator[Json]:
    """The same as a stream, without the closing [DONE]."""
    head = {name: value for name, value in whole.items() if name not in ("choices", "usage")}
    extra: Json = {"usage": None} if include_usage else {}
    for choice in whole["choices"]:
        for token in tokens(choice["text"]):
            part = {"index": choice["index"], "text": token, "logprobs": None, "finish_reason": None}
            yield {**head, "choices": [part], **extra}
        last = {"index": choice["index"], "text": "", "logprobs": None, "finish_reason": choice["finish_reason"]}
        yield {**head, "choices": [last], **extra}
    if include_usage:
        yield {**head, "choices": [], "usage": whole["usage"]}


def _question(body: Json, prompt: str) -> Question:
    stop = body.get("stop") or ()
    limit = body.get("max_tokens")
    return Question(
        text=prompt,
        limit=_DEFAULT_LIMIT if limit is None else limit,
        stop=(stop,) if isinstance(stop, str) else tuple(stop),
    )


def _choice(body: Json, index: int, prompt: str, reply: Reply) -> Json:
    return {
        "index": index,
        "text": (prompt if body.get("echo") else "") + reply.text,
        "logprobs": _logprobs(reply.text, body["logprobs"]) if body.get("logprobs") else None,
        "finish_reason": "length" if reply.cut else "stop",
        "generated": len(tokens(reply.text)),
    }


def _logprobs(text: str, top: int) -> Json:
    words = tokens(text)
    offsets = [sum(map(len, words[:place])) for place in range(len(words))]
    return {
        "tokens": words,
        "token_logprobs": [-0.25] * len(words),
        "top_logprobs": [{word: -0.25} for word in words] if top else None,
        "text_offset": offsets,
    }
