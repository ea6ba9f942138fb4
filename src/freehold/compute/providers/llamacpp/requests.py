"""From an ask to what an engine is sent. What the engine would silently get wrong is refused here, by name."""

from __future__ import annotations

import msgspec

from freehold.compute.providers.embedding_input import refuse_token_arrays
from freehold.compute.providers.llamacpp.engine import Engine
from freehold.ground.errors import CannotServe, InvalidRequest
from freehold.words.asks import Ask
from freehold.words.dialects import Dialect
from freehold.words.offers import Offer

TARGETS = {
    Dialect.CHAT: "/v1/chat/completions",
    Dialect.COMPLETIONS: "/v1/completions",
    Dialect.EMBEDDINGS: "/v1/embeddings",
    Dialect.COUNT_TOKENS: "/v1/messages/count_tokens",
}
_LONGEST_COUNT = 64 << 20


class _Input(msgspec.Struct):
    input: str | list[str]


class _Function(msgspec.Struct):
    name: str


class _Choice(msgspec.Struct):
    """A tool, or the choice of one: both name a function."""

    function: _Function


class _Tokens(msgspec.Struct):
    tokens: list[int]


def body_for(ask: Ask, offer: Offer) -> bytes:
    """The ask's own members, with the engine's name for the model. Raises CannotServe for what the engine does not do."""
    if ask.dialect not in TARGETS or ask.dialect not in offer.dialects:
        raise CannotServe(f"{offer.name} does not speak {ask.dialect.value}.")
    if ask.dialect is Dialect.EMBEDDINGS:
        refuse_token_arrays(ask)
        if _says(ask, "dimensions"):
            raise CannotServe(f"{offer.name} has vectors of one length only: leave dimensions out.")
    if _says(ask, "n") and bytes(ask.fields["n"]) != b"1":
        raise CannotServe(f"{offer.name} makes one choice per request.", advice="Ask several times instead of with n.")
    fields = dict(ask.fields)
    fields["model"] = msgspec.Raw(msgspec.json.encode(offer.model))
    fields["stream"] = msgspec.Raw(b"true" if ask.stream else b"false")
    if bytes(fields.get("tool_choice", b"null")).startswith(b"{"):
        _force_named_tool(fields, offer)
    return msgspec.json.encode(fields)


def _force_named_tool(fields: dict[str, msgspec.Raw], offer: Offer) -> None:
    """The engine takes a choice by name for "auto". A call being required, and one tool being there, comes to the same."""
    try:
        name = msgspec.json.decode(fields["tool_choice"], type=_Choice).function.name
        tools = msgspec.json.decode(fields.get("tools", b"[]"), type=list[msgspec.Raw])
        named = [tool for tool in tools if msgspec.json.decode(tool, type=_Choice).function.name == name]
    except msgspec.DecodeError:
        raise CannotServe(f"{offer.name} takes a tool_choice of auto, none, required or one function.") from None
    if not named:
        raise InvalidRequest(f"tool_choice names {name!r}, which is not among the tools.", parameter="tool_choice")
    fields["tools"] = msgspec.Raw(msgspec.json.encode(named))
    fields["tool_choice"] = msgspec.Raw(b'"required"')


async def check_lengths(engine: Engine, body: bytes, context: int) -> None:
    """Raises CannotServe where a text to embed is longer than the context, which the engine takes for a fault of its own.

    Costs nothing for texts that are short enough in bytes.
    """
    try:
        given = msgspec.json.decode(body, type=_Input).input
    except msgspec.DecodeError as error:
        raise InvalidRequest(f"The input cannot be read: {error}.", parameter="input") from error
    for place, text in enumerate([given] if isinstance(given, str) else given):
        if len(text.encode()) > context - 2 and (count := await _count(engine, text)) > context:
            raise CannotServe(
                f"Input {place} has {count} tokens; this model reads {context}.", advice="Split the text."
            )


async def _count(engine: Engine, text: str) -> int:
    exchange = await engine.send("/tokenize", msgspec.json.encode({"content": text, "add_special": True}))
    try:
        return len(msgspec.json.decode(await exchange.body(_LONGEST_COUNT), type=_Tokens).tokens)
    finally:
        exchange.close()


def _says(ask: Ask, name: str) -> bool:
    return bytes(ask.fields.get(name, b"null")) != b"null"
