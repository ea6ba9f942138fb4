"""Asking a provider in its own dialect on behalf of a client who speaks another.

Where both speak the same, nothing is touched: the cost is one lookup. Where they do not, the request is translated, and
the answer or stream on its way back. A translated stream keeps the promises of `AnswerStream`: it is handed out only
once there is something to say, closing it stops the work upstream, and its usage and energy are the provider's own.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Collection

from freehold.compute.dialects.count_tokens import ESTIMATED, estimated_count
from freehold.compute.dialects.refusals import retold
from freehold.compute.dialects.sse import parse
from freehold.compute.dialects.translation import StreamTranslation, Translation, route
from freehold.compute.provider import Answer, AnswerStream, Inference
from freehold.ground.errors import ProviderRefused
from freehold.ground.units import Seconds
from freehold.words.asks import Ask
from freehold.words.dialects import GENERATIVE, Dialect
from freehold.words.offers import Offer
from freehold.words.prices import Usage
from freehold.words.receipts import Energy


def reachable(dialect: Dialect, spoken: Collection[Dialect]) -> bool:
    """Whether an ask in `dialect` can be answered by an offer that speaks those, natively or translated."""
    if dialect in spoken:
        return True
    if dialect is Dialect.COUNT_TOKENS:
        return not GENERATIVE.isdisjoint(spoken)
    return route(dialect, spoken) is not None


async def infer(
    provider: Inference, ask: Ask, offer: Offer, *, timeout: Seconds | None = None
) -> Answer | AnswerStream:
    """As `Inference.infer`, for an ask in any dialect from which the offer is `reachable`.

    Raises NotTranslatable, naming the parameter, where the offer's dialect has no words for a part of the request.
    """
    if ask.dialect in offer.dialects:
        return await provider.infer(ask, offer, timeout=timeout)
    if ask.dialect is Dialect.COUNT_TOKENS:
        return Answer(body=estimated_count(ask.fields), usage=ESTIMATED)
    translation = Translation(ask, offer, created=int(time.time()))
    try:
        answer = await provider.infer(translation.ask, offer, timeout=timeout)
    except ProviderRefused as refused:
        raise retold(refused, ask.dialect) from refused
    if isinstance(answer, Answer):
        body = translation.answer(answer.body, answer.usage)
        return Answer(body=body, usage=answer.usage, energy=answer.energy)
    stream = TranslatedStream(answer, translation.stream())
    await stream.prime()
    return stream


class TranslatedStream:
    """An `AnswerStream` that says in the client's dialect what another says in the provider's."""

    def __init__(self, upstream: AnswerStream, translation: StreamTranslation) -> None:
        self._upstream = upstream
        self._events = aiter(upstream)
        self._translation = translation
        self._first = b""
        self._ended = False

    @property
    def usage(self) -> Usage:
        return self._upstream.usage

    @property
    def energy(self) -> Energy | None:
        return self._upstream.energy

    async def prime(self) -> None:
        """Wait until there is something to say; raises whatever goes wrong before that."""
        self._first = await self._next()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._first:
            said, self._first = self._first, b""
            return said
        said = await self._next()
        if not said:
            raise StopAsyncIteration
        return said

    async def aclose(self) -> None:
        self._ended = True
        self._first = b""
        await self._upstream.aclose()

    async def _next(self) -> bytes:
        """The next events, empty at the end. A failure stops the work upstream."""
        try:
            while not self._ended:
                said = await self._step()
                if said:
                    return said
        except BaseException:
            await self.aclose()
            raise
        return b""

    async def _step(self) -> bytes:
        try:
            run = await anext(self._events)
        except StopAsyncIteration:
            self._ended = True
            return self._translation.end(self._upstream.usage)
        return b"".join([self._translation.feed(event) for event in parse(run)])
