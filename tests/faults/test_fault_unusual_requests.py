"""What is unusual and in order is served; what is out of order is told so. Wrong doors, old versions, forgotten features."""

from __future__ import annotations

import asyncio

import pytest
from gateways import Gateway, Pair
from wires import ask, chat, connected, get, request, send

from freehold.testing.faulty import FaultyServer


async def test_pipelined_requests_are_answered_in_order(gateway: Gateway, pair: Pair, first: FaultyServer) -> None:
    whole, streamed = (chat(f"{pair.first}/m", stream=stream) for stream in (False, True))
    asked = [request(body=whole), request("/healthz", method="GET"), request(body=streamed), request(body=whole)]
    async with connected(gateway.port) as wire:
        await wire.send(b"".join(asked * 20))
        for _ in range(20):
            assert (await wire.reply()).text == "from the first"
            assert (await wire.reply()).json == {"status": "ok"}
            assert (await wire.reply()).streamed_text == "from the first"
            assert (await wire.reply()).text == "from the first"


async def test_what_is_pipelined_has_a_bound_and_is_not_lost(gateway: Gateway, pair: Pair, first: FaultyServer) -> None:
    """More than is read ahead: the rest waits in the kernel and at the client."""
    count = 60
    one = request(body=chat(f"{pair.first}/m", user="x" * 20_000))
    async with connected(gateway.port) as wire:
        sending = asyncio.create_task(wire.send(one * count))
        assert [(await wire.reply()).status for _ in range(count)] == [200] * count
        await sending


@pytest.mark.parametrize("stream", [False, True])
async def test_http_1_0_gets_a_body_without_chunks(
    gateway: Gateway, pair: Pair, first: FaultyServer, stream: bool
) -> None:
    async with connected(gateway.port) as wire:
        await wire.send(request(body=chat(f"{pair.first}/m", stream=stream), version="1.0"))
        answer = await wire.reply()
        assert await wire.ended() == b""
    assert "transfer-encoding" not in answer.headers
    assert answer.headers["connection"] == "close"
    assert (answer.streamed_text if stream else answer.text) == "from the first"


async def test_http_1_0_may_ask_for_the_connection_to_be_kept(gateway: Gateway) -> None:
    async with connected(gateway.port) as wire:
        for _ in range(2):
            await wire.send(request("/healthz", method="GET", version="1.0", headers=["Connection: keep-alive"]))
            assert (await wire.reply()).headers["connection"] == "keep-alive"


async def test_a_pipelined_request_has_the_version_that_it_came_in(
    gateway: Gateway, pair: Pair, first: FaultyServer
) -> None:
    body = chat(f"{pair.first}/m", stream=True)
    async with connected(gateway.port) as wire:
        await wire.send(request(body=body) + request(body=body, version="1.0"))
        new, old = await wire.reply(), await wire.reply()
    assert (new.headers["transfer-encoding"], new.whole) == ("chunked", True)
    assert "transfer-encoding" not in old.headers
    assert new.streamed_text == old.streamed_text == "from the first"


async def test_whoever_waits_to_be_asked_for_the_body_is_asked(
    gateway: Gateway, pair: Pair, first: FaultyServer
) -> None:
    body = chat(f"{pair.first}/m")
    async with connected(gateway.port) as wire:
        await wire.send(request(body=body, headers=["Expect: 100-continue"])[: -len(body)])
        assert await asyncio.wait_for(wire.reader.readuntil(b"\r\n\r\n"), 5) == b"HTTP/1.1 100 Continue\r\n\r\n"
        await wire.send(body)
        assert (await wire.reply()).text == "from the first"


async def test_whoever_waits_to_be_asked_for_too_much_is_refused_before(gateway: Gateway) -> None:
    async with connected(gateway.port) as wire:
        await wire.send(request(headers=["Expect: 100-continue", "Content-Length: 100000000"], length=False))
        assert await asyncio.wait_for(wire.reader.readuntil(b"\r\n"), 5) == b"HTTP/1.1 413 Request Entity Too Large\r\n"


