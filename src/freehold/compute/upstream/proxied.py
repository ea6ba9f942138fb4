"""The client for origins behind an HTTP proxy: aiohttp, which knows proxies, under the same interface.

It costs several times as much CPU per request as the direct client, so it is used only where a proxy is set. It follows
no redirects, keeps no cookies and decodes no content codings. Of a connection that breaks inside the head it cannot
tell whether a part had arrived: that is ProviderUnreachable here.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from freehold.compute.upstream.dial import tls_context
from freehold.compute.upstream.interface import Deadlines, Origin, Request, Response
from freehold.compute.upstream.limits import HEAD_LIMIT, UNREAD_LIMIT, Limits
from freehold.ground.errors import ProviderBroken, ProviderTimedOut, ProviderUnreachable
from freehold.ground.units import Seconds

ProxyOf = Callable[[Origin], str | None]
"""The URL of the proxy that stands before an origin, credentials included; None for none."""

_USUAL = Limits()
_NOT_OURS = ("Accept", "Accept-Encoding", "User-Agent", "Content-Type")
"""Headers that aiohttp would add on its own."""

_IN_ONE_PIECE = 1 << 20
"""Longer bodies are to be handed to aiohttp as files, so that it sends them bit by bit."""


class ProxiedUpstream:
    """See `Upstream`. Belongs to the event loop in which it is first used.

    `trust` is a PEM file of CA certificates to trust besides the system's.
    """

    def __init__(self, proxy_of: ProxyOf, *, trust: Path | None = None, limits: Limits = _USUAL) -> None:
        self._proxy_of = proxy_of
        self._trust = trust
        self._limits = limits
        self._closed = False

    async def send(self, origin: Origin, request: Request, deadlines: Deadlines) -> Response:
        name = f"{origin.host}:{origin.port}"
        for attempt in ("pooled", "fresh"):
            connection = SimpleNamespace(reused=False)
            try:
                with _foreign_errors(name):
                    response = await self._send(origin, request, deadlines, connection)
            except ProviderUnreachable:
                if attempt == "fresh" or not connection.reused:
                    raise
            else:
                return _accepted(response, name, deadlines.between_chunks)
        raise AssertionError("unreachable")

    async def aclose(self) -> None:
        self._closed = True
        if "_session" in self.__dict__:
            await self._session.close()

    async def _send(
        self, origin: Origin, request: Request, deadlines: Deadlines, connection: SimpleNamespace
    ) -> aiohttp.ClientResponse:
        if self._closed:
            raise ProviderUnreachable("the client was closed")
        # aiohttp has no clock of its own for "request sent to head", so connecting is added to it here.
        async with asyncio.timeout(deadlines.connect + deadlines.first_byte):
            return await self._session.request(
                request.method.decode("ascii"),
                _url(origin, request.target),
                headers=_headers(request.headers),
                data=_payload(request.body),
                proxy=self._proxy_of(origin),
                timeout=aiohttp.ClientTimeout(total=None, connect=deadlines.connect),
                allow_redirects=False,
                trace_request_ctx=connection,
            )

    @cached_property
    def _session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0,
                limit_per_host=self._limits.connections,
                keepalive_timeout=self._limits.idle_for,
                ssl=self._tls,
            ),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=_NOT_OURS,
            trace_configs=[_noting_reuse()],
            read_bufsize=UNREAD_LIMIT // 2,  # aiohttp pauses at twice this
            max_line_size=HEAD_LIMIT,
            max_field_size=HEAD_LIMIT,
        )

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return tls_context(self._trust)


class ProxiedResponse:
    """See `Response`."""

    def __init__(self, response: aiohttp.ClientResponse, name: str, silence: Seconds) -> None:
        self.status = response.status
        self.headers: Mapping[bytes, bytes] = {key.lower(): value for key, value in response.raw_headers}
        self._response = response
        self._name = name
        self._silence = silence

    async def read(self, limit: int) -> bytes:
        gathered = bytearray()
        while piece := await self.chunk():
            gathered += piece
            if len(gathered) > limit:
                self.close()
                raise ProviderBroken(f"the answer is longer than {limit} bytes", status=self.status)
        return bytes(gathered)

    async def chunk(self) -> bytes:
        try:
            with _foreign_errors(self._name):
                async with asyncio.timeout(self._silence):
                    return await self._response.content.readany()
        except (ProviderUnreachable, ProviderTimedOut, ProviderBroken):
            self._response.close()
            raise

    def close(self) -> None:
        self._response.close()


def _accepted(response: aiohttp.ClientResponse, name: str, silence: Seconds) -> ProxiedResponse:
    """Refuses what was not asked for: see `connection`."""
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        response.close()
        raise ProviderBroken(f"{name} sent a compressed answer, though none was asked for", status=response.status)
    return ProxiedResponse(response, name, silence)


def _url(origin: Origin, target: bytes) -> URL:
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    return URL(f"{origin.scheme}://{host}:{origin.port}{target.decode('latin-1')}", encoded=True)


def _headers(lines: bytes) -> CIMultiDict[str]:
    fields = (line.partition(":") for line in lines.decode("latin-1").split("\r\n") if line)
    return CIMultiDict((name, value.strip()) for name, _, value in fields)


def _payload(body: bytes) -> bytes | BytesIO | None:
    return (BytesIO(body) if len(body) > _IN_ONE_PIECE else body) or None


def _noting_reuse() -> aiohttp.TraceConfig:
    """Tells apart a pooled connection that turned out dead from a fresh one: only the former is worth a second try."""

    async def note(_session: Any, context: SimpleNamespace, _parameters: Any) -> None:
        context.trace_request_ctx.reused = True

    trace = aiohttp.TraceConfig()
    trace.on_connection_reuseconn.append(note)
    return trace


@contextmanager
def _foreign_errors(name: str) -> Iterator[None]:
    """aiohttp's errors in Freehold's words. Its own texts are left out: they may hold a proxy's credentials."""
    try:
        yield
    except TimeoutError as error:
        raise ProviderTimedOut(f"{name} did not answer in time") from error
    except aiohttp.ClientProxyConnectionError as error:
        raise ProviderUnreachable(f"{name}: no connection to the proxy", advice="Check HTTPS_PROXY.") from error
    except aiohttp.ClientHttpProxyError as error:
        raise ProviderUnreachable(
            f"{name}: the proxy refuses with {error.status}", advice="Check HTTPS_PROXY."
        ) from error
    except aiohttp.ClientConnectorCertificateError as error:
        raise ProviderUnreachable(
            f"{name}: its certificate is not trusted", advice="If the CA is your own, name its file under `trust`."
        ) from error
    except (UnicodeError, aiohttp.InvalidURL) as error:
        raise ProviderUnreachable(f"{name} is no name that could resolve") from error
    except aiohttp.ClientConnectionError as error:
        raise ProviderUnreachable(f"{name}: the connection failed ({type(error).__name__})") from error
    except aiohttp.ClientError as error:
        raise ProviderBroken(f"{name} broke off or does not speak proper HTTP/1.1 ({type(error).__name__})") from error
