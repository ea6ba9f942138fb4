"""One ask, translated into a dialect that its offer speaks, and the answer translated back. Pure: no I/O, no clock.

Every route goes through Chat Completions: an ask that is not in it is brought into it, and from there, where the offer
speaks Messages only, into Messages. Answers come back in one step, through `pieces`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import msgspec

from freehold.compute.dialects.from_completions import completions_to_chat
from freehold.compute.dialects.from_messages import messages_to_chat
from freehold.compute.dialects.from_responses import responses_to_chat
from freehold.compute.dialects.members import decode_fields, encode_fields
from freehold.compute.dialects.readers.chat import ChatReader
from freehold.compute.dialects.readers.messages import JSON_TOOL, MessagesReader
from freehold.compute.dialects.readers.reader import Reader
from freehold.compute.dialects.sse import Event
from freehold.compute.dialects.to_messages import chat_to_messages
from freehold.compute.dialects.writers.chat import ChatWriter
from freehold.compute.dialects.writers.completions import CompletionsWriter
from freehold.compute.dialects.writers.messages import MessagesWriter
from freehold.compute.dialects.writers.responses import ResponsesWriter
from freehold.compute.dialects.writers.writer import Setting, Writer
from freehold.ground.errors import CannotServe
from freehold.words.asks import Ask
from freehold.words.dialects import Dialect
from freehold.words.offers import Offer
from freehold.words.prices import NO_USAGE, Usage

ROUTES: dict[Dialect, tuple[Dialect, ...]] = {
    Dialect.CHAT: (Dialect.MESSAGES,),
    Dialect.COMPLETIONS: (Dialect.CHAT, Dialect.MESSAGES),
    Dialect.RESPONSES: (Dialect.CHAT, Dialect.MESSAGES),
    Dialect.MESSAGES: (Dialect.CHAT,),
}
"""Which foreign dialects an ask can be put into, best first."""

_TO_CHAT: dict[Dialect, Callable[[dict[str, Any], Offer], dict[str, Any]]] = {
    Dialect.COMPLETIONS: completions_to_chat,
    Dialect.RESPONSES: responses_to_chat,
    Dialect.MESSAGES: messages_to_chat,
}
_WRITERS: dict[Dialect, Callable[[Setting], Writer]] = {
    Dialect.CHAT: ChatWriter,
    Dialect.COMPLETIONS: CompletionsWriter,
    Dialect.RESPONSES: ResponsesWriter,
    Dialect.MESSAGES: MessagesWriter,
}


def route(dialect: Dialect, spoken: Collection[Dialect]) -> Dialect | None:
    """The dialect to translate into, for an offer that speaks those; None if there is no way."""
    return next((way for way in ROUTES.get(dialect, ()) if way in spoken), None)


class Translation:
    """Made for one ask and one offer. Raises NotTranslatable, naming what gets lost, or CannotServe if there is no way."""

    def __init__(self, ask: Ask, offer: Offer, *, created: int) -> None:
        spoken = route(ask.dialect, offer.dialects)
        if spoken is None:
            raise CannotServe(f"{offer.name} does not speak {ask.dialect}, nor anything it can be translated into.")
        asked = decode_fields(ask.fields)
        self._fields = _translate(asked, ask.dialect, spoken, offer)
        if ask.stream:
            self._fields["stream"] = True
        self._dialect = ask.dialect
        self._spoken = spoken
        self._setting = Setting(id=ask.id, created=created, provider=offer.provider, model=offer.model, asked=asked)
        self.ask = msgspec.structs.replace(ask, dialect=spoken, fields=self.request())
        """What to ask the provider."""

    def request(self) -> dict[str, msgspec.Raw]:
        """The request's fields in the offer's dialect."""
        return encode_fields(self._fields)

    def answer(self, body: bytes, usage: Usage = NO_USAGE) -> bytes:
        """A whole answer of the provider's in the ask's dialect. Raises ProviderBroken if it makes no sense."""
        return self._writer().answer(self._reader().answer(body), usage)

    def stream(self) -> StreamTranslation:
        """A fresh translator for the provider's stream."""
        return StreamTranslation(self._reader(), self._writer())

    def _reader(self) -> Reader:
        if self._spoken is Dialect.CHAT:
            return ChatReader()
        tools = self._fields.get("tools") or ()
        return MessagesReader(json_tool=any(tool["name"] == JSON_TOOL for tool in tools))

    def _writer(self) -> Writer:
        return _WRITERS[self._dialect](self._setting)


def _translate(asked: dict[str, Any], dialect: Dialect, spoken: Dialect, offer: Offer) -> dict[str, Any]:
    to_chat = _TO_CHAT.get(dialect)
    fields = asked if to_chat is None else to_chat(asked, offer)
    if spoken is Dialect.MESSAGES:
        fields = chat_to_messages(fields, offer)
    return {"model": offer.model, **fields}


class StreamTranslation:
    """Translates a stream event by event; what it has not yet said is all that it holds."""

    __slots__ = ("_reader", "_writer")

    def __init__(self, reader: Reader, writer: Writer) -> None:
        self._reader = reader
        self._writer = writer

    def feed(self, event: Event) -> bytes:
        """What one event of the provider's amounts to: any number of whole events. Raises ProviderBroken."""
        pieces = self._reader.event(event)
        return b"".join([self._writer.piece(piece) for piece in pieces])

    def end(self, usage: Usage = NO_USAGE) -> bytes:
        """The events that end the stream. Raises ProviderBroken if the provider's ended before its answer did."""
        pieces = self._reader.end()
        return b"".join([self._writer.piece(piece) for piece in pieces]) + self._writer.end(usage)
