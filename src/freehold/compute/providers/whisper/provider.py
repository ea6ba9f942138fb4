"""Local speech to text: any installed whisper model, on the CPU, at no price.

Rules it keeps beyond the contract's: audio is taken apart in a process of its own, started when it is first needed and
ended when it has been idle; one file at a time, and a bounded line of those that wait; length and size are bounded,
whatever a file says of itself. A request that is cancelled or too late ends the process, so no work goes on unseen. Energy
is estimated: CPU seconds of the process x watts per core.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from importlib.util import find_spec

import msgspec

from freehold.compute.models.manifest import Installed, Kind
from freehold.compute.models.zoo import Zoo
from freehold.compute.provider import Answer, AnswerStream, ProviderStatus
from freehold.compute.providers.whisper.exchange import Heard, ListenOrder
from freehold.compute.providers.whisper.listener import Listener, start
from freehold.compute.providers.whisper.request import TranscriptionRequest, read_request
from freehold.compute.providers.whisper.written import written
from freehold.ground.errors import (
    CannotServe,
    FreeholdError,
    InvalidRequest,
    ProviderBroken,
    ProviderBusy,
    ProviderTimedOut,
)
from freehold.ground.paths import Home
from freehold.ground.units import Joules, Seconds
from freehold.words.asks import Ask
from freehold.words.dialects import Capability, Dialect
from freehold.words.offers import Offer, Place, layer_for
from freehold.words.prices import FREE, Usage
from freehold.words.receipts import Basis, Energy


class WhisperOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How speech is listened to."""

    threads: int = 1
    """CPU threads of the listener."""
    waiting: int = 8
    """Requests that may wait; the next is told that it is busy."""
    most_bytes: int = 25 << 20
    """Size of a file at most: OpenAI's own limit."""
    most_seconds: Seconds = Seconds(1800.0)
    """Length of the audio at most."""
    idle: Seconds = Seconds(300.0)
    """The listener is ended when nobody has asked for so long."""
    watts_per_core: float = 10.0
    """For the energy estimate; assumed, not measured."""


class WhisperProvider:
    """Serves every whisper model installed under `home`, where the `speech` extra is installed."""

    def __init__(self, home: Home, options: WhisperOptions | None = None, *, name: str = "local-speech") -> None:
        self._options = options or WhisperOptions()
        self._name = name
        self._zoo = Zoo(home, Kind.WHISPER)
        self._installed = find_spec("faster_whisper") is not None
        self._turn = asyncio.Lock()
        self._in_flight = 0
        self._listener: Listener | None = None
        self._model = ""
        self._expiry: asyncio.TimerHandle | None = None
        self._ending: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        return self._name

    def offers(self) -> Sequence[Offer]:
        """One for each whisper model; none without the extra."""
        return tuple(map(self._offer, self._zoo.models().values())) if self._installed else ()

    def status(self) -> ProviderStatus:
        reason = "" if self._zoo.models() else "no speech model is on disk: see `freehold pull`"
        if not self._installed:
            reason = "the speech extra is missing: pip install 'freehold[speech]'"
        return ProviderStatus(ready=not reason, reason=reason, in_flight=self._in_flight)

    async def infer(self, ask: Ask, offer: Offer, *, timeout: Seconds | None = None) -> Answer | AnswerStream:
        """See `Inference.infer`."""
        model = self._zoo.models().get(offer.model) if self._installed else None
        if model is None or ask.dialect is not Dialect.TRANSCRIPTIONS:
            raise CannotServe(f"{self._name} does not serve {offer.model} in {ask.dialect.value}.")
        request = read_request(
            ask,
            english_only=model.name.endswith(".en"),
            most_bytes=self._options.most_bytes,
            most_seconds=self._options.most_seconds,
        )
        if self._in_flight > self._options.waiting:
            raise ProviderBusy("Too many transcriptions wait already.", retry_after=1.0)
        self._in_flight += 1
        try:
            async with asyncio.timeout(timeout), self._turn:
                return await self._answer(model, request)
        except TimeoutError as error:
            raise ProviderTimedOut(f"{offer.name} gave no answer in {timeout:.1f} s.") from error
        finally:
            self._in_flight -= 1

    async def aclose(self) -> None:
        """End the listener."""
        self._rest(None)
        if self._ending is not None:
            await self._ending
        await self._end()

    async def _answer(self, model: Installed, request: TranscriptionRequest) -> Answer:
        self._rest(None)
        try:
            listener = await self._ready(model)
            before = listener.cpu_seconds()
            heard = await listener.hear(request.job, request.audio)
            spent = listener.cpu_seconds() - before
        except BaseException:
            await asyncio.shield(self._end())
            raise
        self._rest(self._options.idle)
        if heard.fault:
            raise _fault(heard)
        body, content_type = written(heard, request.format, request.granularities)
        joules = Joules(max(0.0, spent) * self._options.watts_per_core)
        return Answer(
            body=body,
            usage=Usage(audio_seconds=heard.seconds),
            energy=Energy(joules=joules, basis=Basis.ESTIMATED),
            content_type=content_type,
        )

    async def _ready(self, model: Installed) -> Listener:
        """A listener that has `model` loaded."""
        if self._listener is None or not self._listener.alive or self._model != model.name:
            await self._end()
            directory = model.only("model.bin").parent
            order = ListenOrder(directory=str(directory), threads=self._options.threads)
            self._listener, self._model = await start(order), model.name
        return self._listener

    async def _end(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            await listener.stop()

    def _rest(self, idle: Seconds | None) -> None:
        """Have the listener ended after `idle` seconds; None: not at all."""
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None
        if idle is not None:
            self._expiry = asyncio.get_running_loop().call_later(idle, self._expire)

    def _expire(self) -> None:
        if not self._turn.locked():
            self._ending = asyncio.create_task(self._end())

    def _offer(self, model: Installed) -> Offer:
        return Offer(
            provider=self._name,
            model=model.name,
            layer=layer_for(model.manifest.parameters, Place.LOCAL),
            place=Place.LOCAL,
            dialects=frozenset({Dialect.TRANSCRIPTIONS}),
            capabilities=frozenset({Capability.TRANSCRIPTION}),
            price=FREE,
            region="local",
            retention_days=0,
            parameters=model.manifest.parameters,
        )


def _fault(heard: Heard) -> FreeholdError:
    """The error that a listener's fault means."""
    match heard.fault:
        case "audio":
            return InvalidRequest(f"The audio is no good: {heard.reason}.", parameter="file")
        case "request":
            return InvalidRequest(f"The listener refuses: {heard.reason}.")
        case "length":
            return CannotServe(f"The audio is too much: {heard.reason}.", advice="Send it in parts.")
    return ProviderBroken(f"The local listener failed: {heard.reason}.")
