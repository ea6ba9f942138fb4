"""Vendors in trouble: one never comes to an end, so that a test can see its asker go away; one is always busy."""

from __future__ import annotations

import asyncio
import queue

from aiohttp import web

from freehold.testing.vendors import FakeOpenAI, Heard
from freehold.testing.vendors.loopback import event
from freehold.testing.vendors.openai.errors import rate_limited

_CHUNK = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o-mini"}


class EndlessOpenAI(FakeOpenAI):
    """Streams one word and then nothing; to who wants a whole answer, nothing at all.

    `came` gets an item for each asker, `left` for each who goes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.came: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.left: queue.SimpleQueue[str] = queue.SimpleQueue()

    def forget(self) -> None:
        """As if nobody had ever come."""
        for seen in (self.came, self.left):
            while not seen.empty():
                seen.get()

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        self.came.put(request.path)
        try:
            if (await request.json()).get("stream"):
                response = web.StreamResponse(headers={"content-type": "text/event-stream"})
                await response.prepare(request)
                choice = {"index": 0, "delta": {"role": "assistant", "content": "Well"}, "finish_reason": None}
                await response.write(event({**_CHUNK, "choices": [choice]}))
            await asyncio.Event().wait()
        finally:
            self.left.put(request.path)
        raise AssertionError("nobody sets that event")


class BusyOpenAI(FakeOpenAI):
    """At its rate limit, whoever asks. A second is what it wants to be left alone for: some clients wait for it."""

    def admit(self, heard: Heard) -> None:
        raise rate_limited(seconds=1)
