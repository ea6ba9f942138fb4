"""From settings to a listening gateway, and an orderly end."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Mapping

from freehold.app.build import House
from freehold.app.settings import ServerSettings
from freehold.gateway.application import Gateway, Page
from freehold.gateway.guard import LOOPBACK_HOSTS
from freehold.gateway.http import HttpServer, Limits
from freehold.gateway.pages import Document, Health, Metrics, Models, Ready
from freehold.gateway.refusals import refuse_early
from freehold.ground.errors import InvalidConfig


def bind(server: ServerSettings, *, shared: bool = False) -> socket.socket:
    """A socket bound to the configured address. `shared` lets several workers bind it. Raises InvalidConfig."""
    try:
        family, _, _, _, address = socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(address)
    except OSError as error:
        raise InvalidConfig(
            f"Cannot listen on {server.host}:{server.port}: {error.strerror}.",
            advice="Choose another port with --port, or stop whatever uses this one.",
        ) from error
    listener.setblocking(False)
    return listener


def url_of(listener: socket.socket) -> str:
    """Where clients reach the listener."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Server:
    """One process's gateway over a house."""

    def __init__(self, house: House, listener: socket.socket, pages: Mapping[str, Page] | None = None) -> None:
        self._house = house
        self._listener = listener
        server = house.settings.server
        gateway = Gateway(house.desk, hosts=_hosts(server, listener), pages={**_pages(house), **(pages or {})})
        self.routes = gateway.routes
        self._http = HttpServer(gateway, refuse_early, _limits(server))

    async def start(self) -> None:
        await self._house.start()
        await self._http.listen(self._listener)

    async def stop(self) -> None:
        """Refuse new work, let requests finish for the configured time, write what is unwritten."""
        self._house.desk.stopping = True
        try:
            await self._http.stop(self._house.settings.server.drain)
        finally:
            await self._house.stop()


async def run_until_signal(server: Server) -> None:
    """Serve until SIGINT or SIGTERM; a second signal ends the wait for running requests."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    await server.start()
    await stop.wait()
    stopping = asyncio.ensure_future(server.stop())
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stopping.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await stopping


def _pages(house: House) -> dict[str, Page]:
    desk = house.desk
    models = Models(desk)
    return {
        "/v1/models": models,
        "/v1/models/": models,
        "/healthz": Health(),
        "/readyz": Ready(desk),
        "/metrics": Metrics(house.census),
        "/openapi.json": Document(_openapi),
    }


async def _openapi() -> bytes:
    """Put together when it is first asked for."""
    from freehold.gateway.openapi import encoded

    return encoded()


def _hosts(server: ServerSettings, listener: socket.socket) -> frozenset[bytes]:
    """Names this gateway answers to, with and without its port; any, where keys guard it."""
    if server.require_key:
        return frozenset()
    names = LOOPBACK_HOSTS | {server.host.encode()}
    port = listener.getsockname()[1]
    return names | {b"%b:%d" % (name, port) for name in names}


def _limits(server: ServerSettings) -> Limits:
    return Limits(
        max_body_bytes=server.max_body_bytes,
        max_connections=server.max_connections,
        header_timeout=server.header_timeout,
        body_timeout=server.body_timeout,
        write_timeout=server.write_timeout,
        keep_alive=server.idle_timeout,
    )
