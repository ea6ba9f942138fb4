"""Each deadline passes on its own, and then somebody is told. Nobody waits for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from gateways import Gateway, Ports, Settings, model_at
from upstreams import EVENTS, said
from wires import ask

from freehold.testing.faulty import Behaviour, Exchange, FaultyServer, black_hole, deaf_port, openai_chat, slow_start
from freehold.testing.faulty.replies import head

LATE = 4.0
"""Seconds; well before any deadline but the one that a test is about."""


@pytest.fixture(scope="module")
def settings(ports: Ports, deaf: int) -> Settings:
    return {
        "providers": {
            "deaf": model_at(deaf, deadlines={"connect": 0.3, "first_byte": 2.0, "between_chunks": 2.0}),
            "silent": model_at(ports.first, deadlines={"connect": 2.0, "first_byte": 0.3, "between_chunks": 2.0}),
            "halting": model_at(ports.first, deadlines={"connect": 2.0, "first_byte": 2.0, "between_chunks": 0.3}),
            "patient": model_at(ports.first, deadlines={"connect": 2.0, "first_byte": 2.0, "between_chunks": 2.0}),
            "next": model_at(ports.second),
        },
        "aliases": {f"{name}-or-next": [f"{name}/m", "next/m"] for name in ("deaf", "silent", "halting", "patient")},
        "deadlines": {"total": 2.0},
        "prices": {},
        "retry": {"attempts": 1},
    }


@pytest.fixture(scope="module")
def deaf() -> Iterator[int]:
    with deaf_port() as port:
        yield port


async def stops_in_the_body(exchange: Exchange) -> None:
    await exchange.send(head(200, {"content-type": "application/json", "content-length": "100"}) + b"{")
    await exchange.client_gone.wait()


async def drips_for_ever(exchange: Exchange) -> None:
    """Never silent for long, and never done."""
    await exchange.send(head(200, EVENTS))
    while not exchange.client_gone.is_set():
        await exchange.send(said("x"))
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("provider", "behaviour"), [("deaf", None), ("silent", black_hole()), ("halting", stops_in_the_body)]
)
async def test_a_deadline_passes_and_the_next_is_asked(
    gateway: Gateway,
    first: FaultyServer,
    second: FaultyServer,
    *,
    provider: str,
    behaviour: Behaviour | None,
    stream: bool,
) -> None:
    if behaviour is not None:
        first.script(behaviour)
    answer = await ask(gateway.port, f"{provider}-or-next", stream=stream)
    assert answer.status == 200
    late, _ = (await gateway.receipt(answer.id)).attempts
    assert (late.error, late.outcome) == ("provider_timed_out", "failed")
    assert 0.3 <= late.seconds < LATE
    if behaviour is not None:
        await asyncio.wait_for(first.exchanges[0].client_gone.wait(), LATE)


async def test_the_total_binds_all_attempts_together(gateway: Gateway, first: FaultyServer) -> None:
    first.script(black_hole())
    answer = await ask(gateway.port, "patient/m")
    assert (answer.status, answer.error["code"]) == (504, "deadline_exceeded")
    receipt = await gateway.receipt(answer.id)
    assert 2.0 <= receipt.seconds < 2.0 + LATE
    await asyncio.wait_for(first.exchanges[0].client_gone.wait(), LATE)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_request_may_set_a_tighter_one(gateway: Gateway, first: FaultyServer, stream: bool) -> None:
    first.script(black_hole())
    answer = await ask(gateway.port, "patient/m", headers=["x-freehold-deadline: 0.4"], stream=stream)
    assert (answer.status, answer.error["code"]) == (504, "deadline_exceeded")
    receipt = await gateway.receipt(answer.id)
    assert (receipt.outcome, receipt.error) == ("failed", "deadline_exceeded")
    assert 0.4 <= receipt.seconds < LATE


async def test_a_stream_that_drips_ends_with_the_deadline(gateway: Gateway, first: FaultyServer) -> None:
    first.script(drips_for_ever)
    answer = await ask(gateway.port, "patient/m", headers=["x-freehold-deadline: 0.5"], stream=True)
    assert (answer.status, answer.whole) == (200, True)
    assert answer.streamed_text.startswith("xx")
    assert answer.events[-1]["error"]["code"] == "deadline_exceeded"
    await asyncio.wait_for(first.exchanges[0].client_gone.wait(), LATE)
    receipt = await gateway.receipt(answer.id)
    assert (receipt.outcome, receipt.error) == ("failed", "deadline_exceeded")


async def test_no_time_at_all_is_told_at_once(gateway: Gateway, first: FaultyServer) -> None:
    answer = await ask(gateway.port, "patient/m", headers=["x-freehold-deadline: 0"])
    assert (answer.status, answer.error["code"]) == (504, "deadline_exceeded")


async def test_who_is_merely_slow_is_waited_for(gateway: Gateway, first: FaultyServer) -> None:
    first.script(slow_start(0.5, openai_chat("at last")))
    assert (await ask(gateway.port, "patient/m")).text == "at last"
