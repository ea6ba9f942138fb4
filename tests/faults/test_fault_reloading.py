"""The configuration changes while requests are on their way: none is dropped, and what is wrong changes nothing."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import upstreams
from gateways import Gateway, Ports, model_at, until
from upstreams import Midway
from wires import PATIENCE, ask, chat, connected, request

from freehold.testing.faulty import Exchange, FaultyServer, error_status


@pytest.fixture
def gateway(tmp_path: Path, ports: Ports) -> Iterator[Gateway]:
    """One for each test: each changes the configuration."""
    settings = {
        "providers": {"a": model_at(ports.first), "b": model_at(ports.second)},
        "aliases": {"both": ["a/m", "b/m"]},
        "retry": {"attempts": 1},
    }
    with Gateway(tmp_path, settings) as running:
        yield running


async def in_force(gateway: Gateway, model: str) -> None:
    """Wait until requests for `model` are answered."""

    async def answered() -> bool:
        return (await ask(gateway.port, model)).status == 200

    await until(answered)


async def test_under_load_no_request_is_dropped(gateway: Gateway, first: FaultyServer) -> None:
    done = asyncio.Event()
    statuses: list[int] = []

    async def customer() -> None:
        async with connected(gateway.port) as wire:
            while not done.is_set():
                await wire.send(request(body=chat("a/m", stream=bool(len(statuses) % 2))))
                answer = await wire.reply()
                assert answer.whole
                statuses.append(answer.status)

    customers = [asyncio.create_task(customer()) for _ in range(8)]
    for number in range(5):
        gateway.configure(aliases={f"name{number}": ["a/m"]}, retry={"max_attempts": number + 2})
        gateway.signal(signal.SIGHUP)
        await in_force(gateway, f"name{number}")
    done.set()
    await asyncio.wait_for(asyncio.gather(*customers), PATIENCE)
    assert set(statuses) == {200}


async def test_what_is_wrong_changes_nothing_and_is_told(gateway: Gateway, first: FaultyServer) -> None:
    for wrong in ("this is no TOML [", '[providers.a]\nbase_uri = "http://127.0.0.1"\n', "[server]\nport = 99999\n"):
        gateway.write(wrong)
        gateway.signal(signal.SIGHUP)
        await until(lambda: gateway.status()["config_errors"])
        assert (await ask(gateway.port, "a/m")).status == 200
        gateway.configure()
        gateway.signal(signal.SIGHUP)
        await until(lambda: not gateway.status()["config_errors"])
    assert any("base_uri" in line for line in gateway.log)


async def test_a_configuration_that_is_gone_changes_nothing(gateway: Gateway, first: FaultyServer) -> None:
    gateway.config.unlink()
    gateway.signal(signal.SIGHUP)
    await until(lambda: gateway.status()["config_errors"])
    assert (await ask(gateway.port, "a/m")).status == 200
    gateway.configure(aliases={"new": ["a/m"]})
    gateway.signal(signal.SIGHUP)
    await in_force(gateway, "new")


async def test_it_changes_without_a_signal_too(gateway: Gateway, first: FaultyServer) -> None:
    gateway.configure(aliases={"new": ["a/m"]})
    await in_force(gateway, "new")


async def removed(gateway: Gateway, name: str) -> None:
    remaining = {key: value for key, value in gateway.settings["providers"].items() if key != name}
    gateway.settings["providers"] = remaining
    gateway.settings["aliases"] = {"both": [f"{key}/m" for key in remaining]}
    gateway.configure()
    gateway.signal(signal.SIGHUP)
    await until(lambda: name not in {each["name"] for each in gateway.status()["providers"]})


async def test_a_stream_outlives_the_removal_of_its_provider(gateway: Gateway, first: FaultyServer) -> None:
    async def the_rest(exchange: Exchange) -> None:
        await exchange.send(upstreams.said(" the end") + upstreams.framed(b"data: [DONE]\n\n") + upstreams.LAST_CHUNK)

    midway = Midway(the_rest)
    first.script(midway)
    async with connected(gateway.port) as wire:
        await wire.send(request(body=chat("a/m", stream=True)))
        await wire.head()
        assert b"Hello from" in await wire.piece()
        await removed(gateway, "a")
        midway.go.set()
        body, whole = await wire.chunks()
        assert whole
        assert b" the end" in body


async def test_a_request_may_fail_over_to_a_provider_that_has_just_been_removed(
    gateway: Gateway, first: FaultyServer, second: FaultyServer
) -> None:
    go = asyncio.Event()

    async def fail_late(exchange: Exchange) -> None:
        await go.wait()
        await error_status(500)(exchange)

    first.script(fail_late)
    asking = asyncio.create_task(ask(gateway.port, "both", headers=["x-freehold-deadline: 5"]))
    await asyncio.wait_for(first.arrived(), PATIENCE)
    await removed(gateway, "b")
    go.set()
    answer = await asking
    assert (answer.status, answer.error["code"]) == (502, "all_providers_failed")
    assert second.exchanges == []


async def test_what_was_held_against_an_old_address_is_not_held_against_the_new(
    gateway: Gateway, second: FaultyServer
) -> None:
    gateway.configure(breaker={"failures": 1, "open_seconds": 600, "max_open_seconds": 600})
    gateway.stop()
    gateway.start()
    assert (await ask(gateway.port, "both")).text == "from the second"
    assert gateway.provider("a")["breaker"] == "open"
    gateway.configure(providers={"a": model_at(second.port)})
    gateway.signal(signal.SIGHUP)
    await until(lambda: gateway.provider("a")["breaker"] == "closed")
    assert (await ask(gateway.port, "both")).headers["x-freehold-provider"] == "a"
