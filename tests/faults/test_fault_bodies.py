"""Bodies and heads that are too large, broken or mean. Each gets a clear error, early, and nothing reaches a provider."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import psutil
import pytest
from gateways import Gateway, Pair, Settings
from wires import Reply, ask, chat, connected, request, send

from freehold.testing.faulty import FaultyServer

LIMIT = 1 << 20


@pytest.fixture(scope="module")
def settings() -> Settings:
    return {"server": {"max_body_bytes": LIMIT, "header_timeout": 5, "body_timeout": 5}}


def memory(gateway: Gateway) -> int:
    return psutil.Process(gateway.process.pid).memory_info().rss


async def test_a_hundred_megabytes_are_refused_when_they_are_announced(gateway: Gateway) -> None:
    """The client sends on as clients do, and gets to read why nobody listens."""
    size, piece = 100_000_000, b"x" * 1_000_000
    before = memory(gateway)
    async with connected(gateway.port) as wire:
        await wire.send(request(headers=[f"Content-Length: {size}"], length=False))
        for _ in range(size // len(piece)):
            await wire.send(piece)
        answer = await wire.reply()
    assert (answer.status, answer.error["code"]) == (413, "request_too_large")
    assert memory(gateway) < before + 20_000_000


async def test_chunks_that_add_up_to_too_much_are_refused_on_the_way(gateway: Gateway) -> None:
    piece = b"x" * 65536
    async with connected(gateway.port) as wire:
        await wire.send(request(headers=["Transfer-Encoding: chunked"], length=False))
        for _ in range(2 * LIMIT // len(piece)):
            await wire.send(b"%x\r\n%b\r\n" % (len(piece), piece))
        answer = await wire.reply()
        assert (answer.status, answer.headers["connection"]) == (413, "close")


@pytest.mark.parametrize("size", [LIMIT, LIMIT + 1])
async def test_the_limit_is_the_limit(gateway: Gateway, pair: Pair, first: FaultyServer, size: int) -> None:
    body = chat(f"{pair.first}/m", user="x")
    body = body.replace(b'"user": "x"', b'"user": "%b"' % (b"x" * (size - len(body) + 1)))
    assert len(body) == size
    assert (await send(gateway.port, request(body=body))).status == (200 if size == LIMIT else 413)


HEADS = {
    "one huge header": ["X-A: " + "x" * 200_000],
    "thousands of headers": [f"X-{number}: y" for number in range(4000)],
    "one header thousands of times": ["X: y"] * 4000,
    "a huge name": ["X" * 200_000 + ": y"],
    "a huge cookie": ["Cookie: " + "a=b; " * 40_000],
}


@pytest.mark.parametrize("kind", HEADS)
async def test_a_huge_head_is_refused(gateway: Gateway, kind: str) -> None:
    answer = await send(gateway.port, request(body=b"{}", headers=HEADS[kind]))
    assert (answer.status, answer.error["code"]) == (431, "request_headers_too_large")


@pytest.mark.parametrize("start", [b"GET /" + b"a" * 65536, b"GET / HTTP/1.1\r\nX-A: ", b"GET / HTTP/1.1\r\n"])
async def test_a_head_without_end_fills_no_memory(gateway: Gateway, start: bytes) -> None:
    before = memory(gateway)
    async with connected(gateway.port) as wire:
        await wire.send(start)
        for _ in range(300):
            await wire.send(b"x" * 65536)
        assert (await wire.reply()).status == 431
    assert memory(gateway) < before + 10_000_000


async def test_the_error_speaks_the_dialect_of_the_route(gateway: Gateway) -> None:
    answer = await send(gateway.port, request("/v1/messages", b"{}", headers=HEADS["one huge header"]))
    assert (answer.status, answer.json["type"]) == (431, "error")


QUESTION = b'"messages":[{"role":"user","content":"hi"}]'
DEEP = 100_000
BROKEN: dict[str, bytes] = {
    "nothing": b"",
    "half an object": b'{"model":"m","messages":[',
    "not JSON": b"model=m",
    "a list": b"[]",
    "a string": b'"hello"',
    "null": b"null",
    "a comma too many": b'{"model":"m",' + QUESTION + b",}",
    "two objects": b'{"model":"m",' + QUESTION + b"}{}",
    "single quotes": b"{'model':'m'}",
    "NaN": b'{"model":"m","temperature":NaN,' + QUESTION + b"}",
    "invalid UTF-8": b'{"model":"m","user":"\xff\xfe",' + QUESTION + b"}",
    "a cut character": b'{"model":"m","user":"\xe2\x82",' + QUESTION + b"}",
    "UTF-16": json.dumps({"model": "m"}).encode("utf-16"),
    "a surrogate as UTF-8": b'{"model":"m","user":"\xed\xa0\x80",' + QUESTION + b"}",
    "NUL between": b'{"model":"m",\0' + QUESTION + b"}",
    "NUL inside a string": b'{"model":"m","user":"a\0b",' + QUESTION + b"}",
    "a line feed inside a string": b'{"model":"m","user":"a\nb",' + QUESTION + b"}",
    "half a character": b'{"model":"m","user":"\\ud800",' + QUESTION + b"}",
    "a bad escape": b'{"model":"m","user":"\\x41",' + QUESTION + b"}",
    "lists without end": b'{"model":"m","messages":' + b"[" * DEEP,
    "lists nested deeply": b'{"model":"m","messages":' + b"[" * DEEP + b"]" * DEEP + b"}",
    "objects nested deeply": b'{"model":"m","messages":' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"}",
    "no model": b"{" + QUESTION + b"}",
    "a model of another type": b'{"model":7,' + QUESTION + b"}",
    "a model without name": b'{"model":"",' + QUESTION + b"}",
    "a model with a long name": b'{"model":"' + b"m" * 5000 + b'",' + QUESTION + b"}",
    "no messages": b'{"model":"m"}',
    "a stream that is a number": b'{"model":"m","stream":1,' + QUESTION + b"}",
}


@pytest.mark.parametrize("kind", BROKEN)
async def test_a_broken_body_is_refused(gateway: Gateway, first: FaultyServer, kind: str) -> None:
    async with connected(gateway.port) as wire:
        await wire.send(request(body=BROKEN[kind].replace(b'"m"', b'"first0/m"')))
        answer = await wire.reply()
        assert (answer.status, answer.error["type"]) == (400, "invalid_request_error")
        await wire.send(request("/healthz", method="GET"))
        assert (await wire.reply()).status == 200
    assert first.exchanges == []


async def test_of_a_field_that_occurs_twice_everyone_sees_the_last(
    gateway: Gateway, pair: Pair, first: FaultyServer
) -> None:
    """As nearly every JSON reader takes it. What is passed on holds it once, so that no other reader can differ."""
    body = b'{"model":"nobody","model":"%b/m","stream":true,"stream":false,%b}' % (pair.first.encode(), QUESTION)
    assert (await send(gateway.port, request(body=body))).text == "from the first"
    passed_on = first.exchanges[0].body
    assert passed_on.count(b'"model"') == passed_on.count(b'"stream"') == 1
    assert json.loads(passed_on)["model"] == "m"


async def test_what_is_merely_strange_is_passed_on(gateway: Gateway, pair: Pair, first: FaultyServer) -> None:
    strange = "NUL \0, \U0001f600, \u202e"
    content = [{"role": "user", "content": strange}]
    body = json.dumps({"model": f"{pair.first}/m", "messages": content, "unheard-of": {"a": [1, 2.5e300]}}).encode()
    assert (await send(gateway.port, request(body=body))).status == 200
    passed_on = json.loads(first.exchanges[0].body)
    assert passed_on["messages"] == content
    assert passed_on["unheard-of"] == {"a": [1, 2.5e300]}


FORM = "multipart/form-data; boundary=b"
FORMS = {
    "no boundary": ("multipart/form-data", b"--b--\r\n"),
    "no end": (FORM, b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nm'),
    "nothing": (FORM, b""),
    "no file": (FORM, b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nm\r\n--b--\r\n'),
    "JSON": ("application/json", b'{"model":"m"}'),
    "NUL": (FORM, b"\0" * 1000),
    "ten thousand parts": (
        FORM,
        b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nm\r\n' * 10_000 + b"--b--\r\n",
    ),
}


@pytest.mark.parametrize("kind", FORMS)
async def test_a_broken_form_is_refused(gateway: Gateway, kind: str) -> None:
    kind_of_body, body = FORMS[kind]
    data = request("/v1/audio/transcriptions", body, headers=[f"Content-Type: {kind_of_body}"])
    answer = await send(gateway.port, data)
    assert (answer.status, answer.error["type"]) == (400, "invalid_request_error")


@pytest.mark.parametrize(
    "header",
    [
        "x-freehold-deadline: soon",
        "x-freehold-deadline: -1",
        "x-freehold-max-usd: nan",
        "x-freehold-privacy: none",
        "x-freehold-cache: maybe",
        "x-freehold-dead-line: 1",
    ],
)
async def test_limits_that_say_nothing_are_refused(gateway: Gateway, pair: Pair, header: str) -> None:
    answer = await ask(gateway.port, pair.model, headers=[header])
    assert (answer.status, answer.error["param"]) == (400, header.partition(":")[0])


async def test_one_connection_too_many_is_told_so(tmp_path: Path) -> None:
    with Gateway(tmp_path, {"server": {"max_connections": 2}}) as gateway:
        async with connected(gateway.port) as one, connected(gateway.port):
            await one.send(request("/healthz", method="GET"))
            assert (await one.reply()).status == 200
            refused = await send(gateway.port, request("/healthz", method="GET"))
            assert (refused.status, refused.error["code"], refused.headers["retry-after"]) == (503, "overloaded", "1")
            await one.send(request("/healthz", method="GET"))
            assert (await one.reply()).status == 200
        await gateway.alone()
        assert (await send(gateway.port, request("/healthz", method="GET"))).status == 200


async def test_a_hundred_at_once_with_garbage_leave_the_others_alone(
    gateway: Gateway, pair: Pair, first: FaultyServer
) -> None:
    bad = [send(gateway.port, request(body=body)) for body in list(BROKEN.values()) * 4]
    good = [ask(gateway.port, f"{pair.first}/m") for _ in range(20)]
    answers: list[Reply] = await asyncio.gather(*bad, *good)
    assert {answer.status for answer in answers[: len(bad)]} <= {400, 404}
    assert {answer.status for answer in answers[len(bad) :]} == {200}
