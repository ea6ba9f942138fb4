"""From settings and rows to providers that can be asked over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

import msgspec

from freehold.app.config.rows import row_for
from freehold.app.settings import DeadlineSettings, ProviderSettings, Settings
from freehold.compute.catalog import Maker
from freehold.compute.keyring import ProviderKey
from freehold.compute.offering import FindPrice, Overrides, offer_for, offers_for
from freehold.compute.providers.http import HttpEndpoint, HttpProvider
from freehold.compute.providers.quirks import Quirks
from freehold.compute.rows import Auth, ModelRow, Row, fill
from freehold.compute.upstream import Deadlines, Upstream
from freehold.words.dialects import Capability
from freehold.words.offers import Offer, Place

_DEFAULT_CONCURRENCY = 1024
_ANY_MODEL = frozenset(
    {
        Capability.CHAT,
        Capability.COMPLETION,
        Capability.TOOLS,
        Capability.STRUCTURED_OUTPUT,
        Capability.VISION,
        Capability.LOGPROBS,
        Capability.REASONING,
    }
)
"""What is assumed of a model that the user names and nobody has described: whether it can is for the server to say."""


class Hired(msgspec.Struct, frozen=True, kw_only=True):
    """A provider, and how to make offers of models that it does not list."""

    provider: HttpProvider
    maker: Maker


def hire_all(settings: Settings, *, upstream: Upstream, find_price: FindPrice) -> list[Hired]:
    """Every provider that is enabled."""
    return [
        hire(name, provider, settings, upstream=upstream, find_price=find_price)
        for name, provider in settings.providers.items()
        if provider.enabled
    ]


def hire(
    name: str, provider: ProviderSettings, settings: Settings, *, upstream: Upstream, find_price: FindPrice
) -> Hired:
    """One provider, ready to be asked."""
    row = _with_named_models(row_for(name, provider), provider)
    make = OfferMaker(row, name, provider, settings, find_price=find_price)
    listed = [model for model in provider.models if "*" not in model] or [o.model for o in offers_for(row)]
    offers = [offer for model in listed if (offer := make(model)) is not None]
    return Hired(
        provider=HttpProvider(
            _endpoint(name, row, provider, settings.deadlines),
            offers=offers,
            keys=_keys(row, provider),
            upstream=upstream,
        ),
        maker=make,
    )


def hire_found(row: Row, settings: Settings, *, upstream: Upstream) -> Hired:
    """A server that was found running on this machine: no key, no price, the models it said it has."""
    provider = ProviderSettings(like=row.name, place=Place.LOCAL)
    make = OfferMaker(row, row.name, provider, settings, find_price=_no_price)
    offers = [offer for model in row.models if (offer := make(model.id)) is not None]
    endpoint = _endpoint(row.name, row, provider, settings.deadlines)
    return Hired(provider=HttpProvider(endpoint, offers=offers, keys=(), upstream=upstream), maker=make)


def _no_price(provider: str, model: str) -> None:
    return None


def _with_named_models(row: Row, provider: ProviderSettings) -> Row:
    """The row, with entries for the models that the user names and the row does not know."""
    dialects = frozenset(provider.dialects) or row.dialects
    unknown = tuple(
        ModelRow(id=model, capabilities=_ANY_MODEL) for model in provider.models if row.model(model) is None
    )
    return msgspec.structs.replace(row, dialects=dialects, models=row.models + unknown)


class OfferMaker:
    """Makes offers for the models of one provider, by its row and by what the settings say of it."""

    def __init__(
        self, row: Row, name: str, provider: ProviderSettings, settings: Settings, *, find_price: FindPrice
    ) -> None:
        self._row = row
        self._name = name
        self._provider = provider
        self._settings = settings
        self._find_price = find_price

    def __call__(self, model: str, /) -> Offer | None:
        provider = self._provider
        if provider.models and not any(fnmatchcase(model, pattern) for pattern in provider.models):
            return None
        stated = self._settings.price_of(f"{self._name}/{model}")
        said = Overrides(
            provider=self._name,
            place=provider.place,
            region=provider.region,
            retention_days=provider.retention_days,
            capabilities=provider.capabilities or None,
            context=provider.context,
            max_output=provider.max_output,
            parameters=provider.parameters,
            watts=provider.watts,
            preference=provider.preference or 0,
            price=stated.price() if stated is not None else None,
        )
        return offer_for(self._row, model, overrides=said, find_price=self._find_price)

    def claims(self, model: str, /) -> bool:
        entry = self._row.model(model)
        return entry is not None and entry.id != "*"


def _endpoint(name: str, row: Row, provider: ProviderSettings, usual: DeadlineSettings) -> HttpEndpoint:
    dialects = row.dialects
    return HttpEndpoint(
        name=name,
        base_url=provider.base_url
        or fill(row.base_url, {part.upper(): value for part, value in provider.parts.items()}),
        paths={dialect: row.path(dialect) for dialect in dialects},
        headers={**row.headers, **{key: value.reveal() for key, value in provider.headers.items()}},
        deadlines=_deadlines(row, provider, usual),
        stream_usage=row.stream_usage,
        quirks=Quirks(output_limit=row.output_limit, developer_role=row.developer_role),
        max_concurrency=provider.max_concurrency or _DEFAULT_CONCURRENCY,
        requests_per_minute=provider.requests_per_minute,
        tokens_per_minute=provider.tokens_per_minute,
    )


def _deadlines(row: Row, provider: ProviderSettings, usual: DeadlineSettings) -> Deadlines:
    """The provider's own table first, then the row's where it departs from the usual, then [deadlines]."""
    own, default = provider.deadlines, Deadlines()
    base: Mapping[str, float] = {
        field: getattr(row.deadlines, field)
        if getattr(row.deadlines, field) != getattr(default, field)
        else getattr(usual, field)
        for field in ("connect", "first_byte", "between_chunks")
    }
    stated = {field: value for field in base if (value := getattr(own, field)) is not None}
    return msgspec.convert({**base, **stated}, Deadlines)


def _keys(row: Row, provider: ProviderSettings) -> list[ProviderKey]:
    return [
        ProviderKey(label=credential.label, header=_key_header(row.auth, credential.secret.reveal()))
        for credential in provider.credentials
    ]


def _key_header(auth: Auth, value: str) -> bytes:
    if auth is Auth.X_API_KEY:
        return b"x-api-key: %b\r\n" % value.encode("latin-1")
    return b"authorization: Bearer %b\r\n" % value.encode("latin-1") if auth is Auth.BEARER else b""
