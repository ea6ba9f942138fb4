"""How many tokens a request can come to at most, before anyone has counted.

A token is never shorter than a byte, so the request's size bounds its text. What is fetched from elsewhere (an image by URL)
is bounded by a flat allowance instead. The answer is bounded by what the request or the model says; where neither does, the
request must be given a bound before money depends on it.
"""

from __future__ import annotations

import msgspec

from freehold.ground.units import Usd
from freehold.words.asks import Ask
from freehold.words.dialects import GENERATIVE, Dialect
from freehold.words.offers import Offer
from freehold.words.prices import Usage, cost

TOKENS_PER_LINKED_IMAGE = 50_000
"""More than any published price list charges for one image; an estimate on the safe side."""
DEFAULT_OUTPUT = 16_384
"""Put into a request under a money budget that has no bound of its own, where the model's bound is unknown."""

_BOUND_FIELDS = {
    Dialect.CHAT: ("max_completion_tokens", "max_tokens"),
    Dialect.COMPLETIONS: ("max_tokens",),
    Dialect.RESPONSES: ("max_output_tokens",),
    Dialect.MESSAGES: ("max_tokens",),
}


def output_bound(ask: Ask) -> int | None:
    """Tokens that the request allows its answers to have, all `n` of them together; None where it does not say."""
    for name in _BOUND_FIELDS.get(ask.dialect, ()):
        bound = _integer(ask, name)
        if bound is not None:
            return bound * (_integer(ask, "n") or 1)
    return None


def at_most(ask: Ask, offer: Offer) -> Usage:
    """The most that `offer` can charge for `ask`, as tokens of the dearest buckets."""
    size = ask.size
    messages = ask.fields.get("messages") or ask.fields.get("input")
    linked = bytes(messages).count(b'"http') if messages is not None else 0
    prompt = size + linked * TOKENS_PER_LINKED_IMAGE
    if ask.dialect not in GENERATIVE:
        return Usage(input=prompt)
    answers = _integer(ask, "n") or 1
    return Usage(input=prompt, output=output_bound(ask) or (offer.max_output or DEFAULT_OUTPUT) * answers)


def most_usd(ask: Ask, offer: Offer) -> Usd | None:
    """The most money that `offer` can charge for `ask`; None where its price is unknown."""
    return cost(offer.price, at_most(ask, offer))


def with_bound(ask: Ask, offer: Offer) -> Ask:
    """`ask` with a bound on its answer, where neither it nor the offer has one."""
    if ask.dialect not in GENERATIVE or offer.max_output is not None or output_bound(ask) is not None:
        return ask
    name = _BOUND_FIELDS[ask.dialect][-1]
    return msgspec.structs.replace(ask, fields={**ask.fields, name: msgspec.Raw(b"%d" % DEFAULT_OUTPUT)})


def _integer(ask: Ask, name: str) -> int | None:
    raw = ask.fields.get(name)
    if raw is None:
        return None
    try:
        return msgspec.json.decode(raw, type=int | None)
    except msgspec.DecodeError:
        return None
