"""The routes that are not for a model: what there is, how it is, what it counted."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from fnmatch import fnmatchcase
from urllib.parse import unquote

import msgspec

from freehold.app.census import Census
from freehold.app.standing import Standing
from freehold.compute.catalog import AUTO
from freehold.gateway.guard import presented_key
from freehold.gateway.http import Exchange, HttpRequest
from freehold.ground.errors import NotAuthenticated, UnknownModel
from freehold.stack.desk import Desk
from freehold.words.offers import Offer

_JSON = b"content-type: application/json\r\n"


class ModelCard(msgspec.Struct, kw_only=True):
    """One line of `/v1/models`, in OpenAI's shape with Freehold's additions."""

    id: str
    object: str = "model"
    created: int = 0
    owned_by: str
    layer: int | None = None
    place: str | None = None
    context_window: int | None = None
    capabilities: tuple[str, ...] = ()


class ModelList(msgspec.Struct, kw_only=True):
    """`/v1/models` in OpenAI's shape."""

    object: str = "list"
    data: list[ModelCard]


class Models:
    """`/v1/models` and `/v1/models/ID`, as far as the asking key may see."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def __call__(self, request: HttpRequest, exchange: Exchange) -> None:
        key = self._desk.authenticate(presented_key(request.headers))
        cards = [card for card in self._cards() if _may_see(key.models, card)]
        wanted = unquote(request.path.removeprefix("/v1/models").strip("/"))
        anthropic = b"anthropic-version" in request.headers
        if not wanted:
            exchange.respond(200, _JSON, _anthropic_list(cards) if anthropic else _openai_list(cards))
            return
        found = next((card for card in cards if card.id == wanted), None) or self._unlisted(wanted, key.models)
        if found is None:
            raise UnknownModel(f"There is no model named {wanted[:200]!r} here.", parameter="model")
        exchange.respond(200, _JSON, msgspec.json.encode(_anthropic_card(found) if anthropic else found))

    def _cards(self) -> list[ModelCard]:
        catalog = self._desk.dispatch.catalog
        special = [ModelCard(id=name, owned_by="freehold") for name in (AUTO, *catalog.aliases) if "*" not in name]
        return special + [_card(offer.name, offer) for offer in catalog.offers]

    def _unlisted(self, name: str, patterns: tuple[str, ...]) -> ModelCard | None:
        """A model that can be asked for under a name that is not listed: without its provider, or met through a wildcard."""
        offers = [offer for rank in self._desk.dispatch.catalog.find(name) for offer in rank]
        return next((card for offer in offers if _may_see(patterns, card := _card(name, offer))), None)


def _card(name: str, offer: Offer) -> ModelCard:
    return ModelCard(
        id=name,
        owned_by=offer.provider,
        layer=int(offer.layer),
        place=offer.place,
        context_window=offer.context,
        capabilities=tuple(sorted(offer.capabilities)),
    )


def _may_see(patterns: tuple[str, ...], card: ModelCard) -> bool:
    bare = card.id.removeprefix(f"{card.owned_by}/")
    names = (card.id, bare, f"{card.owned_by}/{bare}")
    return not patterns or any(fnmatchcase(name, pattern) for pattern in patterns for name in names)


def _openai_list(cards: list[ModelCard]) -> bytes:
    return msgspec.json.encode(ModelList(data=cards))


def _anthropic_list(cards: list[ModelCard]) -> bytes:
    data = [_anthropic_card(card) for card in cards]
    first, last = (cards[0].id, cards[-1].id) if cards else (None, None)
    return msgspec.json.encode({"data": data, "has_more": False, "first_id": first, "last_id": last})


def _anthropic_card(card: ModelCard) -> dict[str, str]:
    return {"type": "model", "id": card.id, "display_name": card.id, "created_at": "1970-01-01T00:00:00Z"}


class Health:
    """`/healthz`: the process answers. Nothing more, so that a full disk does not get it restarted."""

    async def __call__(self, request: HttpRequest, exchange: Exchange) -> None:
        exchange.respond(200, _JSON, b'{"status":"ok"}')


class Ready:
    """`/readyz`: whether requests should be sent here; 503 with the reasons where not."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def __call__(self, request: HttpRequest, exchange: Exchange) -> None:
        troubles = self._desk.troubles()
        body = msgspec.json.encode({"status": "unready" if troubles else "ready", "reasons": troubles})
        exchange.respond(503 if troubles else 200, _JSON, body)


class Metrics:
    """`/metrics`, as far as the Accept header goes: Prometheus's text, or OpenMetrics."""

    def __init__(self, census: Census) -> None:
        self._census = census

    async def __call__(self, request: HttpRequest, exchange: Exchange) -> None:
        accept = request.headers.get(b"accept", b"").decode("latin-1")
        content_type, body = await asyncio.to_thread(_render_metrics, await self._census.take(), accept)
        exchange.respond(200, b"content-type: %b\r\n" % content_type.encode(), body)


def _render_metrics(standing: Standing, accept: str) -> tuple[str, bytes]:
    from freehold.gateway.metrics import render

    return render(standing, accept)


class Document:
    """A page in JSON, made anew at each request, for whoever may see it."""

    def __init__(self, make: Callable[[], Awaitable[bytes]], *, guard: Callable[[str], None] | None = None) -> None:
        self._make = make
        self._guard = guard

    async def __call__(self, request: HttpRequest, exchange: Exchange) -> None:
        if self._guard is not None:
            self._guard(presented_key(request.headers))
        exchange.respond(200, _JSON, await self._make())


def only_for(token: str) -> Callable[[str], None]:
    """A guard that lets in whoever presents `token`, compared in constant time."""

    def check(presented: str) -> None:
        if not hmac.compare_digest(presented.encode(), token.encode()):
            raise NotAuthenticated("This page needs the gateway's admin token.", advice="It is in state/gateway.json.")

    return check
