"""The provider rows that ship with Freehold, as a configuration meets them."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from freehold.app.settings import ProviderSettings
from freehold.compute.rows import Row, load_rows
from freehold.words.offers import Place

ANY_SERVER = "openai-compatible"
"""The row of a server that nothing is known of."""


def row_name(name: str, provider: ProviderSettings, rows: Mapping[str, Row]) -> str:
    """The name of the row that describes a provider; it may be missing from `rows` where `like` is wrong."""
    return provider.like or (name if name in rows else ANY_SERVER)


def row_for(name: str, provider: ProviderSettings) -> Row:
    """The row that describes a provider of valid settings."""
    rows = load_rows()
    return rows[row_name(name, provider, rows)]


def place_of(name: str, provider: ProviderSettings) -> Place:
    """Whose machine the provider runs on."""
    return provider.place or row_for(name, provider).place


def switched_on_by(row: Row, environment: Mapping[str, str]) -> str:
    """The variable whose key makes this row usable by itself; "" where none is set or more than a key is needed."""
    if not row.key_required or not row.base_url or row.user_parts:
        return ""
    return key_variable(row, environment)


def key_variable(row: Row, environment: Mapping[str, str]) -> str:
    """The first of the row's key variables that is set; "" where none is."""
    return next((name for name in row.key_env if environment.get(name, "").strip()), "")


def takes_the_rows_key(row: Row, provider: ProviderSettings) -> bool:
    """Whether the key in the row's own variable may be sent to where `provider` is.

    A key is never sent to another address than its owner's because of a name alone: where the address was changed, the
    key has to be stated.
    """
    return not row.base_url or provider.base_url is None or _host(provider.base_url) == _host(row.base_url)


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
