"""A provider in memory: it does what its script says, and remembers what it was asked.

    east = FakeProvider("east").script(fails(ProviderBusy("full")), says("Hello."))
    ...
    assert east.heard[0].ask.model == "auto"

One turn per ask, in order; the last one repeats. It keeps every promise of `freehold.compute.provider.Inference` that its
script does not break on purpose, in chat, completions and embeddings. It never looks at a clock, except to be late where a
turn says so.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Sequence
from typing import Self

import msgspec

from freehold.compute.provider import Answer, AnswerStream, ProviderStatus
from freehold.ground.errors import FreeholdError, ProviderBroken
from freehold.ground.units import Seconds
from freehold.testing.fake_answers import FakeStream, events_of, whole_answer
from freehold.words.asks import Ask
from freehold.words.dialects import Capability, Dialect
from freehold.words.offers import Layer, Offer, Place
from freehold.words.prices import Price, Usage
from freehold.words.receipts import Energy

GREETING = "Hello from memory."
_FREE_OF_WORDS = Usage(input=7)
_ABILITIES = frozenset(Capability) - {Capability.TRANSCRIPTION, Capability.RERANK}


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """What the provider does with one ask. Made by the functions below."""

    text: str = GREETING
    error: FreeholdError | None = None
    """Raised in place of an answer, or after `text` where `midway`."""
    midway: bool = False
    """After `text` the stream does not end: it breaks with `error`, or hangs where there is none."""
    waits: asyncio.Event | None = None
    """Nothing happens before this is set."""
    late: Seconds = Seconds(0.0)
    """Nothing happens before these seconds have passed."""
    usage: Usage | None = None
    """What it says it consumed; without, 7 tokens in and one out per word."""
    energy: Energy | None = None


def says(text: str = GREETING, *, usage: Usage | None = None, energy: Energy | None = None) -> Turn:
    """A good answer, streamed word by word where a stream is asked for."""
    return Turn(text=text, usage=usage, energy=energy)


def fails(error: FreeholdError) -> Turn:
    """No answer."""
    return Turn(error=error)


def breaks(text: str = "Hello from", error: FreeholdError | None = None) -> Turn:
    """A stream that begins well and then breaks; a whole answer never comes of it."""
    return Turn(text=text, error=error or ProviderBroken("The stream ended before the answer did."), midway=True)


def hangs(text: str = "") -> Turn:
    """Silence until someone stops it; a stream says `text` before."""
    return Turn(text=text, midway=True) if text else Turn(waits=asyncio.Event())


def after(wait: asyncio.Event | Seconds, turn: Turn) -> Turn:
    """`turn`, but not before an event is set, or some seconds have passed."""
    late = {"waits": wait} if isinstance(wait, asyncio.Event) else {"late": wait}
    return msgspec.structs.replace(turn, **late)


class Heard:
    """One ask as it arrived, and what became of the work on it."""

    def __init__(self, ask: Ask, offer: Offer, timeout: Seconds | None) -> None:
        self.ask = ask
        self.offer = offer
        self.timeout = timeout
        self.over = asyncio.Event()
        """Set when nothing is being worked on any more, however that came about."""
        self.stopped = asyncio.Event()
        """Set when the work was stopped from outside before it had come to its end."""


def fake_offer(provider: str, model: str = "tiny", **details: object) -> Offer:
    """An offer that can do nearly everything, in a cloud, for money; `details` are fields of `Offer`."""
    plain: dict[str, object] = {
        "layer": Layer.LARGE,
        "place": Place.CLOUD,
        "dialects": frozenset({Dialect.CHAT, Dialect.COMPLETIONS, Dialect.EMBEDDINGS}),
        "capabilities": _ABILITIES,
        "max_output": 1000,
        "price": Price(input=1.0, output=2.0),
    }
    return Offer(provider=provider, model=model, **{**plain, **details})  # type: ignore[arg-type]


class FakeProvider:
    """Keeps the promises of `freehold.compute.provider.Inference`. `details` are fields of its offers."""

    def __init__(self, name: str = "fake", *models: str, **details: object) -> None:
        self.name = name
        self.heard: list[Heard] = []
        """Every ask, oldest first."""
        self.closed = False
        self._offers = tuple(fake_offer(name, model, **details) for model in models or ("tiny",))
        self._turns = [says()]
        self._arrival = asyncio.Condition()

    def script(self, *turns: Turn) -> Self:
        """From the next ask on, do this."""
        self._turns = list(turns)
        return self

    @property
    def in_flight(self) -> int:
        return sum(not heard.over.is_set() for heard in self.heard)

    def offers(self) -> Sequence[Offer]:
        return self._offers

    def status(self) -> ProviderStatus:
        return ProviderStatus(ready=not self.closed, reason="closed" if self.closed else "", in_flight=self.in_flight)

    async def aclose(self) -> None:
        self.closed = True

    async def arrived(self, count: int = 1) -> Heard:
        """Wait until `count` asks have come in, ever; give the one that made the count."""
        async with self._arrival:
            await self._arrival.wait_for(lambda: len(self.heard) >= count)
        return self.heard[count - 1]

    async def infer(self, ask: Ask, offer: Offer, *, timeout: Seconds | None = None) -> Answer | AnswerStream:
        heard = Heard(ask, offer, timeout)
        turn = self._turns.pop(0) if len(self._turns) > 1 else self._turns[0]
        try:
            await self._announce(heard)
            answer = await self._play(turn, heard)
        except FreeholdError:
            heard.over.set()
            raise
        except BaseException:
            heard.stopped.set()
            heard.over.set()
            raise
        if isinstance(answer, Answer):
            heard.over.set()
        return answer

    async def _announce(self, heard: Heard) -> None:
        async with self._arrival:
            self.heard.append(heard)
            self._arrival.notify_all()

    async def _play(self, turn: Turn, heard: Heard) -> Answer | FakeStream:
        if turn.waits is not None:
            await turn.waits.wait()
        if turn.late:
            await asyncio.sleep(turn.late)
        if turn.error is not None and (not turn.midway or not heard.ask.stream):
            raise copy.copy(turn.error)
        if turn.midway and not heard.ask.stream:
            await asyncio.Event().wait()
        usage = turn.usage or msgspec.structs.replace(_FREE_OF_WORDS, output=len(turn.text.split()))
        if not heard.ask.stream:
            return Answer(body=whole_answer(heard.ask, heard.offer, turn.text, usage), usage=usage, energy=turn.energy)
        return FakeStream(
            events_of(heard.ask, heard.offer, turn.text, None if turn.midway else usage),
            heard.over,
            heard.stopped,
            usage=usage,
            energy=turn.energy,
            endless=turn.midway,
            error=copy.copy(turn.error),
        )
