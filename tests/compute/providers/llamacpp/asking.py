"""Asks and answers, written shortly."""

from __future__ import annotations

from typing import Any

import msgspec

from freehold.compute.dialects import sse
from freehold.compute.provider import Answer, AnswerStream
from freehold.compute.providers.llamacpp import LlamaCppProvider
from freehold.words.asks import Ask
from freehold.words.dialects import Dialect
from freehold.words.offers import Offer

HELLO = [{"role": "user", "content": "Hello."}]


def asking(dialect: Dialect = Dialect.CHAT, *, stream: bool = False, **fields: Any) -> Ask:
    if dialect is Dialect.CHAT:
        fields = {"messages": HELLO, "max_tokens": 8, "temperature": 0, **fields}
    raw = {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in fields.items()}
    return Ask(id="a", dialect=dialect, model="auto", fields=raw, stream=stream, needs=frozenset())


def offer_of(provider: LlamaCppProvider, model: str = "tiny") -> Offer:
    return next(offer for offer in provider.offers() if offer.model == model)


async def answer(provider: LlamaCppProvider, model: str = "tiny", **fields: Any) -> Answer:
    found = await provider.infer(asking(**fields), offer_of(provider, model))
    assert isinstance(found, Answer)
    return found


async def streaming(provider: LlamaCppProvider, model: str = "tiny", **fields: Any) -> AnswerStream:
    found = await provider.infer(asking(stream=True, **fields), offer_of(provider, model))
    assert not isinstance(found, Answer)
    return found


def text_of(body: bytes) -> str:
    choice = msgspec.json.decode(body)["choices"][0]
    return choice["message"]["content"] if "message" in choice else choice["text"]


async def events_of(stream: AnswerStream) -> list[dict[str, Any]]:
    """All events of a stream, decoded, [DONE] checked and left out."""
    events: list[sse.Event] = []
    async for run in stream:
        assert run.endswith(b"\n\n")
        events += sse.parse(run)
    assert events.pop().data == b"[DONE]"
    return [msgspec.json.decode(event.data) for event in events]
