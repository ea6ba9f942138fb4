"""Over TLS everything is as without it, and nobody is believed without a certificate."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trustme

from freehold.compute.upstream import Request, Upstream
from freehold.compute.upstream.direct import DirectUpstream
from freehold.compute.upstream.proxied import ProxiedUpstream
from freehold.ground.errors import InvalidConfig, ProviderTimedOut, ProviderUnreachable
from freehold.testing.faulty import (
    Exchange,
    FaultyServer,
    black_hole,
    close_at_once,
    openai_chat,
    reply,
    reset_in_body,
)

LIMIT = 1 << 24


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def trust(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("trust") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


def certified(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


@pytest.fixture
def tls(authority: trustme.CA) -> ssl.SSLContext:
    return certified(authority, "127.0.0.1")


def client_of(kind: str, trust: Path | None) -> Upstream:
    return DirectUpstream(trust=trust) if kind == "direct" else ProxiedUpstream(lambda _: None, trust=trust)


@pytest.fixture(params=["direct", "proxied"])
async def trusting(request: pytest.FixtureRequest, trust: Path, make_asking) -> AsyncIterator:
    client = client_of(request.param, trust)
    yield make_asking(client)
    await client.aclose()


async def test_requests_and_answers_of_any_size_pass(trusting, tls):
    async def echo(exchange: Exchange) -> None:
        await reply(exchange.body)(exchange)

    async with FaultyServer(echo, tls=tls) as server:
        for body in (b"small", b"x" * (4 << 20)):
            assert await (await trusting(server, Request(target=b"/", body=body))).read(LIMIT) == body
        assert server.connections == 1


async def test_streams_pass(trusting, tls):
    body = b'{"model": "m", "stream": true, "messages": []}'
    async with FaultyServer(openai_chat(), tls=tls) as server:
        assert b"[DONE]" in await (await trusting(server, Request(target=b"/", body=body))).read(LIMIT)


async def test_faults_are_the_same(trusting, tls):
    async with FaultyServer(reply(), close_at_once(), reply(b"again"), black_hole(), tls=tls) as server:
        await (await trusting(server)).read(LIMIT)
        assert await (await trusting(server)).read(LIMIT) == b"again"
        with pytest.raises(ProviderTimedOut):
            await trusting(server, connect=0.05, first_byte=0.05)
        await (await server.arrived(4)).client_gone.wait()


@pytest.mark.parametrize("kind", ["direct", "proxied"])
async def test_an_unknown_authority_is_not_believed(kind, tls, make_asking):
    client = client_of(kind, None)
    async with FaultyServer(reply(), tls=tls) as server:
        with pytest.raises(ProviderUnreachable, match="certificate is not trusted") as caught:
            await make_asking(client)(server)
        assert "trust" in caught.value.advice
        assert not server.exchanges
    await client.aclose()


async def test_a_certificate_for_someone_else_is_not_believed(trusting, authority):
    async with FaultyServer(reply(), tls=certified(authority, "elsewhere.example")) as server:
        with pytest.raises(ProviderUnreachable, match="certificate is not trusted"):
            await trusting(server)
        assert not server.exchanges


async def test_a_plain_server_where_tls_was_expected_is_unreachable(trusting):
    from freehold.compute.upstream import Deadlines, Origin

    async def talk_plainly(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(talk_plainly, "127.0.0.1", 0)
    origin = Origin("https", "127.0.0.1", server.sockets[0].getsockname()[1])
    with pytest.raises(ProviderUnreachable):
        await trusting.client.send(origin, Request(target=b"/"), Deadlines())
    server.close()


async def test_a_handshake_that_never_ends_times_out(trusting):
    from freehold.compute.upstream import Deadlines, Origin
    from freehold.ground.units import Seconds

    gone = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(4096):
            pass
        gone.set()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    origin = Origin("https", "127.0.0.1", server.sockets[0].getsockname()[1])
    with pytest.raises(ProviderTimedOut):
        await trusting.client.send(origin, Request(target=b"/"), Deadlines(connect=Seconds(0.05)))
    await gone.wait()
    server.close()


async def test_a_reset_inside_tls_is_an_error_of_ours(trusting, tls):
    from freehold.ground.errors import TryAnother

    async with FaultyServer(reset_in_body(), tls=tls) as server:
        with pytest.raises(TryAnother):
            await (await trusting(server)).read(LIMIT)


@pytest.mark.parametrize("content", [None, "not a certificate"])
async def test_a_trust_file_that_cannot_be_used_is_said_to_be(content, tmp_path, tls, make_asking):
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    client = DirectUpstream(trust=path)
    async with FaultyServer(reply(), tls=tls) as server:
        with pytest.raises(InvalidConfig, match=r"ca\.pem"):
            await make_asking(client)(server)
    await client.aclose()
