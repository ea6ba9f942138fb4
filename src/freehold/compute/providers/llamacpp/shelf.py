"""Which models are loaded: one at a time is loaded, the longest unused makes room, the idle ones go.

A request borrows an engine and gives it back; only engines nobody has borrowed are unloaded. Requests for one model
beyond those it works on wait in a bounded line.
"""

from __future__ import annotations

import asyncio
import time

from freehold.compute.providers.llamacpp.engine import Engine, private_socket, start
from freehold.compute.providers.llamacpp.found import LocalModel
from freehold.compute.providers.llamacpp.settings import EngineOrder, LlamaCppOptions
from freehold.ground.errors import CannotServe, ProviderBroken, ProviderBusy
from freehold.ground.units import Joules
from freehold.words.receipts import Basis, Energy

_OVERHEAD = 64 << 20
"""Bytes an engine takes beyond weights and context: the process, compute buffers."""


class _Place:
    """One model's place on the shelf."""

    def __init__(self, model: LocalModel, order_context: int, parallel: int) -> None:
        self.model = model
        self.context = order_context
        self.gate = asyncio.Semaphore(parallel)
        self.users = 0
        self.last_used = time.monotonic()
        self.engine: Engine | None = None
        self.loading: asyncio.Task[Engine] | None = None
        self.expiry: asyncio.TimerHandle | None = None


class Lease:
    """An engine, borrowed for one request."""

    def __init__(self, shelf: Shelf, place: _Place, engine: Engine) -> None:
        self._shelf = shelf
        self._place = place
        self._ticket = engine.work.begin()
        self._held = True
        self.engine = engine
        self.energy: Energy | None = None
        """Known once the engine is given back."""

    def release(self) -> None:
        """Give the engine back. May be called twice."""
        if self._held:
            self._held = False
            self.energy = self._shelf.energy(self.engine.work.end(self._ticket))
            self._place.gate.release()
            self._shelf.leave(self._place)


class Shelf:
    """The loaded models of this process."""

    def __init__(self, options: LlamaCppOptions) -> None:
        self._options = options
        self._places: dict[str, _Place] = {}
        self._one_load = asyncio.Lock()
        self._chores: set[asyncio.Task[None]] = set()
        self._closed = False

    @property
    def in_flight(self) -> int:
        return sum(place.users for place in self._places.values())

    @property
    def loaded(self) -> tuple[str, ...]:
        """Names of the models that are in memory."""
        return tuple(name for name, place in self._places.items() if place.engine and place.engine.alive)

    async def borrow(self, model: LocalModel) -> Lease:
        """An engine with `model` loaded and room for one more request.

        Raises ProviderBusy where too many wait or no room can be made, CannotServe where the model is too big,
        ProviderBroken where it cannot be loaded.
        """
        place = self._enter(model)
        try:
            await place.gate.acquire()
            try:
                return Lease(self, place, await self._engine(place))
            except BaseException:
                place.gate.release()
                raise
        except BaseException:
            self.leave(place)
            raise

    def energy(self, cpu_seconds: float) -> Energy:
        """joules = CPU seconds x watts per core: an estimate, and called one."""
        return Energy(joules=Joules(cpu_seconds * self._options.watts_per_core), basis=Basis.ESTIMATED)

    def leave(self, place: _Place) -> None:
        """One request less; the last one starts the clock of idleness."""
        place.users -= 1
        place.last_used = time.monotonic()
        self._rest(place)

    async def aclose(self) -> None:
        """Unload everything and wait until it is gone."""
        self._closed = True
        loads = [place.loading for place in self._places.values() if place.loading]
        for load in loads:
            load.cancel()
        await asyncio.gather(*loads, return_exceptions=True)
        for place in self._places.values():
            _forget_expiry(place)
        await asyncio.gather(*self._chores, *(self._unload(place) for place in self._places.values()))

    def _enter(self, model: LocalModel) -> _Place:
        if self._closed:
            raise ProviderBroken("Local models are being shut down.")
        place = self._places.get(model.name)
        if place is not None and place.model != model and not place.users:
            self._expire(place)
            place = None
        if place is None:
            context = min(self._options.context, model.facts.context or self._options.context)
            place = self._places[model.name] = _Place(model, context, self._options.parallel)
        if place.users >= self._options.parallel + self._options.waiting:
            raise ProviderBusy(f"{place.users} requests wait for {model.name} already.", retry_after=1.0)
        place.users += 1
        _forget_expiry(place)
        return place

    async def _engine(self, place: _Place) -> Engine:
        if place.engine is not None and await place.engine.usable():
            return place.engine
        if place.loading is None:
            place.loading = asyncio.create_task(self._load(place))
            place.loading.add_done_callback(lambda task: _loaded(place, task))
        return await asyncio.shield(place.loading)

    async def _load(self, place: _Place) -> Engine:
        async with self._one_load:
            await self._unload(place)
            await self._make_room(place)
            place.engine = await start(self._order(place), limit=self._options.load)
            self._rest(place)
            return place.engine

    def _order(self, place: _Place) -> EngineOrder:
        model = place.model
        return EngineOrder(
            path=str(model.path),
            alias=model.name,
            socket=str(private_socket()),
            context=place.context,
            parallel=self._options.parallel,
            threads=self._options.threads or _spare_cores(),
            embedding=model.embeds,
            chat_template=model.defaults.chat_template,
            temperature=model.defaults.temperature,
            top_p=model.defaults.top_p,
        )

    async def _make_room(self, place: _Place) -> None:
        limit = self._options.memory or _half_of_memory()
        needed = self._size(place)
        if needed > limit:
            raise CannotServe(
                f"{place.model.name} needs about {needed >> 20} MiB, local models may take {limit >> 20}.",
                advice="Raise `memory` or lower `context` and `parallel` in the local models' settings.",
            )
        loaded = [other for other in self._places.values() if other is not place and other.engine is not None]
        free = limit - sum(map(self._size, loaded))
        for other in sorted(loaded, key=lambda each: each.last_used):
            if needed > free and not other.users:
                free += self._size(other)
                await self._unload(other)
        if needed > free:
            raise ProviderBusy(f"No room for {place.model.name}: other local models are at work.", retry_after=1.0)

    def _size(self, place: _Place) -> int:
        """Bytes a loaded model takes: estimated from weights and context."""
        facts = place.model.facts
        return place.model.size + facts.kv_bytes_per_token * place.context * self._options.parallel + _OVERHEAD

    def _rest(self, place: _Place) -> None:
        """Start the clock of idleness, if nobody uses the model."""
        _forget_expiry(place)
        if not place.users and not self._closed:
            place.expiry = asyncio.get_running_loop().call_later(self._options.idle, self._expire, place)

    def _expire(self, place: _Place) -> None:
        _forget_expiry(place)
        if not place.users:
            chore = asyncio.create_task(self._unload(place))
            self._chores.add(chore)
            chore.add_done_callback(self._chores.discard)

    async def _unload(self, place: _Place) -> None:
        engine, place.engine = place.engine, None
        if engine is not None:
            await engine.stop()


def _loaded(place: _Place, task: asyncio.Task[Engine]) -> None:
    """Every waiter has the outcome; also taken here, in case all of them went away."""
    place.loading = None
    if not task.cancelled():
        task.exception()


def _forget_expiry(place: _Place) -> None:
    if place.expiry is not None:
        place.expiry.cancel()
        place.expiry = None


def _half_of_memory() -> int:
    import psutil

    return int(psutil.virtual_memory().total) // 2


def _spare_cores() -> int:
    import psutil

    return max(1, (psutil.cpu_count(logical=False) or 2) - 1)
