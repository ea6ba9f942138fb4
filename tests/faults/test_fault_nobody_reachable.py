"""With every provider on the network down, what is on this machine still answers: plain code, a local model, the cache."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from gateways import Gateway, Ports, Settings, model_at
from wires import ask, chat, request, send

from freehold.testing.faulty import Behaviour, FaultyServer, black_hole, error_status, too_many_requests
from freehold.testing.tiny_gguf import write_tiny_gguf

CLOUDS = [f"cloud{number}" for number in range(8)]
STALE = 0.2
"""Seconds for which the cache's answers are fresh."""


@pytest.fixture(scope="module")
def settings(ports: Ports, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    model = write_tiny_gguf(tmp_path_factory.mktemp("models") / "tiny.gguf")
    return {
        "providers": {name: model_at(ports.first, place="cloud", preference=-1) for name in CLOUDS},
        "aliases": {},
        "prices": {f"{name}/m": {"input": 1.0, "output": 1.0} for name in CLOUDS},
        "local": {"enabled": True, "discovery": False, "models": {"tiny": str(model)}, "context": 256, "parallel": 1},
        "cache": {"ttl": STALE},
        "retry": {"attempts": 1},
    }


@pytest.fixture(scope="module")
def unused() -> Iterator[str]:
    """Providers against whom nothing is held yet."""
    return iter(CLOUDS)


def asked(question: str) -> bytes:
    return chat("auto").replace(b"Say hello.", question.encode())


async def test_plain_code_answers_auto(gateway: Gateway) -> None:
    answer = await send(gateway.port, request(body=asked("What is 17 * 23?")))
    assert (answer.status, answer.text, answer.headers["x-freehold-provider"]) == (200, "391", "code")


@pytest.mark.parametrize("stream", [False, True])
async def test_a_local_model_answers_auto(gateway: Gateway, stream: bool) -> None:
    answer = await ask(gateway.port, "auto", stream=stream, max_tokens=4)
    assert answer.status == 200
    receipt = await gateway.receipt(answer.id)
    assert (receipt.outcome, receipt.place) == ("ok", "local")
    assert {each.provider for each in receipt.attempts if each.error == "provider_unreachable"} == {*CLOUDS}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("fault", "status"),
    [(None, 502), (error_status(500), 502), (too_many_requests(retry_after="60"), 429), (black_hole(), 504)],
)
async def test_the_cache_answers_though_its_answer_is_old(
    gateway: Gateway, first: FaultyServer, unused: Iterator[str], *, fault: Behaviour | None, status: int, stream: bool
) -> None:
    model, known = f"{next(unused)}/m", {"temperature": 0, "stream": stream}
    fresh = await ask(gateway.port, model, **known)
    assert fresh.status == 200
    await asyncio.sleep(STALE)  # it has to become old
    if fault is None:
        await first.refuse()
    else:
        first.script(fault)
    assert (await ask(gateway.port, model, stream=stream)).status == status
    old = await ask(gateway.port, model, **known)
    assert (old.status, old.body, old.headers["x-freehold-cache"]) == (200, fresh.body, "hit")
    receipt = await gateway.receipt(old.id)
    assert (receipt.outcome, receipt.cached, receipt.usd) == ("ok", True, 0)
    assert receipt.attempts[-1].outcome == "failed"
