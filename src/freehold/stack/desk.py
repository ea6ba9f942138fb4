"""Where every request comes in, whatever its wire: keys, budgets, cache, dispatch, receipt.

    call = desk.open(ask, key, use_cache=None)
    answer = await desk.answer(call)        # hand it on
    desk.close(call, error or None)         # always, exactly one receipt

Rules it keeps: a call that was opened is closed once, and then has its receipt; what was reserved for it is settled; a request
that comes while the house is full or stopping is turned away before anything is spent on it.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable

import msgspec

from freehold.compute.provider import Answer, AnswerStream
from freehold.ground.errors import AllBusy, AllFailed, DeadlineExceeded, NotAuthenticated, Overloaded
from freehold.ground.units import Seconds, Usd
from freehold.stack.cache import ExactCache, Kept
from freehold.stack.calls import Call
from freehold.stack.continuation import Continuation
from freehold.stack.dispatch import Dispatch
from freehold.stack.keys import Keyring, VirtualKey
from freehold.stack.metering import Meter
from freehold.stack.receipts.writer import ReceiptWriter
from freehold.stack.recording import receipt_of
from freehold.stack.tally import Tally
from freehold.stack.watch import Watch
from freehold.words.asks import Ask, ComputeRequirements, Privacy
from freehold.words.prices import NO_USAGE, Usage
from freehold.words.receipts import Energy

_OPEN_DOOR = VirtualKey(id="", name="", prefix="", created=0.0)
_KEY_START = "fh-"
_NARROWEST_FIRST = (Privacy.LOCAL, Privacy.OWN, Privacy.ANY)


class Door(msgspec.Struct, frozen=True, kw_only=True):
    """Who is let in, and how many at a time."""

    require_key: bool = False
    max_in_flight: int = 4096
    total: Seconds = Seconds(600.0)
    """Longest a request may take, every attempt together."""


class Desk:
    """Takes calls in and sees them through."""

    def __init__(
        self,
        *,
        door: Door,
        dispatch: Dispatch,
        cache: ExactCache,
        keys: Keyring,
        meter: Meter,
        receipts: ReceiptWriter,
        tally: Tally,
        continue_broken: bool = False,
    ) -> None:
        self.dispatch = dispatch
        self.cache = cache
        self.receipts = receipts
        self.tally = tally
        self.stopping = False
        self._door = door
        self._keys = keys
        self._meter = meter
        self._watch = Watch()
        self._answer = Continuation(dispatch).answer if continue_broken else dispatch.answer

    @property
    def owner(self) -> VirtualKey:
        """Who asks when this machine's own user does, without a key."""
        return _OPEN_DOOR

    @property
    def in_flight(self) -> int:
        return len(self._watch)

    def authenticate(self, secret: str) -> VirtualKey:
        """The key behind a secret. Without `require_key`, whoever shows no key of ours comes in as the owner.

        Raises NotAuthenticated.
        """
        if secret.startswith(_KEY_START):
            return self._keys.find(secret)
        if self._door.require_key:
            raise NotAuthenticated(
                "This gateway asks for a key." if not secret else "That is not a key of this gateway."
            )
        return _OPEN_DOOR

    def open(self, ask: Ask, key: VirtualKey, *, use_cache: bool | None, cancel: Callable[[], object] | None) -> Call:
        """Begin a call. `cancel` is called when its deadline passes.

        Raises Overloaded, or StorageFailed where receipts are required and cannot be written.
        """
        if self.stopping:
            raise Overloaded("This gateway is stopping.", retry_after=1.0)
        if len(self._watch) >= self._door.max_in_flight:
            raise Overloaded(f"This gateway has {len(self._watch)} requests in flight already.", retry_after=1.0)
        self.receipts.admit()
        now = time.monotonic()
        if key.privacy is not Privacy.ANY:
            ask = msgspec.structs.replace(ask, requirements=_narrowed(ask.requirements, key.privacy))
        limits = ask.requirements
        total = self._door.total if limits.deadline is None else min(self._door.total, limits.deadline)
        call = Call(
            ask=ask,
            key=key,
            arrived=time.time(),
            started=now,
            deadline=now + total,
            cancel=cancel,
            allowed=key.models,
            use_cache=use_cache,
            first_byte_by=None if limits.max_latency is None else now + limits.max_latency,
        )
        if cancel is not None:
            self._watch.enter(call)
        return call

    async def answer(self, call: Call) -> Answer | AnswerStream:
        """The answer, from the cache or from whoever can give it. A stream is ready: its first event has come."""
        cache_key = self.cache.key(call.ask, call.use_cache)
        if cache_key is None:
            return await self._answer(call)
        if (kept := self.cache.get(cache_key, time.monotonic())) is not None:
            if call.key.allowances:
                await self._meter.admit(call)
            return _from_cache(call, kept)
        try:
            answer = await self._answer(call)
        except (AllFailed, AllBusy, DeadlineExceeded):
            if (kept := self.cache.get(cache_key, time.monotonic(), stale=True)) is not None:
                return _from_cache(call, kept)
            raise
        return self._keep(call, cache_key, answer)

    def close(self, call: Call, error: BaseException | None) -> None:
        """End a call: settle what was reserved, write its receipt. A second call does nothing."""
        if call.closed:
            return
        call.closed = True
        self._watch.leave(call)
        self.dispatch.finish(call, error)
        self.receipts.append(receipt_of(call, error))

    def troubles(self) -> list[str]:
        """Why requests should not be sent here just now."""
        found = ["it is stopping"] if self.stopping else []
        if not self.dispatch.catalog.offers:
            found.append("there are no offers: add a provider or run `freehold pull`")
        if (fault := self.receipts.state.fault) is not None:
            found.append(f"receipts cannot be written: {fault.message}")
        return found

    def _keep(self, call: Call, key: bytes, answer: Answer | AnswerStream) -> Answer | AnswerStream:
        offer = call.offer
        if offer is None:
            return answer
        if isinstance(answer, Answer):
            kept = Kept(body=answer.body, content_type=answer.content_type, offer=offer, at=time.monotonic())
            self.cache.put(key, kept)
            return answer

        def keep(body: bytes) -> None:
            self.cache.put(key, Kept(body=body, content_type="", offer=offer, at=time.monotonic()))

        return _Copied(answer, keep)


class _Copied:
    """A stream that hands a copy of itself to the cache once it has ended well."""

    def __init__(self, inner: AnswerStream, keep: Callable[[bytes], None]) -> None:
        self._inner = inner
        self._keep = keep

    @property
    def usage(self) -> Usage:
        return self._inner.usage

    @property
    def energy(self) -> Energy | None:
        return self._inner.energy

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces = []
        async for piece in self._inner:
            pieces.append(piece)
            yield piece
        self._keep(b"".join(pieces))

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Replay:
    """A stream from the cache: everything at once."""

    usage = NO_USAGE
    energy = None

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body

    async def aclose(self) -> None:
        """Nothing to stop."""


def _from_cache(call: Call, kept: Kept) -> Answer | AnswerStream:
    call.cached = True
    call.offer = kept.offer
    call.usd = Usd(0.0)
    call.first_byte = Seconds(time.monotonic() - call.started)
    return _Replay(kept.body) if call.ask.stream else Answer(body=kept.body, content_type=kept.content_type)


def _narrowed(asked: ComputeRequirements, most: Privacy) -> ComputeRequirements:
    """The request's limits, its privacy no wider than `most`."""
    return msgspec.structs.replace(asked, privacy=min(asked.privacy, most, key=_NARROWEST_FIRST.index))
