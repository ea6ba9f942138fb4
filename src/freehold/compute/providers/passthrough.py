"""A provider's stream, handed on as the bytes it came in.

Only events that can matter are looked into: the first (is it an error?), those that hold token counts, an error, or the end.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence

from freehold.compute.dialects.sse import Event, Framer, parse, write
from freehold.compute.dialects.usage import usage_of_event
from freehold.compute.estimates import estimate_part
from freehold.compute.providers.verdicts import error_event
from freehold.compute.upstream import Response
from freehold.ground.errors import ProviderBroken, TryAnother
from freehold.words.dialects import Dialect
from freehold.words.prices import Usage
from freehold.words.receipts import Energy

# Inside a JSON string a quote is escaped, so these cannot be found in generated text.
_WORTH_A_LOOK = re.compile(
    rb'"usage"\s*:\s*\{|"error"\s*:\s*[{"]|\[DONE\]|"finish_reason"\s*:\s*"|message_stop|"response\.\w+"'
)
_FINISHED = re.compile(rb'"finish_reason"\s*:\s*"')
_PROPER_END = {
    Dialect.CHAT: re.compile(rb"^\[DONE\]$"),
    Dialect.COMPLETIONS: re.compile(rb"^\[DONE\]$"),
    Dialect.MESSAGES: re.compile(rb'"type"\s*:\s*"message_stop"'),
    Dialect.RESPONSES: re.compile(rb'"type"\s*:\s*"response\.(completed|incomplete|failed)"'),
    Dialect.TRANSCRIPTIONS: re.compile(rb'"type"\s*:\s*"transcript\.text\.done"|^\[DONE\]$'),
}
_LAST_WORDS = 1.0
"""Seconds for the end of HTTP to follow the end of the answer, so that the connection can be used again."""
_EMPTY_CHOICES = re.compile(rb'"choices"\s*:\s*\[\s*\]')


class Passthrough:
    """An `AnswerStream` over an HTTP response in the ask's own dialect.

    `asked` is the size of the request in bytes: what an estimate rests on where the stream is left before its counts.
    `hide_usage` drops the closing event that holds nothing but token counts, for a client that did not ask for it.
    `on_end` is called once, when nothing more will come, however that came about.
    """

    def __init__(
        self,
        response: Response,
        dialect: Dialect,
        *,
        asked: int = 0,
        hide_usage: bool = False,
        on_end: Callable[[], None],
    ) -> None:
        self._response = response
        self._dialect = dialect
        self._ends = _PROPER_END[dialect]
        self._asked = asked
        self._hide_usage = hide_usage
        self._on_end = on_end
        self._framer = Framer()
        self._first: bytes | None = None
        self._usage: Usage | None = None
        self._events = 0
        self._complete = False
        self._finished = False
        self._closed = False
        self._begun = False
        self._failure: ProviderBroken | None = None
        """What ended the stream, while the events before it are on their way."""

    @property
    def usage(self) -> Usage:
        if self._usage is not None and (self._complete or self._finished):
            return self._usage
        return estimate_part(self._dialect, self._usage, asked=self._asked, events=self._events)

    @property
    def energy(self) -> Energy | None:
        return None

    async def prime(self) -> None:
        """Wait for the first event; raises what the stream's beginning shows to be wrong with it."""
        try:
            self._first = await self._begin()
            self._begun = True
        except BaseException:
            self._end()
            raise

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._first is not None:
            piece, self._first = self._first, None
        else:
            piece = await self._next()
        if not piece:
            self._end()
            raise StopAsyncIteration
        return piece

    async def aclose(self) -> None:
        self._end()

    async def _begin(self) -> bytes:
        """The first run that holds an event; comments before it are for keeping a connection open, and are dropped."""
        while piece := await self._next():
            if found := parse(piece):
                if not found[0].data.startswith(b"{"):
                    break
                return piece
        raise ProviderBroken("The stream began with something that is no answer.")

    async def _next(self) -> bytes:
        """The next run of whole events; empty at the proper end. Raises ProviderBroken if that comes too early."""
        if self._failure is not None:
            raise self._failure
        while data := await self._chunk():
            if (piece := self._framer.feed(data)) and (piece := self._look(piece)):
                return piece
        if (rest := self._framer.end()) and (piece := self._look(rest)):
            return piece if piece.endswith(b"\n\n") else piece.rstrip(b"\r\n") + b"\n\n"
        if not (self._complete or self._finished):
            raise ProviderBroken("The stream ended before the answer did.")
        return b""

    async def _chunk(self) -> bytes:
        """The next bytes. Once the answer is complete, whatever becomes of the connection is no failure of it."""
        if not self._complete:
            return await self._response.chunk()
        try:
            async with asyncio.timeout(_LAST_WORDS):
                return await self._response.chunk()
        except (TryAnother, TimeoutError):
            return b""

    def _look(self, piece: bytes) -> bytes:
        self._events += piece.count(b"\n\n")
        if _WORTH_A_LOOK.search(piece) is None:
            return piece
        hidden = False
        events = parse(piece)
        for place, event in enumerate(events):
            data = event.data
            self._usage = usage_of_event(self._dialect, data, self._usage)
            if self._ends.search(data):
                self._complete = True
            elif _FINISHED.search(data):
                self._finished = True
            elif b'"error"' in data and (error := error_event(data)) is not None:
                if not (self._begun and place):
                    raise error
                self._failure = error
                return self._shown(events[:place])
            hidden = hidden or self._is_hidden(data)
        return self._shown(events) if hidden else piece

    def _is_hidden(self, data: bytes) -> bool:
        return self._hide_usage and b'"usage"' in data and _EMPTY_CHOICES.search(data) is not None

    def _shown(self, events: Sequence[Event]) -> bytes:
        return b"".join(write(event.data, event.name) for event in events if not self._is_hidden(event.data))

    def _end(self) -> None:
        if not self._closed:
            self._closed = True
            self._response.close()
            self._on_end()
