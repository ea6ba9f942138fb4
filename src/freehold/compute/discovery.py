"""Finds model servers that already run on this machine: Ollama, vLLM, SGLang, llama.cpp, LM Studio.

    discovery = Discovery(upstream, origins_to_ask(os.environ))
    for server in await discovery.look(): ...      # again every half minute

Rules it keeps: it asks loopback addresses only and sends no key; a look ends within seconds, whoever answers what; answers
are bounded; Freehold itself is not taken for a server, nor are models that a local server runs in someone's cloud. A server
that is merely too busy to answer stays found; one that refuses is gone.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

import msgspec

from freehold.compute import local_servers as said
from freehold.compute.rows import ModelRow, Row, load_rows
from freehold.compute.upstream.interface import Deadlines, Origin, Request, Response, Upstream
from freehold.ground.errors import ProviderTimedOut, TryAnother
from freehold.ground.units import Seconds

LOOK_EVERY = Seconds(30.0)
_DEADLINES = Deadlines(connect=Seconds(0.5), first_byte=Seconds(1.0), between_chunks=Seconds(1.0))
_WHOLE = Seconds(4.0)
"""What one server may take, all questions together."""
_LISTING_LIMIT = 1 << 20
_SHOW_LIMIT = 8 << 20
"""What Ollama shows of a model has its vocabulary in it."""
_ACCEPT = b"accept: application/json\r\n"
_POST = _ACCEPT + b"content-type: application/json\r\n"
_OLLAMA_PORT = 11434
_REMEMBERED = 1024
_ANY_ADDRESS = ("0.0.0.0", "::", "")  # noqa: S104 - read from the environment, not bound to


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """A server that was found."""

    origin: Origin
    row: Row
    """The row of its kind, with its base URL and the models it has; its name tells it from others of its kind."""


class _Busy(Exception):
    """Someone is there, but does not answer in time."""


def origins_to_ask(environment: Mapping[str, str], extra: Iterable[str] = ()) -> tuple[Origin, ...]:
    """Where servers usually listen on loopback, where $OLLAMA_HOST says, and `extra` ("host:port") addresses.

    What is not this machine is left out: a server elsewhere is configured with its base_url, and with whose machine it is.
    """
    usual = [Origin("http", "127.0.0.1", row.discovery_port) for row in load_rows().values() if row.discovery_port]
    stated = [_origin(text) for text in (environment.get("OLLAMA_HOST", ""), *extra) if text.strip()]
    return tuple(dict.fromkeys([*usual, *(origin for origin in stated if origin is not None)]))


class Discovery:
    """Looks around, and remembers what it saw."""

    def __init__(
        self,
        upstream: Upstream,
        origins: Iterable[Origin],
        *,
        deadlines: Deadlines = _DEADLINES,
        whole: Seconds = _WHOLE,
    ) -> None:
        self._upstream = upstream
        self._deadlines = deadlines
        self._whole = whole
        self._origins = tuple(origins)
        self._found: dict[Origin, Server] = {}
        self._abilities_known: dict[str, list[str] | None] = {}

    async def look(self) -> tuple[Server, ...]:
        """Every server there is now, those with no model left out."""
        looks = [self._look_at(origin) for origin in self._origins]
        found = dict(zip(self._origins, await asyncio.gather(*looks), strict=True))
        self._found = {origin: server for origin, server in found.items() if server is not None}
        return tuple(_with_names(self._found.values()))

    async def _look_at(self, origin: Origin) -> Server | None:
        try:
            async with asyncio.timeout(self._whole):
                return await self._ask(origin)
        except (TimeoutError, _Busy):
            return self._found.get(origin)
        except TryAnother:
            return None

    async def _ask(self, origin: Origin) -> Server | None:
        response = await self._send(origin, Request(method=b"GET", target=b"/v1/models", headers=_ACCEPT))
        if said.is_freehold(response.headers):
            response.close()
            return None
        listing = said.read(await _body(response, _LISTING_LIMIT), said.Listing)
        if listing is None:
            return None
        rows = load_rows()
        kind = said.named_kind(listing)
        if kind is not None:
            row = rows[kind]
            props = await self._get(origin, b"/props", said.Props) if kind == "llamacpp" else None
            return _server(origin, row, said.models_of_listing(listing, row, props))
        return await self._ollama(origin, rows["ollama"]) or await self._studio(origin, rows["lmstudio"])

    async def _ollama(self, origin: Origin, row: Row) -> Server | None:
        tags = await self._get(origin, b"/api/tags", said.Tags)
        if tags is None:
            return None
        models = [said.model_of_tag(tag, row, await self._abilities(origin, tag)) for tag in said.local_tags(tags)]
        return _server(origin, row, tuple(models))

    async def _abilities(self, origin: Origin, tag: said.Tag) -> list[str] | None:
        """What a model of Ollama can do, asked once per digest; None where it does not tell."""
        if tag.capabilities is not None:
            return tag.capabilities
        if tag.digest not in self._abilities_known:
            if len(self._abilities_known) >= _REMEMBERED:
                self._abilities_known.clear()
            body = msgspec.json.encode({"model": tag.name})
            request = Request(target=b"/api/show", headers=_POST, body=body)
            shown = await self._read(origin, request, said.Shown, _SHOW_LIMIT)
            self._abilities_known[tag.digest] = shown.capabilities if shown is not None else None
        return self._abilities_known[tag.digest]

    async def _studio(self, origin: Origin, row: Row) -> Server | None:
        listing = await self._get(origin, b"/api/v0/models", said.Listing)
        models = said.models_of_studio(listing, row) if listing is not None else None
        return _server(origin, row, models or ())

    async def _get(self, origin: Origin, target: bytes, shape: type[said.T]) -> said.T | None:
        return await self._read(origin, Request(method=b"GET", target=target, headers=_ACCEPT), shape, _LISTING_LIMIT)

    async def _read(self, origin: Origin, request: Request, shape: type[said.T], limit: int) -> said.T | None:
        """A good answer in the expected shape, or None."""
        try:
            return said.read(await _body(await self._send(origin, request), limit), shape)
        except TryAnother:
            return None

    async def _send(self, origin: Origin, request: Request) -> Response:
        try:
            return await self._upstream.send(origin, request, self._deadlines)
        except ProviderTimedOut as error:
            raise _Busy from error


async def _body(response: Response, limit: int) -> bytes:
    """The body of a good answer; of any other, nothing."""
    try:
        return await response.read(limit) if response.status == 200 else b""
    except ProviderTimedOut as error:
        raise _Busy from error
    finally:
        response.close()


def _server(origin: Origin, row: Row, models: tuple[ModelRow, ...]) -> Server | None:
    if not models:
        return None
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    base_url = f"{origin.scheme}://{host}:{origin.port}/v1"
    return Server(origin=origin, row=msgspec.structs.replace(row, base_url=base_url, models=models))


def _with_names(servers: Iterable[Server]) -> list[Server]:
    """The first of each kind keeps its row's name; further ones carry their port."""
    named: list[Server] = []
    for server in servers:
        row = server.row
        if any(other.row.name == row.name for other in named):
            row = msgspec.structs.replace(row, name=f"{row.name}-{server.origin.port}")
        named.append(Server(origin=server.origin, row=row))
    return named


def _origin(text: str) -> Origin | None:
    """An address as $OLLAMA_HOST takes it ("host", "host:port", ":port", a URL) if it is this machine's, else None."""
    try:
        parts = urlsplit(text if "://" in text else f"//{text}", scheme="http")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    if parts.scheme != "http":
        return None
    if host in _ANY_ADDRESS or host == "localhost":
        host = "127.0.0.1"
    try:
        here = ipaddress.ip_address(host).is_loopback
    except ValueError:
        return None
    return Origin("http", host, _OLLAMA_PORT if port is None else port) if here else None
