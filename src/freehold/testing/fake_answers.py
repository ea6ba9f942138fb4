"""What a fake provider says, in the words of the OpenAI dialects."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from freehold.compute.dialects.sse import DONE, write
from freehold.words.asks import Ask
from freehold.words.dialects import Dialect
from freehold.words.offers import Offer
from freehold.words.prices import NO_USAGE, Usage
from freehold.words.receipts import Energy

_VECTOR = (0.6, 0.8)


class FakeStream:
    """An `AnswerStream` over events that are there already; `endless` ones end in `error`, or not at all."""

    def __init__(
        self,
        events: list[bytes],
        over: asyncio.Event,
        stopped: asyncio.Event,
        *,
        usage: Usage,
        energy: Energy | None = None,
        endless: bool = False,
        error: Exception | None = None,
    ) -> None:
        self.usage: Usage = NO_USAGE
        self.energy: Energy | None = None
        self._events = deque(events)
        self._over = over
        self._stopped = stopped
        self._endless = endless
        self._error = error
        self._last = (usage, energy)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._events and not self._over.is_set():
            piece = self._events.popleft()
            if len(self._events) <= 1:
                self.usage, self.energy = self._last
            return piece
        if self._endless and not self._over.is_set():
            await self._break()
        self._over.set()
        raise StopAsyncIteration

    async def aclose(self) -> None:
        if not self._over.is_set():
            self._stopped.set()
            self._over.set()

    async def _break(self) -> None:
        """Fail as told, or hang until stopped."""
        try:
            if self._error is None:
                await self._over.wait()
                return
        except BaseException:
            await self.aclose()
            raise
        self._over.set()
        raise self._error


def whole_answer(ask: Ask, offer: Offer, text: str, usage: Usage) -> bytes:
    """The body of a whole answer."""
    if ask.dialect is Dialect.EMBEDDINGS:
        rows = [{"object": "embedding", "index": 0, "embedding": _VECTOR}]
        counts = {"prompt_tokens": usage.prompt, "total_tokens": usage.prompt}
        return msgspec.json.encode({"object": "list", "model": offer.model, "data": rows, "usage": counts})
    if ask.dialect is Dialect.COMPLETIONS:
        choice: dict[str, Any] = {"index": 0, "text": text, "logprobs": None, "finish_reason": "stop"}
        return _body(ask, offer, "text_completion", [choice], usage=_counts(usage))
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    return _body(ask, offer, "chat.completion", [choice], usage=_counts(usage))


def events_of(ask: Ask, offer: Offer, text: str, usage: Usage | None) -> list[bytes]:
    """The events of a stream, a word each; without `usage` it has no end."""
    words = [word if place == 0 else f" {word}" for place, word in enumerate(text.split())]
    if ask.dialect is Dialect.COMPLETIONS:
        kind = "text_completion"
        choices = [_choice({"text": word}) for word in words]
        last = _choice({"text": ""}, "stop")
    else:
        kind = "chat.completion.chunk"
        deltas = [{"role": "assistant", "content": ""}, *({"content": word} for word in words)]
        choices = [_choice({"delta": delta}) for delta in deltas]
        last = _choice({"delta": {}}, "stop")
    events = [write(_body(ask, offer, kind, [choice])) for choice in choices]
    if usage is None:
        return events
    events.append(write(_body(ask, offer, kind, [last])))
    if _wants_usage(ask):
        events.append(write(_body(ask, offer, kind, [], usage=_counts(usage))))
    return [*events, DONE]


def _choice(said: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {"index": 0, **said, "logprobs": None, "finish_reason": finish}


def _body(ask: Ask, offer: Offer, kind: str, choices: list[dict[str, Any]], **more: Any) -> bytes:
    envelope = {"id": f"{offer.provider}-{ask.id}", "object": kind, "created": 1_790_000_000, "model": offer.model}
    return msgspec.json.encode({**envelope, "choices": choices, **more})


def _counts(usage: Usage) -> dict[str, int]:
    return {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.total,
    }


def _wants_usage(ask: Ask) -> bool:
    raw = ask.fields.get("stream_options")
    return raw is not None and b'"include_usage":true' in bytes(raw).replace(b" ", b"")