async def test_a_wish_for_another_protocol_is_passed_over(gateway: Gateway, pair: Pair, first: FaultyServer) -> None:
    """As the clients of some languages send it with their first request."""
    wish = ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA"]
    async with connected(gateway.port) as wire:
        await wire.send(request(body=chat(f"{pair.first}/m"), headers=wish))
        assert (await wire.reply()).text == "from the first"
        await wire.send(request("/healthz", method="GET"))
        assert (await wire.reply()).status == 200


async def test_a_target_in_absolute_form_is_served_where_its_host_is_ours(
    gateway: Gateway, pair: Pair, first: FaultyServer
) -> None:
    body = chat(f"{pair.first}/m")
    ours, theirs = (f"http://{host}/v1/chat/completions" for host in ("127.0.0.1", "evil.example"))
    assert (await send(gateway.port, request(ours, body, host="evil.example"))).status == 200
    assert (await send(gateway.port, request(theirs, body))).status == 403
    assert len(first.exchanges) == 1


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("localhost:{port}", 200),
        ("LOCALHOST", 200),
        ("[::1]:{port}", 200),
        ("evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("localhost.evil.example:{port}", 403),
        ("127.0.0.1@evil.example", 403),
        ("169.254.169.254", 403),
        ("", 403),
        (None, 403),
    ],
)
async def test_only_our_own_names_are_answered_to(
    gateway: Gateway, pair: Pair, first: FaultyServer, *, host: str | None, status: int
) -> None:
    """A web page may make its own name resolve to this machine; the browser still names it."""
    name = None if host is None else host.format(port=gateway.port)
    for target, body in (("/v1/chat/completions", chat(f"{pair.first}/m")), ("/v1/models", b"")):
        answer = await send(gateway.port, request(target, body, method="POST" if body else "GET", host=name))
        assert answer.status == status
    assert len(first.exchanges) == (status == 200)


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://127.0.0.1:{port}", 200),
        ("http://localhost:3000", 200),
        ("https://evil.example", 403),
        ("http://127.0.0.1.evil.example", 403),
        ("null", 403),
        ("http://[", 403),
    ],
)
async def test_pages_of_other_origins_are_not_served(
    gateway: Gateway, pair: Pair, first: FaultyServer, *, origin: str, status: int
) -> None:
    headers = [f"Origin: {origin.format(port=gateway.port)}"]
    assert (await ask(gateway.port, f"{pair.first}/m", headers=headers)).status == status
    assert len(first.exchanges) == (status == 200)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
async def test_routes_for_models_take_post(gateway: Gateway, method: str) -> None:
    async with connected(gateway.port) as wire:
        await wire.send(request(method=method))
        answer = await wire.reply(method=method)
        assert (answer.status, answer.headers["allow"]) == (405, "POST")
        await wire.send(request("/healthz", method="GET"))
        assert (await wire.reply()).json == {"status": "ok"}


async def test_head_of_a_page_has_no_body(gateway: Gateway) -> None:
    async with connected(gateway.port) as wire:
        await wire.send(request("/healthz", method="HEAD"))
        assert (await wire.reply(method="HEAD")).headers["content-length"] == "15"
        await wire.send(request("/healthz", method="GET"))
        assert (await wire.reply()).json == {"status": "ok"}


@pytest.mark.parametrize(
    "target", ["/", "/v1", "/v1/chat", "/v1/nothing", "*", "/../etc/passwd", "/%00", "/v1//models"]
)
async def test_unknown_routes_say_so(gateway: Gateway, target: str) -> None:
    answer = await get(gateway.port, target)
    assert (answer.status, answer.error["code"]) == (404, "not_found")


async def test_it_is_no_proxy(gateway: Gateway) -> None:
    async with connected(gateway.port) as wire:
        await wire.send(b"CONNECT evil.example:443 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert (await wire.reply()).status == 400
        assert await wire.ended() == b""
