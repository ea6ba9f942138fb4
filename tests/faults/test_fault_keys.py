"""A key that is banned or out of quota is set aside, visibly, and the others are used; a new one is taken up on reload."""

from __future__ import annotations

import pytest
from gateways import Gateway, Ports, Settings, model_at, until
from wires import ask

from freehold.testing.faulty import Behaviour, Exchange, FaultyServer, error_status, openai_chat, too_many_requests

NUMBER = 6
_spare = iter(range(NUMBER))


@pytest.fixture(scope="module")
def settings(ports: Ports) -> Settings:
    """Providers with two keys each, written out in the (private) file."""
    pair = {f"two{number}": model_at(ports.first, keys=["good-one", "bad-one"]) for number in range(NUMBER)}
    return {
        "providers": {**pair, "one": model_at(ports.first, key="bad-one"), "next": model_at(ports.second)},
        "aliases": {},
        "prices": {},
    }


@pytest.fixture
def provider() -> str:
    return f"two{next(_spare)}"


def takes_only(key: str, refusal: Behaviour) -> Behaviour:
    """A provider that has banned every key but this one."""

    async def behave(exchange: Exchange) -> None:
        good = exchange.headers["authorization"] == f"Bearer {key}"
        await (openai_chat("welcome") if good else refusal)(exchange)

    return behave


def key_used(exchange: Exchange) -> str:
    return exchange.headers["authorization"].removeprefix("Bearer ")


@pytest.mark.parametrize("status", [401, 403, 402])
async def test_the_other_key_is_used_and_the_bad_one_shown(
    gateway: Gateway, provider: str, first: FaultyServer, status: int
) -> None:
    first.script(takes_only("good-one", error_status(status)))
    answers = [await ask(gateway.port, f"{provider}/m") for _ in range(6)]
    assert {answer.status for answer in answers} == {200}
    assert [key_used(each) for each in first.exchanges].count("bad-one") == 1
    shown = gateway.provider(provider)
    assert shown["ready"]
    assert [bool(key["set_aside"]) for key in shown["keys"]] == [False, True]
    assert str(status) in shown["keys"][1]["set_aside"]
    assert "bad-one" not in str(gateway.status())
    failed = (await gateway.receipt(answers[1].id)).attempts[0]
    assert (failed.error, failed.status, failed.key) == ("credential_rejected", status, "key 2")


async def test_a_key_that_is_told_to_slow_down_rests_while_the_other_works(
    gateway: Gateway, provider: str, first: FaultyServer
) -> None:
    first.script(takes_only("good-one", too_many_requests(retry_after="600")))
    assert {(await ask(gateway.port, f"{provider}/m")).status for _ in range(6)} == {200}
    assert [key_used(each) for each in first.exchanges].count("bad-one") == 1
    assert [key["set_aside"] for key in gateway.provider(provider)["keys"]] == ["", ""]


async def test_out_of_quota_is_told_from_slow_down(gateway: Gateway, provider: str, first: FaultyServer) -> None:
    async def spent(exchange: Exchange) -> None:
        body = b'{"error":{"message":"pay","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}'
        head = b"HTTP/1.1 429 Too Many Requests\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
        await exchange.send(head % len(body) + body)

    first.script(takes_only("good-one", spent))
    assert {(await ask(gateway.port, f"{provider}/m")).status for _ in range(4)} == {200}
    assert "quota" in gateway.provider(provider)["keys"][1]["set_aside"]


async def test_with_no_key_left_it_is_not_asked_and_says_why(
    gateway: Gateway, provider: str, first: FaultyServer
) -> None:
    first.script(error_status(401))
    assert (await ask(gateway.port, f"{provider}/m")).status == 502
    asked = len(first.exchanges)
    answer = await ask(gateway.port, f"{provider}/m")
    assert (answer.status, asked, len(first.exchanges)) == (502, 2, 2)
    assert "set aside" in answer.error["message"]
    shown = gateway.provider(provider)
    assert (shown["ready"], shown["reason"]) == (False, "no usable key")


async def test_a_new_key_is_taken_up_on_reload_and_the_old_stays_aside(
    gateway: Gateway, first: FaultyServer, second: FaultyServer
) -> None:
    first.script(takes_only("good-one", error_status(401)))
    assert (await ask(gateway.port, "one/m")).status == 502
    gateway.configure(providers={"one": model_at(first.port, keys=["bad-one", "good-one"])})
    await until(lambda: len(gateway.provider("one")["keys"]) == 2)
    shown = gateway.provider("one")["keys"]
    assert [bool(key["set_aside"]) for key in shown] == [True, False]
    asked = len(first.exchanges)
    assert (await ask(gateway.port, "one/m")).text == "welcome"
    assert [key_used(each) for each in first.exchanges[asked:]] == ["good-one"]
