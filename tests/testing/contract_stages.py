"""How to bring each kind of provider into the situations that the contract speaks of."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import msgspec

from freehold.compute.keyring import ProviderKey
from freehold.compute.provider import Inference
from freehold.compute.providers.http import HttpEndpoint, HttpProvider
from freehold.compute.rows import STANDARD_PATHS
from freehold.compute.upstream import Upstream
from freehold.ground.errors import ProviderBroken, ProviderRefused
from freehold.testing import FakeProvider
from freehold.testing.contracts import Stage
from freehold.testing.fake_provider import breaks, fails, hangs, says
from freehold.testing.faulty import (
    Behaviour,
    Exchange,
    FaultyServer,
    black_hole,
    error_event_first,
    error_status,
    openai_chat,
    stream_cut,
)
from freehold.testing.faulty.replies import framed, head
from freehold.words.asks import Ask
from freehold.words.dialects import Capability, Dialect
from freehold.words.offers import Layer, Offer, Place
from freehold.words.prices import NO_USAGE, Usage


def asking(content: str = "Hello.", *, stream: bool = False, dialect: Dialect = Dialect.CHAT, **fields: Any) -> Ask:
    if dialect is Dialect.CHAT:
        fields = {"messages": [{"role": "user", "content": content}], **fields}
    fields = {**fields, "stream": True} if stream else fields
    raw = {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in fields.items()}
    return Ask(id="r1", dialect=dialect, model="auto", fields=raw, stream=stream, needs=frozenset(), size=100)


class FakeStage(Stage):
    """In memory."""

    def __init__(self, provider: FakeProvider) -> None:
        super().__init__(provider, provider.offers()[0])
        self.fake = provider

    async def whole(self) -> Ask:
        self.fake.script(says("One two three."))
        return asking()

    async def stream(self) -> Ask:
        self.fake.script(says("One two three."))
        return asking(stream=True)

    async def endless(self) -> Ask:
        self.fake.script(hangs("one two three four"))
        return asking(stream=True)

    async def silent(self) -> Ask:
        self.fake.script(hangs())
        return asking()

    async def failing(self) -> Ask:
        self.fake.script(fails(ProviderBroken("boom")))
        return asking()

    async def error_first(self) -> Ask:
        self.fake.script(fails(ProviderBroken("boom")))
        return asking(stream=True)

    async def breaking(self) -> Ask:
        self.fake.script(breaks())
        return asking(stream=True)

    async def refused(self) -> Ask:
        self.fake.script(fails(ProviderRefused("no")))
        return asking()

    async def counts(self) -> Usage:
        return Usage(input=7, output=3)


def endless_chat() -> Behaviour:
    """A stream that says a word, and then one more whenever the client has read the last, until it leaves."""
    stream = {"content-type": "text/event-stream", "transfer-encoding": "chunked"}
    chunk = {"id": "x", "choices": [{"index": 0, "delta": {"content": "word "}, "finish_reason": None}]}
    word = framed(b"data: %b\n\n" % json.dumps(chunk).encode())

    async def behave(exchange: Exchange) -> None:
        await exchange.send(head(200, stream) + word + word)
        await exchange.client_gone.wait()

    return behave


class HttpStage(Stage):
    """Over HTTP, to a server on loopback that does as it is told."""

    def __init__(self, server: FaultyServer, upstream: Upstream, *, broken: Behaviour | None = None) -> None:
        offer = Offer(
            provider="far",
            model="tiny",
            layer=Layer.LARGE,
            place=Place.CLOUD,
            dialects=frozenset({Dialect.CHAT}),
            capabilities=frozenset({Capability.CHAT}),
        )
        paths = {Dialect.CHAT: STANDARD_PATHS[Dialect.CHAT]}
        endpoint = HttpEndpoint(name="far", base_url=f"{server.url}/v1", paths=paths)
        keys = [ProviderKey(label="a", header=b"authorization: Bearer a\r\n")]
        super().__init__(HttpProvider(endpoint, offers=[offer], keys=keys, upstream=upstream), offer)
        self._server = server
        self._broken = broken or stream_cut()
        self._asked = 0

    def _set(self, behaviour: Behaviour, *, stream: bool) -> Ask:
        self._server.script(behaviour)
        self._asked = len(self._server.exchanges) + 1
        return asking(stream=stream)

    async def whole(self) -> Ask:
        return self._set(openai_chat("One two three."), stream=False)

    async def stream(self) -> Ask:
        return self._set(openai_chat("One two three."), stream=True)

    async def endless(self) -> Ask:
        return self._set(endless_chat(), stream=True)

    async def silent(self) -> Ask:
        return self._set(black_hole(), stream=False)

    async def failing(self) -> Ask:
        return self._set(error_status(500), stream=False)

    async def error_first(self) -> Ask:
        return self._set(error_event_first(), stream=True)

    async def breaking(self) -> Ask:
        return self._set(self._broken, stream=True)

    async def refused(self) -> Ask:
        return self._set(error_status(422), stream=False)

    async def counts(self) -> Usage:
        return Usage(input=7, output=3)

    async def at_work(self) -> None:
        await self._server.arrived(self._asked)

    async def at_rest(self) -> None:
        """The server's own word for it: every exchange is over, an endless one because the client has left."""
        await asyncio.gather(*(exchange.over.wait() for exchange in self._server.exchanges))
        await super().at_rest()


class CodeStage(Stage):
    """Plain code is done before it returns, so most situations cannot be."""

    async def whole(self) -> Ask:
        return asking("what is 17% of 340")

    async def stream(self) -> Ask:
        return asking("what is 17% of 340", stream=True)

    async def failing(self) -> Ask:
        return asking("why is the sky blue?")

    async def counts(self) -> Usage:
        return NO_USAGE


class LlamaCppStage(Stage):
    """A tiny model in a process of its own, with another that has room for a very long answer."""

    def __init__(self, provider: Inference) -> None:
        super().__init__(provider, next(offer for offer in provider.offers() if offer.model == "endless"))

    async def whole(self) -> Ask:
        return asking(max_tokens=8, temperature=0)

    async def stream(self) -> Ask:
        return asking(stream=True, max_tokens=8, temperature=0)

    async def endless(self) -> Ask:
        return asking(stream=True, max_tokens=100_000, ignore_eos=True)

    async def silent(self) -> Ask:
        return asking(max_tokens=100_000, ignore_eos=True)

    async def failing(self) -> Ask:
        return asking(n=2)

    async def error_first(self) -> Ask:
        return asking("word " * 400_000, stream=True)

    async def refused(self) -> Ask:
        return asking(max_tokens="many")


class OnnxStage(Stage):
    """Embeddings."""

    async def whole(self) -> Ask:
        return asking(dialect=Dialect.EMBEDDINGS, input="A cat sleeps.")

    async def silent(self) -> Ask:
        return asking(dialect=Dialect.EMBEDDINGS, input=["word " * 200] * 2000)

    async def failing(self) -> Ask:
        return asking(dialect=Dialect.EMBEDDINGS, input="a", dimensions=64)

    async def refused(self) -> Ask:
        return asking(dialect=Dialect.EMBEDDINGS, input="")
