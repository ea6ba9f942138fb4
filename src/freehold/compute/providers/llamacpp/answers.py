"""What an engine answers, in Freehold's words: streams, usage, errors."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec

from freehold.compute.dialects import sse
from freehold.compute.dialects.usage import usage_of_event
from freehold.compute.providers.llamacpp.shelf import Lease
from freehold.compute.providers.llamacpp.wire import Exchange
from freehold.ground.errors import (
    CannotServe,
    FreeholdError,
    ProviderBroken,
    ProviderBusy,
    ProviderRefused,
)
from freehold.words.dialects import Dialect
from freehold.words.prices import Usage
from freehold.words.receipts import Energy

_LONGEST_WORDS = 300
_REFUSED = frozenset({400, 413, 422})


class LocalStream:
    """An `AnswerStream` over one exchange with an engine."""

    def __init__(self, exchange: Exchange, lease: Lease, dialect: Dialect) -> None:
        self._exchange = exchange
        self._lease = lease
        self._dialect = dialect
        self._framer = sse.Framer()
        self._chunks = exchange.chunks()
        self._first = b""
        self._ended = False
        self._events = 0
        self._usage: Usage | None = None

    @property
    def usage(self) -> Usage:
        """The engine's own counts, which come last; until then, one token per event that came, as an estimate."""
        return self._usage or Usage(output=self._events, estimated=True)

    @property
    def energy(self) -> Energy | None:
        return self._lease.energy

    async def open(self) -> None:
        """Wait for the first event. Raises if it is an error."""
        self._first = await self._more()
        if not self._first:
            raise ProviderBroken("The local engine's stream ended before it began.")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            run = self._first
            while run:
                yield run
                run = await self._more()
        finally:
            await self.aclose()

    async def aclose(self) -> None:
        """Hang up: the engine stops at the next token."""
        self._exchange.close()
        self._lease.release()

    async def _more(self) -> bytes:
        """The next run of whole events; empty at the proper end."""
        async for chunk in self._chunks:
            if run := self._framer.feed(chunk):
                self._read(run)
                return run
        if not self._ended:
            raise ProviderBroken("The local engine's stream ended without [DONE].")
        return b""

    def _read(self, run: bytes) -> None:
        self._ended = run.endswith(sse.DONE)
        self._events += run.count(b"\n\n")
        if b'"error"' not in run and b'"usage"' not in run and b'"timings"' not in run:
            return
        for event in sse.parse(run):
            if event.data.startswith(b'{"error"'):
                raise error_for(_code(event.data), event.data)
            known = usage_of_event(self._dialect, event.data, None) or _timed(event.data)
            self._usage = known or self._usage


class _Timings(msgspec.Struct):
    cache_n: int = 0
    prompt_n: int = 0
    predicted_n: int = 0


class _Timed(msgspec.Struct):
    timings: _Timings | None = None


def _timed(data: bytes) -> Usage | None:
    """llama.cpp's own counts, which end every stream, whether or not the client asked for usage."""
    if b'"timings"' not in data:
        return None
    try:
        timings = msgspec.json.decode(data, type=_Timed).timings
    except msgspec.DecodeError:
        return None
    if timings is None:
        return None
    return Usage(input=timings.prompt_n, cache_read=timings.cache_n, output=timings.predicted_n)


class _Fault(msgspec.Struct):
    code: int = 500
    type: str = ""
    message: str = ""


class _Faulty(msgspec.Struct):
    error: _Fault


def error_for(status: int, body: bytes) -> FreeholdError:
    """The error that an engine's answer with this status means."""
    fault = _fault(body)
    words = fault.message[:_LONGEST_WORDS]
    if fault.type == "exceed_context_size_error":
        return CannotServe(f"The prompt is longer than the local model's context: {words}.", status=status)
    if status in _REFUSED:
        return ProviderRefused(f"The local engine refused the request: {words}", status=status, body=body)
    if status == 501:
        return CannotServe(f"The local engine does not do that: {words}", status=status)
    if status == 503:
        return ProviderBusy("The local engine is busy.", status=status, retry_after=1.0)
    return ProviderBroken(f"The local engine failed with status {status}.", status=status)


def _fault(body: bytes) -> _Fault:
    try:
        return msgspec.json.decode(body, type=_Faulty).error
    except msgspec.DecodeError:
        return _Fault()


def _code(body: bytes) -> int:
    return _fault(body).code
