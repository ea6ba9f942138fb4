"""Local embeddings: any installed ONNX sentence encoder, on the CPU, at no price.

Rules it keeps beyond the contract's: the same text gives the same vector, whatever it is sent with; a text that is too
long is refused by name, not silently cut (unless `truncate` is set); work runs in a bounded number of threads, and what
waits for them is bounded too. Energy is estimated: CPU seconds of the thread x watts per core.
"""

from __future__ import annotations

import asyncio
import base64
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

from freehold.compute.models.manifest import Installed, Kind
from freehold.compute.models.zoo import Zoo
from freehold.compute.provider import Answer, AnswerStream, ProviderStatus
from freehold.compute.providers.onnx_embeddings.encoder import Encoded, Encoder
from freehold.compute.providers.onnx_embeddings.request import Encoding, read_request
from freehold.ground.errors import CannotServe, ProviderBroken, ProviderBusy, ProviderTimedOut
from freehold.ground.paths import Home
from freehold.ground.units import Joules, Seconds
from freehold.words.asks import Ask
from freehold.words.dialects import Capability, Dialect
from freehold.words.offers import Offer, Place, layer_for
from freehold.words.prices import FREE, Usage
from freehold.words.receipts import Basis, Energy

_CONTEXT = 256
_DIMENSIONS = 384


class OnnxEmbeddingsOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How local embeddings are made."""

    parallel: int = 1
    """Requests worked on at a time, one core each."""
    waiting: int = 64
    """Requests that may wait; the next is told that it is busy."""
    truncate: bool = False
    """Read only the beginning of a text that is too long, instead of refusing it."""
    watts_per_core: float = 10.0
    """For the energy estimate; assumed, not measured."""


class OnnxEmbeddingsProvider:
    """Serves every ONNX sentence encoder installed under `home`."""

    def __init__(
        self, home: Home, options: OnnxEmbeddingsOptions | None = None, *, name: str = "local-embeddings"
    ) -> None:
        self._options = options or OnnxEmbeddingsOptions()
        self._name = name
        self._zoo = Zoo(home, Kind.ONNX)
        self._encoders: dict[str, Encoder] = {}
        self._loading = threading.Lock()
        self._threads = ThreadPoolExecutor(self._options.parallel, thread_name_prefix="embeddings")
        self._in_flight = 0

    @property
    def name(self) -> str:
        return self._name

    def offers(self) -> Sequence[Offer]:
        return tuple(map(self._offer, self._zoo.models().values()))

    def status(self) -> ProviderStatus:
        reason = "" if self._zoo.models() else "no embedding model is on disk: see `freehold pull`"
        return ProviderStatus(ready=not reason, reason=reason, in_flight=self._in_flight)

    async def infer(self, ask: Ask, offer: Offer, *, timeout: Seconds | None = None) -> Answer | AnswerStream:
        """See `Inference.infer`."""
        model = self._model(ask, offer)
        request = read_request(ask, dimensions=model.manifest.dimensions or _DIMENSIONS)
        if self._in_flight >= self._options.parallel + self._options.waiting:
            raise ProviderBusy("Too many embedding requests wait already.", retry_after=1.0)
        self._in_flight += 1
        try:
            encoded = await self._encode(model, request.texts, timeout)
        finally:
            self._in_flight -= 1
        joules = Joules(encoded.cpu_seconds * self._options.watts_per_core)
        return Answer(
            body=_body(encoded, request.encoding, model.name),
            usage=Usage(input=encoded.tokens),
            energy=Energy(joules=joules, basis=Basis.ESTIMATED),
        )

    async def aclose(self) -> None:
        """Let go of the models; what is being worked on ends first."""
        await asyncio.to_thread(self._threads.shutdown, wait=True, cancel_futures=True)
        self._encoders.clear()

    async def _encode(self, model: Installed, texts: tuple[str, ...], timeout: Seconds | None) -> Encoded:
        stop = threading.Event()
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                return await loop.run_in_executor(self._threads, self._work, model, texts, stop)
        except TimeoutError as error:
            raise ProviderTimedOut(f"{model.name} gave no answer in {timeout:.1f} s.") from error
        finally:
            stop.set()

    def _work(self, model: Installed, texts: tuple[str, ...], stop: threading.Event) -> Encoded:
        """Runs in a thread."""
        with self._loading:
            encoder = self._encoders.get(model.name)
            if encoder is None:
                encoder = self._encoders[model.name] = self._load(model)
        return encoder.encode(texts, stop)

    def _load(self, model: Installed) -> Encoder:
        context = model.manifest.context or _CONTEXT
        try:
            return Encoder(
                model.only(".onnx"), model.only("tokenizer.json"), context=context, truncate=self._options.truncate
            )
        except Exception as error:  # both libraries raise bare Exceptions for files they cannot read
            raise ProviderBroken(
                f"{model.name} cannot be loaded: {type(error).__name__}.",
                advice=f"Pull it again: `freehold pull {model.name}`.",
            ) from error

    def _offer(self, model: Installed) -> Offer:
        return Offer(
            provider=self._name,
            model=model.name,
            layer=layer_for(model.manifest.parameters, Place.LOCAL),
            place=Place.LOCAL,
            dialects=frozenset({Dialect.EMBEDDINGS}),
            capabilities=frozenset({Capability.EMBEDDING}),
            context=model.manifest.context or _CONTEXT,
            price=FREE,
            region="local",
            retention_days=0,
            parameters=model.manifest.parameters,
        )

    def _model(self, ask: Ask, offer: Offer) -> Installed:
        model = self._zoo.models().get(offer.model)
        if model is None or ask.dialect is not Dialect.EMBEDDINGS:
            raise CannotServe(f"{self._name} does not serve {offer.model} in {ask.dialect.value}.")
        return model


def _body(encoded: Encoded, encoding: Encoding, model: str) -> bytes:
    data = [
        {"object": "embedding", "index": index, "embedding": _written(row, encoding)}
        for index, row in enumerate(encoded.vectors)
    ]
    usage = {"prompt_tokens": encoded.tokens, "total_tokens": encoded.tokens}
    return msgspec.json.encode({"object": "list", "data": data, "model": model, "usage": usage})


def _written(row: Any, encoding: Encoding) -> str | list[float]:
    """A vector as numbers, or as its little-endian float32 bytes."""
    if encoding == "base64":
        return base64.b64encode(row.astype("<f4").tobytes()).decode("ascii")
    numbers: list[float] = row.tolist()
    return numbers
