"""Streams that outlive the provider that began them: another offer goes on from the partial text. Opt-in.

When a chat or completions stream breaks after its first event, the text so far is handed to another offer: in chat as the
beginning of the assistant's message (whoever takes such a prefix literally goes on in mid-sentence; others may repeat
themselves, which is why this is off unless asked for), in completions as the end of the prompt. The client sees one stream:
the same id, model and time, no second role, the tokens of all parts added up.

Rules it keeps:

- Only plain text is continued: one choice, no tools, no structured output, no log probabilities.
- Every part is an attempt like any other: planned, reserved, settled, counted against its offer, recorded. The request's own
  limits bind all parts together. Whoever broke off is asked last.
- Never more attempts than the retry policy allows. If nobody can go on, the first failure is what the client is told.
- A stream that broke after its answer was complete is ended, not continued.

What it reads and writes of events is in `freehold.stack.transcript`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec

from freehold.compute.provider import Answer, AnswerStream
from freehold.ground.errors import FreeholdError, ProviderBroken, TryAnother
from freehold.ground.units import Joules, Usd
from freehold.stack.calls import Call
from freehold.stack.dispatch import Dispatch
from freehold.stack.transcript import Transcript, is_plain, taken_up
from freehold.words.asks import Ask
from freehold.words.prices import NO_USAGE, Usage
from freehold.words.receipts import Basis, Energy


class Continuation:
    """Dispatch, with streams that are continued when they break."""

    def __init__(self, dispatch: Dispatch) -> None:
        self._dispatch = dispatch

    async def answer(self, call: Call) -> Answer | AnswerStream:
        """As `Dispatch.answer`."""
        answer = await self._dispatch.answer(call)
        if isinstance(answer, Answer) or not is_plain(call.ask):
            return answer
        return ContinuedStream(self._dispatch, call, answer)


class ContinuedStream:
    """An `AnswerStream` in one or more parts."""

    def __init__(self, dispatch: Dispatch, call: Call, first: AnswerStream) -> None:
        self._dispatch = dispatch
        self._call = call
        self._part = call
        """What the current part is recorded in: the call itself, then forks of it."""
        self._stream = first
        self._events = aiter(first)
        self._transcript = Transcript(call.ask.dialect)
        self._broke: set[str] = set()
        self._ended: list[tuple[Usage, Energy | None]] = []

    @property
    def usage(self) -> Usage:
        return sum((usage for usage, _ in self._ended), self._stream.usage)

    @property
    def energy(self) -> Energy | None:
        """Of all parts together; None where it is not known of one of them."""
        total = self._stream.energy
        for _, energy in self._ended:
            total = _sum(total, energy)
        return total

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        while True:
            try:
                piece = await anext(self._events)
                said = self._transcript.rewritten(piece, self.usage) if self._ended else piece
            except StopAsyncIteration:
                self._close_part(None)
                raise
            except TryAnother as broken:
                await self._go_on(broken)
                continue
            self._transcript.add(said)
            if said:
                return said

    async def aclose(self) -> None:
        await self._stream.aclose()
        self._close_part(asyncio.CancelledError())

    async def _go_on(self, broken: TryAnother) -> None:
        """Put another stream in place of the one that broke. Raises `broken` where that cannot be."""
        await self._stream.aclose()
        if self._part.offer is not None:
            self._broke.add(self._part.offer.name)
        self._part.usage = self._stream.usage
        self._dispatch.finish(self._part, broken)
        self._join_part()
        self._transcript.read()
        if self._transcript.finished:
            stream: AnswerStream = _Nothing(self._transcript.ending())
        else:
            stream = await self._another(broken)
        self._ended.append((self._stream.usage, self._stream.energy))
        self._stream, self._events = stream, aiter(stream)

    async def _another(self, broken: TryAnother) -> AnswerStream:
        ask = self._rest_of(self._call.ask)
        if ask is None or len(self._call.attempts) >= self._dispatch.retry.max_attempts:
            raise broken
        part = self._call.fork()
        part.ask, part.first_byte_by = ask, None
        choices = self._dispatch.plan(part).choices
        self._part = part
        try:
            answer = await self._dispatch.try_all(part, sorted(choices, key=lambda c: c.offer.name in self._broke))
            if isinstance(answer, Answer):
                raise ProviderBroken("A whole answer came back where a stream was asked for.")
        except BaseException as error:
            self._join_part()
            if isinstance(error, FreeholdError):
                raise broken from error
            raise
        return answer

    def _rest_of(self, ask: Ask) -> Ask | None:
        """What remains to be asked, within what remains of the request's own limit on money; None where that is nothing."""
        limit, spent = ask.requirements.max_usd, self._call.usd
        if limit is not None:
            if spent is None or spent >= limit:
                return None
            ask = msgspec.structs.replace(
                ask, requirements=msgspec.structs.replace(ask.requirements, max_usd=Usd(limit - spent))
            )
        return taken_up(ask, self._transcript)

    def _close_part(self, error: BaseException | None) -> None:
        """End the current part. The call's own attempt is ended by whoever closes the call."""
        if self._part is self._call:
            return
        self._part.usage = self._stream.usage
        self._dispatch.finish(self._part, error)
        if error is None:
            self._call.offer = self._part.offer
        self._join_part()

    def _join_part(self) -> None:
        if self._part is not self._call:
            self._call.join(self._part)
            self._part = self._call


class _Nothing:
    """The end of a stream whose answer was complete."""

    usage = NO_USAGE
    energy: Energy | None = None

    def __init__(self, ending: bytes) -> None:
        self._ending = ending

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._ending

    async def aclose(self) -> None:
        """Nothing to stop."""


def _sum(left: Energy | None, right: Energy | None) -> Energy | None:
    if left is None or right is None:
        return None
    basis = left.basis if left.basis is right.basis else Basis.ESTIMATED
    return Energy(joules=Joules(left.joules + right.joules), basis=basis)
