"""What the configuration says about hedging and broken streams is done, over real HTTP."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from freehold.app.abstraction import ComputeAbstractionLayer
from freehold.app.build import House
from freehold.app.config import load_text
from freehold.ground.errors import ProviderBroken
from freehold.ground.paths import Home
from freehold.testing.faulty import Behaviour, FaultyServer, black_hole, openai_chat, stream_cut
from freehold.words.receipts import Outcome, Receipt

QUIET = "[local]\nenabled = false\ndiscovery = false\ncode = false\n"


class Running:
    """A layer over two servers that do as they are told."""

    def __init__(self, layer: ComputeAbstractionLayer, house: House, servers: list[FaultyServer]) -> None:
        self.layer = layer
        self.first, self.second = servers
        self._receipts: list[Receipt] = []
        self._writer = house.desk.receipts
        self._writer.on_batch(self._receipts.extend)

    async def streamed(self) -> str:
        return "".join([delta.text async for delta in self.layer.stream("auto", "Hello?")])

    @property
    def receipt(self) -> Receipt:
        self._writer.flush().result(10)
        return self._receipts[-1]


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Callable[..., object]]:
    async with AsyncExitStack() as stack:

        async def run(settings: str, *behaviours: Behaviour) -> Running:
            servers = [await stack.enter_async_context(FaultyServer(each)) for each in behaviours]
            providers = "".join(
                f'[providers.{name}]\nlike = "self_hosted"\nbase_url = "{server.url}/v1"\n'
                f'models = ["{name}"]\npreference = {number}\n'
                for number, (name, server) in enumerate(zip(("first", "second"), servers, strict=True))
            )
            house = House(load_text(settings + QUIET + providers, environment={}).settings, Home(tmp_path))
            layer = await stack.enter_async_context(ComputeAbstractionLayer(house))
            return Running(layer, house, servers)

        yield run


async def test_a_broken_stream_is_continued_where_that_is_asked_for(running) -> None:
    house = await running("[stream]\ncontinue_broken = true\n", stream_cut("Hello from"), openai_chat("loopback."))
    assert await house.streamed() == "Hello fromloopback."
    receipt = house.receipt
    assert receipt.outcome is Outcome.OK
    assert [(attempt.provider, attempt.outcome) for attempt in receipt.attempts] == [
        ("first", Outcome.FAILED),
        ("second", Outcome.OK),
    ]
    assert receipt.usage.estimated  # the first server was cut off before it could count
    asked = json.loads(house.second.exchanges[0].body)
    assert asked["messages"][-1] == {"role": "assistant", "content": "Hello from"}


async def test_and_not_where_it_is_not(running) -> None:
    house = await running("", stream_cut(), openai_chat())
    with pytest.raises(ProviderBroken):
        await house.streamed()
    assert not house.second.exchanges


async def test_a_slow_server_is_hedged_where_that_is_asked_for(running) -> None:
    house = await running("[hedge]\nafter = 0.01\n", black_hole(), openai_chat("Quick."))
    assert await house.streamed() == "Quick."
    await house.first.exchanges[0].client_gone.wait()
    outcomes = {attempt.provider: attempt.outcome for attempt in house.receipt.attempts}
    assert outcomes == {"first": Outcome.CANCELLED, "second": Outcome.OK}
