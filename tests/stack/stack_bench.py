"""A whole desk over fake providers, with real parts behind it: clerk, database, budgets, receipts."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from freehold.compute.catalog import Catalog
from freehold.compute.dialects import sse
from freehold.compute.health import BreakerPolicy
from freehold.compute.provider import Answer, AnswerStream, Inference
from freehold.ground.database import open_database
from freehold.ground.units import Seconds
from freehold.stack.allowances import Allowance, Allowances
from freehold.stack.cache import CachePolicy, ExactCache
from freehold.stack.calls import Call
from freehold.stack.clerk import Clerk
from freehold.stack.desk import Desk, Door
from freehold.stack.dispatch import Dispatch
from freehold.stack.health import Health
from freehold.stack.keys import Keyring, VirtualKey
from freehold.stack.metering import Meter
from freehold.stack.progress import RetryPolicy
from freehold.stack.receipts import ReceiptWriter
from freehold.stack.tally import Tally
from freehold.words.asks import NO_REQUIREMENTS, Ask, ComputeRequirements
from freehold.words.dialects import Capability, Dialect
from freehold.words.receipts import Receipt

_numbers = itertools.count(1)
HELLO = [{"role": "user", "content": "Hello."}]
BREAKER = BreakerPolicy()
NO_CACHE = CachePolicy(enabled=False)
DOOR = Door()
AT_ONCE = RetryPolicy(backoff=Seconds(1e-6), backoff_cap=Seconds(1e-6))


def asking(
    *,
    model: str = "auto",
    dialect: Dialect = Dialect.CHAT,
    stream: bool = False,
    requirements: ComputeRequirements = NO_REQUIREMENTS,
    needs: frozenset[Capability] = frozenset(),
    owner: str = "",
    **fields: Any,
) -> Ask:
    if dialect is Dialect.CHAT:
        fields = {"messages": HELLO, **fields}
    fields = {**fields, "stream": True} if stream else fields
    raw = {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in fields.items()}
    return Ask(
        id=f"req_{next(_numbers)}",
        dialect=dialect,
        model=model,
        fields=raw,
        stream=stream,
        needs=needs,
        requirements=requirements,
        owner=owner,
        size=sum(len(bytes(each)) for each in raw.values()),
    )


def key_with(*allowances: Allowance, **details: Any) -> VirtualKey:
    return VirtualKey(id=f"key_{next(_numbers)}", name="k", prefix="", created=0.0, allowances=allowances, **details)


class Bench:
    """One desk. `receipts` has every receipt so far; `allowances` is the ledger behind the keys."""

    def __init__(
        self,
        where: Path,
        *providers: Inference,
        retry: RetryPolicy = AT_ONCE,
        breaker: BreakerPolicy = BREAKER,
        cache: CachePolicy = NO_CACHE,
        door: Door = DOOR,
        hedge_after: float | None = None,
        continue_broken: bool = False,
        aliases: dict[str, tuple[str, ...]] | None = None,
    ) -> None:
        database = open_database(where / "freehold.db")
        database.migrate()
        self._clerk = Clerk(database)
        self._writer = ReceiptWriter(self._clerk, window=Seconds(1e6))
        self._told: list[Receipt] = []
        self._writer.on_batch(self._told.extend)
        self.catalog = Catalog(aliases)
        for provider in providers:
            self.catalog.add(provider)
        self.allowances = Allowances(self._clerk)
        self.health = Health(breaker)
        meter = Meter(self.allowances)
        patience = None if hedge_after is None else Seconds(hedge_after)
        self.dispatch = Dispatch(self.catalog, health=self.health, retry=retry, meter=meter, hedge_after=patience)
        self.cache = ExactCache(cache)
        self.desk = Desk(
            door=door,
            dispatch=self.dispatch,
            cache=self.cache,
            keys=Keyring(),
            meter=meter,
            receipts=self._writer,
            tally=Tally(),
            continue_broken=continue_broken,
        )
        self._clerk.start()

    @property
    def receipts(self) -> list[Receipt]:
        self._writer.flush().result(10)
        return self._told

    def load(self) -> dict[str, int]:
        """How many attempts are under way, by offer; who has none is left out."""
        return {name: count for name, count in self.dispatch._in_flight.items() if count}

    def open(self, ask: Ask, key: VirtualKey | None = None, cancel: Callable[[], object] | None = None) -> Call:
        return self.desk.open(ask, key or self.desk.owner, use_cache=None, cancel=cancel)

    async def ask(self, ask: Ask, key: VirtualKey | None = None) -> Receipt:
        """See one ask through, as the gateway does; gives its receipt. Raises what the client would be told."""
        await self.said(ask, key)
        return self.receipts[-1]

    async def said(self, ask: Ask, key: VirtualKey | None = None) -> bytes:
        """As `ask`, but gives what the client gets."""
        call = self.open(ask, key)
        error: BaseException | None = None
        try:
            answer = await self.desk.answer(call)
            if isinstance(answer, Answer):
                return answer.body
            return await self._streamed(call, answer)
        except BaseException as failure:
            error = failure
            raise
        finally:
            self.desk.close(call, error)

    async def _streamed(self, call: Call, stream: AnswerStream) -> bytes:
        try:
            return b"".join([piece async for piece in stream])
        finally:
            call.usage, call.energy = stream.usage, stream.energy
            await stream.aclose()

    async def close(self) -> None:
        await self.allowances.close()
        assert self._clerk.stop(Seconds(30))


def text_of(body: bytes) -> str:
    choice = msgspec.json.decode(body)["choices"][0]
    return str(choice["message"]["content"] if "message" in choice else choice["text"])


def chunks_of(events: bytes) -> list[dict[str, Any]]:
    """All chunks of a chat or completions stream, [DONE] checked and left out."""
    found = sse.parse(events)
    assert found.pop().data == b"[DONE]"
    return [msgspec.json.decode(event.data) for event in found]


def streamed_text(events: bytes) -> str:
    choices = [choice for chunk in chunks_of(events) for choice in chunk["choices"]]
    return "".join(choice.get("text") or choice.get("delta", {}).get("content") or "" for choice in choices)
