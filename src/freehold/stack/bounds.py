"""How many tokens a request can come to at most, before anyone has counted.

A token is never shorter than a byte, so the request's size bounds its text. What stands for more than its bytes (an image, a
document, the words a provider adds for tools) is bounded by a flat allowance, an estimate on the safe side. The answer is
bounded by what the request or the model says; where neither does, the request must be given a bound before money depends on it.
"""

from __future__ import annotations

import math
import re
from copy import copy

import msgspec

from freehold.ground.errors import InvalidRequest
from freehold.ground.units import Usd
from freehold.words.asks import Ask
from freehold.words.dialects import GENERATIVE, Dialect
from freehold.words.offers import Offer
from freehold.words.prices import Price, Usage, cost

TOKENS_PER_ATTACHMENT = 50_000
"""More than any published price list charges for one image."""
TOKENS_FOR_TOOLS = 2_000
"""More than providers are known to put in front of a prompt that has tools."""
LEAST_AUDIO_RATE = 750.0
"""Bytes per second of the thinnest speech that codecs make (Opus at 6 kbit/s)."""
DEFAULT_OUTPUT = 16_384
"""Put into a request whose cost is limited and that has no bound of its own, where the model's bound is unknown."""

_DEFAULT_BOUND = msgspec.Raw(b"%d" % DEFAULT_OUTPUT)
_BOUND_FIELDS = {
    Dialect.CHAT: ("max_completion_tokens", "max_tokens"),
    Dialect.COMPLETIONS: ("max_tokens",),
    Dialect.RESPONSES: ("max_output_tokens",),
    Dialect.MESSAGES: ("max_tokens",),
}
# Inside a JSON string a quote is escaped, so these are found only where they are members of a part.
_ATTACHMENT = re.compile(rb'"type"\s*:\s*"(?:image|image_url|input_image|document|file|input_file)"')


_COUNTING = frozenset({"max_completion_tokens", "max_tokens", "max_output_tokens", "n", "best_of"})
"""Fields that say how much text may come back."""


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """What a request shows of its own size."""

    prompt: int
    """Tokens it can have at most."""
    output: int | None = None
    """Tokens that it allows each answer to have; None where it does not say."""
    answers: int = 1
    """How many answers it asks for; 0 where it asks for no text."""
    audio: float = 0.0
    """Seconds that the audio in it can last at most."""


def bounds_of(ask: Ask) -> Bounds:
    """Raises InvalidRequest where a bound in the request is no number."""
    if ask.upload is not None:
        return Bounds(prompt=ask.size, answers=0, audio=len(ask.upload.data) / LEAST_AUDIO_RATE)
    if ask.dialect not in GENERATIVE:
        return Bounds(prompt=ask.size, answers=0)
    fields = ask.fields
    content = bytes(fields.get("messages") or fields.get("input") or b"")
    prompt = ask.size
    if b'"type"' in content:
        prompt += len(_ATTACHMENT.findall(content)) * TOKENS_PER_ATTACHMENT
    if "tools" in fields or "functions" in fields:
        prompt += TOKENS_FOR_TOOLS
    if _COUNTING.isdisjoint(fields):
        return Bounds(prompt=prompt, answers=_prompts(ask))
    stated = [bound for name in _BOUND_FIELDS[ask.dialect] if (bound := _number(ask, name)) > 0]
    answers = max(1, _number(ask, "n"), _number(ask, "best_of")) * _prompts(ask)
    return Bounds(prompt=prompt, output=max(stated, default=None), answers=answers)


def within(bounds: Bounds, offer: Offer) -> Usage:
    """The most that `offer` can charge within `bounds`, in the dearest buckets. Prices are taken to rise with the prompt."""
    output = (bounds.output or offer.max_output or DEFAULT_OUTPUT) * bounds.answers
    price = offer.price
    if price is None:
        return Usage(input=bounds.prompt, output=output)
    tier = price.tier(bounds.prompt)
    if bounds.audio and tier.audio_minute is not None:
        return Usage(input=bounds.prompt if tier.input is not None else 0, audio_seconds=bounds.audio)
    return _in_dearest_buckets(tier, bounds.prompt, output)


def at_most(ask: Ask, offer: Offer) -> Usage:
    """The most that `offer` can charge for `ask`, in the dearest buckets."""
    return within(bounds_of(ask), offer)


def most_usd(ask: Ask, offer: Offer) -> Usd | None:
    """The most money that `offer` can charge for `ask`; None where its price is unknown."""
    return cost(offer.price, at_most(ask, offer))


def with_bound(ask: Ask, offer: Offer, bounds: Bounds | None = None) -> Ask:
    """`ask` with a bound on its answer, where neither it nor the offer has one. `bounds` are its own, if they are known."""
    if ask.dialect not in GENERATIVE or offer.max_output is not None or (bounds or bounds_of(ask)).output is not None:
        return ask
    names = _BOUND_FIELDS[ask.dialect]
    fields = {**ask.fields, names[-1]: _DEFAULT_BOUND}
    for name in names[:-1]:
        fields.pop(name, None)
    bounded = copy(ask)
    msgspec.structs.force_setattr(bounded, "fields", fields)  # half the price of `replace`, on a copy nobody has seen
    return bounded


def _in_dearest_buckets(price: Price, prompt: int, output: int) -> Usage:
    written = price.input is not None and (price.cache_write or 0.0) > price.input
    thought = price.output is not None and (price.reasoning or 0.0) > price.output
    return Usage(
        input=0 if written else prompt,
        cache_write=prompt if written else 0,
        output=0 if thought else output,
        reasoning=output if thought else 0,
    )


def _prompts(ask: Ask) -> int:
    """How many prompts there are, each answered by itself: Completions take a list of texts, or of lists of tokens."""
    if ask.dialect is not Dialect.COMPLETIONS:
        return 1
    raw = bytes(ask.fields.get("prompt") or b"").lstrip()
    if not raw.startswith(b"["):
        return 1
    return max(1, sum(bytes(each)[:1] in (b'"', b"[") for each in msgspec.json.decode(raw, type=list[msgspec.Raw])))


def _number(ask: Ask, name: str) -> int:
    """A field's value, rounded up; 0 where it is absent. Raises InvalidRequest where it is no number."""
    raw = ask.fields.get(name)
    if raw is None:
        return 0
    try:
        return math.ceil(msgspec.json.decode(raw, type=int | float | None) or 0)
    except (msgspec.DecodeError, OverflowError):
        raise InvalidRequest(f"The field {name!r} must be a whole number.", parameter=name) from None
