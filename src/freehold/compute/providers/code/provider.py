"""Plain code behind the provider contract: an exact answer in microseconds, or "ask another".

It takes a chat whose last message is a question on its own and whose request asks for nothing that only a model can do. The
members it understands are listed; with any other one it stays silent rather than drop it. It uses no tokens and costs
nothing. The skills are loaded when the first fitting question comes, in a thread, since that takes some milliseconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, tzinfo
from functools import partial
from typing import TYPE_CHECKING, Protocol

import msgspec

from freehold.compute.dialects import sse
from freehold.compute.provider import Answer, ProviderStatus
from freehold.compute.providers.code.asking import Terms, read_question, read_terms
from freehold.ground.clock import Clock, SystemClock
from freehold.ground.errors import CannotServe
from freehold.ground.units import Seconds
from freehold.words.asks import Ask
from freehold.words.dialects import Capability, Dialect
from freehold.words.offers import Layer, Offer, Place
from freehold.words.prices import FREE, NO_USAGE, Usage
from freehold.words.receipts import Energy

if TYPE_CHECKING:
    from freehold.compute.providers.code.skill import Answer as Found

MODEL = "exact"
_NO_TOKENS = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}


class _Answer(Protocol):
    def __call__(self, question: str, *, now: datetime) -> Found | None: ...


class CodeProvider:
    """Answers what can be computed, exactly; raises `CannotServe` for everything else.

    `zone` is where the asker's calendar hangs, for questions about today; by default this machine's own.
    """

    def __init__(self, name: str = "code", *, clock: Clock | None = None, zone: tzinfo | None = None) -> None:
        self._name = name
        self._clock = clock or SystemClock()
        self._zone = zone
        self._answer: _Answer | None = None
        self._offer = Offer(
            provider=name,
            model=MODEL,
            layer=Layer.CODE,
            place=Place.LOCAL,
            dialects=frozenset({Dialect.CHAT}),
            capabilities=frozenset({Capability.CHAT, Capability.STRUCTURED_OUTPUT}),
            price=FREE,
            retention_days=0,
        )

    @property
    def name(self) -> str:
        return self._name

    def offers(self) -> tuple[Offer, ...]:
        return (self._offer,)

    def status(self) -> ProviderStatus:
        return ProviderStatus(ready=True)

    async def infer(self, ask: Ask, offer: Offer, *, timeout: Seconds | None = None) -> Answer | CodeStream:
        """The exact answer; `CannotServe` where there is none. Done before it returns: `timeout` has no time to matter."""
        question = read_question(ask)
        if question is None:
            raise CannotServe("Plain code answers only short questions on their own.", advice=_ADVICE)
        if self._answer is None:
            self._answer = await asyncio.to_thread(_load)
        now = self._clock.now()
        found = self._answer(question, now=datetime.fromtimestamp(now, UTC).astimezone(self._zone))
        terms = read_terms(ask) if found else None
        if found is None or terms is None or not terms.allows(found.text):
            raise CannotServe("Plain code has no exact answer to that.", advice=_ADVICE)
        write = _stream if ask.stream else _whole
        return write(found.text, terms, id=f"chatcmpl-{ask.id}", created=int(now), by=f"code-{found.skill}")

    async def aclose(self) -> None:
        """There is nothing to let go of."""


def _load() -> _Answer:
    from freehold.compute.providers.code.skill import answer

    return answer


_ADVICE = 'Ask for "auto" or a model, so that a model answers what code cannot.'


class CodeStream:
    """An answer that is there already, as the events of a stream."""

    usage: Usage = NO_USAGE
    energy: Energy | None = None

    def __init__(self, events: bytes) -> None:
        self._events = events

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._events

    async def aclose(self) -> None:
        """There is nothing to stop."""


def _whole(text: str, terms: Terms, *, id: str, created: int, by: str) -> Answer:
    message = {"role": "assistant", "content": text, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    body = {
        "id": id,
        "object": "chat.completion",
        "created": created,
        "model": MODEL,
        "choices": [choice],
        "usage": _NO_TOKENS,
        "system_fingerprint": by,
    }
    return Answer(body=msgspec.json.encode(body))


def _stream(text: str, terms: Terms, *, id: str, created: int, by: str) -> CodeStream:
    chunk = partial(_chunk, id=id, created=created, by=by)
    events = [
        chunk([{"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None}]),
        chunk([{"index": 0, "delta": {}, "finish_reason": "stop"}]),
    ]
    if terms.usage_wanted:
        events.append(chunk([], usage=_NO_TOKENS))
    return CodeStream(b"".join(events) + sse.DONE)


def _chunk(choices: list[object], *, id: str, created: int, by: str, usage: object = None) -> bytes:
    body = {
        "id": id,
        "object": "chat.completion.chunk",
        "created": created,
        "model": MODEL,
        "choices": choices,
        "system_fingerprint": by,
    }
    return sse.write(msgspec.json.encode(body if usage is None else {**body, "usage": usage}))
