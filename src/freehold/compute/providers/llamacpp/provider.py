"""Local models through llama.cpp: any GGUF, on this machine, at no price.

Rules it keeps beyond the contract's:

- A model is loaded when it is first asked for (or warmed), in a process of its own, so that a crash, a hostile file or
  a long load never touches the gateway. Nothing heavy is imported here.
- It offers only what llama.cpp and the model's own template can do; one choice per request.
- Energy is estimated: CPU seconds the engine used for the request x watts per core. A GPU's share is not in it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from importlib.util import find_spec

from freehold.compute.dialects.usage import usage_of_answer
from freehold.compute.provider import Answer, AnswerStream, ProviderStatus
from freehold.compute.providers.llamacpp.answers import LocalStream, error_for
from freehold.compute.providers.llamacpp.found import Finder, LocalModel
from freehold.compute.providers.llamacpp.requests import TARGETS, body_for, check_lengths
from freehold.compute.providers.llamacpp.settings import LlamaCppOptions
from freehold.compute.providers.llamacpp.shelf import Lease, Shelf
from freehold.ground.errors import CannotServe, ProviderTimedOut
from freehold.ground.paths import Home
from freehold.ground.units import Seconds
from freehold.words.asks import Ask
from freehold.words.dialects import Dialect
from freehold.words.offers import Offer
from freehold.words.prices import NO_USAGE

_LONGEST_ANSWER = 64 << 20


class LlamaCppProvider:
    """Serves every GGUF under `home` (and those named in `options`) through llama.cpp."""

    def __init__(self, home: Home, options: LlamaCppOptions | None = None, *, name: str = "local") -> None:
        self._options = options or LlamaCppOptions()
        self._name = name
        self._finder = Finder(home, self._options.models)
        self._shelf = Shelf(self._options)
        self._installed = find_spec("xllamacpp") is not None

    @property
    def name(self) -> str:
        return self._name

    @property
    def loaded(self) -> tuple[str, ...]:
        """Names of the models that are in memory now."""
        return self._shelf.loaded

    def offers(self) -> Sequence[Offer]:
        """One for each GGUF that can be read."""
        models = self._finder.models()
        return tuple(model.offer(self._name, self._options.context) for model in models.values())

    def status(self) -> ProviderStatus:
        """Ready where there is a model to serve and the engine is installed."""
        reason = "" if self._installed else "xllamacpp is not installed"
        if not reason and not self._finder.models():
            reason = "no GGUF model is on disk: see `freehold pull`"
        return ProviderStatus(ready=not reason, reason=reason, in_flight=self._shelf.in_flight)

    async def warm(self, model: str) -> None:
        """Load `model` now, so that the first request does not wait for it."""
        lease = await self._shelf.borrow(self._model(model))
        lease.release()

    async def infer(self, ask: Ask, offer: Offer, *, timeout: Seconds | None = None) -> Answer | AnswerStream:
        """See `Inference.infer`. `timeout` covers waiting, loading and the answer, or a stream's first event."""
        model = self._model(offer.model)
        body = body_for(ask, offer)
        try:
            async with asyncio.timeout(timeout):
                lease = await self._shelf.borrow(model)
                try:
                    if ask.dialect is Dialect.EMBEDDINGS:
                        await check_lengths(lease.engine, body, offer.context or self._options.context)
                    return await _answer(lease, ask, body)
                except BaseException:
                    lease.release()
                    raise
        except TimeoutError as error:
            raise ProviderTimedOut(f"{offer.name} gave no answer in {timeout:.1f} s.") from error

    async def aclose(self) -> None:
        """Unload every model and end its process."""
        await self._shelf.aclose()

    def _model(self, name: str) -> LocalModel:
        model = self._finder.models().get(name)
        if model is None:
            raise CannotServe(f"There is no local model {name}.", advice=f"Pull it with `freehold pull {name}`.")
        return model


async def _answer(lease: Lease, ask: Ask, body: bytes) -> Answer | AnswerStream:
    exchange = await lease.engine.send(TARGETS[ask.dialect], body)
    try:
        if exchange.status != 200:
            raise error_for(exchange.status, await exchange.body(_LONGEST_ANSWER))
        if ask.stream:
            stream = LocalStream(exchange, lease, ask.dialect)
            await stream.open()
            return stream
        whole = await exchange.body(_LONGEST_ANSWER)
    except BaseException:
        exchange.close()
        raise
    exchange.close()
    lease.release()
    return Answer(body=whole, usage=usage_of_answer(ask.dialect, whole) or NO_USAGE, energy=lease.energy)
