"""The environment decides which origins are reached through a proxy, and those are."""

from __future__ import annotations

import asyncio
import base64
import ssl
import sys

import pytest
import trustme

from freehold.compute.upstream import Deadlines, Origin, Request, open_upstream
from freehold.compute.upstream.direct import DirectUpstream
from freehold.compute.upstream.opening import Proxies, RoutedUpstream
from freehold.compute.upstream.proxied import ProxiedUpstream
from freehold.ground.errors import InvalidConfig, ProviderUnreachable
from freehold.testing.faulty import Exchange, FaultyServer, closed_port, error_status, reply

LIMIT = 1 << 20
FAR = Origin("http", "far.example", 8080)
NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


async def test_without_a_proxy_there_is_only_the_direct_client():
    assert isinstance(open_upstream(), DirectUpstream)


async def test_no_proxy_alone_names_no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    assert isinstance(open_upstream(), DirectUpstream)


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
async def test_a_proxy_stands_before_whatever_is_far(monkeypatch, name):
    async with FaultyServer(reply(b"from the proxy")) as proxy:
        monkeypatch.setenv(name, proxy.url)
        upstream = open_upstream()
        response = await upstream.send(FAR, Request(target=b"/v1?x=%2F", body=b"{}"), Deadlines())
        assert await response.read(LIMIT) == b"from the proxy"
        exchange = await proxy.arrived()
        assert exchange.target == "http://far.example:8080/v1?x=%2F"
        assert exchange.headers["host"] == "far.example:8080"
        await upstream.aclose()


async def test_this_machine_is_reached_directly(monkeypatch):
    with closed_port() as nobody:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{nobody}")
        upstream = open_upstream()
        async with FaultyServer(reply(b"direct")) as server:
            response = await upstream.send(Origin("http", "127.0.0.1", server.port), Request(target=b"/"), Deadlines())
            assert await response.read(LIMIT) == b"direct"
        await upstream.aclose()


@pytest.mark.parametrize(
    ("origin", "proxied"),
    [
        (Origin("https", "api.example", 443), True),
        (Origin("https", "inside.corp.example", 443), False),
        (Origin("https", "corp.example", 443), False),
        (Origin("https", "notcorp.example", 443), True),
        (Origin("https", "ported.example", 8443), False),
        (Origin("https", "ported.example", 443), True),
        (Origin("http", "api.example", 80), False),
        (Origin("https", "localhost", 443), False),
        (Origin("https", "models.localhost", 443), False),
        (Origin("https", "127.8.8.8", 443), False),
        (Origin("https", "::1", 443), False),
        (Origin("https", "10.0.0.1", 443), True),
    ],
)
async def test_no_proxy_and_scheme_decide(origin, proxied):
    proxies = Proxies({"https": "proxy.example:3128", "no": "corp.example, ported.example:8443"})
    assert proxies.before(origin) == ("http://proxy.example:3128" if proxied else None)
    routed = RoutedUpstream(DirectUpstream(), proxies, trust=None, limits=DirectUpstream()._limits)
    assert isinstance(routed.route(origin), ProxiedUpstream if proxied else DirectUpstream)
    await routed.aclose()


async def test_a_proxy_of_another_kind_is_refused_without_its_password(monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "socks5://me:hunter2@127.0.0.1:1080")
    with pytest.raises(InvalidConfig, match=r"https?://") as caught:
        open_upstream()
    assert "hunter2" not in f"{caught.value!r}{caught.value.advice}"


async def test_a_proxy_gets_its_password_and_nobody_else_does():
    async with FaultyServer(reply()) as proxy:
        url = f"http://me:hunter2@127.0.0.1:{proxy.port}"
        client = ProxiedUpstream(lambda _: url)
        await (await client.send(FAR, Request(target=b"/"), Deadlines())).read(LIMIT)
        sent = (await proxy.arrived()).headers["proxy-authorization"]
        assert base64.b64decode(sent.removeprefix("Basic ")) == b"me:hunter2"
        await proxy.refuse()
        with pytest.raises(ProviderUnreachable) as caught:
            await client.send(FAR, Request(target=b"/"), Deadlines())
        assert "hunter2" not in f"{caught.value!r}{caught.value.advice}"
        await client.aclose()


async def test_https_goes_through_a_tunnel_that_the_proxy_cannot_read(tmp_path):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("far.example").configure_cert(tls)
    async with FaultyServer(reply(b"private"), tls=tls) as server, FaultyServer(tunnel_to(server)) as proxy:
        client = ProxiedUpstream(lambda _: proxy.url, trust=tmp_path / "ca.pem")
        request = Request(target=b"/v1", headers=b"Authorization: Bearer sk-secret\r\n", body=b"{}")
        response = await client.send(Origin("https", "far.example", 443), request, Deadlines())
        assert await response.read(LIMIT) == b"private"
        asked = await proxy.arrived()
        assert (asked.method, asked.target) == ("CONNECT", "far.example:443")
        assert "authorization" not in asked.headers
        assert (await server.arrived()).headers["authorization"] == "Bearer sk-secret"
        await client.aclose()


async def test_a_proxy_that_refuses_the_tunnel_is_named():
    async with FaultyServer(error_status(407)) as proxy:
        client = ProxiedUpstream(lambda _: proxy.url)
        with pytest.raises(ProviderUnreachable, match="proxy refuses with 407"):
            await client.send(Origin("https", "far.example", 443), Request(target=b"/"), Deadlines())
        await client.aclose()


def tunnel_to(server: FaultyServer):
    """What a proxy does on CONNECT: from there on it hands bytes to and fro."""

    async def pump(source: asyncio.StreamReader, send) -> None:
        while data := await source.read(65536):
            await send(data)

    async def behave(exchange: Exchange) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)

        async def onwards(data: bytes) -> None:
            writer.write(data)
            await writer.drain()

        await exchange.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(pump(exchange.reader, onwards))
                back = both.create_task(pump(reader, exchange.send))
                await exchange.client_gone.wait()
                back.cancel()
        finally:
            writer.close()
            exchange.close()

    return behave


async def test_aiohttp_is_not_loaded_unless_a_proxy_is_set():
    program = "import sys, freehold.compute.upstream as u; u.open_upstream(); print('aiohttp' in sys.modules)"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE, env={}
    )
    out, _ = await process.communicate()
    assert out == b"False\n"
