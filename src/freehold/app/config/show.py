"""The settings in force, flat, each with where it comes from. Secrets are shown as their references only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

import msgspec

from freehold.app.config.load import Loaded
from freehold.app.config.positions import Path
from freehold.app.config.problems import spell
from freehold.app.settings import Secret
from freehold.app.settings.secrets import MASK


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One key in force."""

    key: str
    value: Any
    """As TOML would have it; None where it is not set."""
    origin: str
    """file:line:column, $VARIABLE, or "default"."""


def entries(loaded: Loaded) -> Iterator[Entry]:
    """Every key there is, in the order of the sections."""
    for path, value in _leaves(loaded.settings, ()):
        yield Entry(key=spell(path), value=value, origin=str(loaded.origin(path)))


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    match value:
        case msgspec.Struct():
            for name in value.__struct_fields__:
                yield from _leaves(getattr(value, name), (*path, name))
        case Mapping():
            for name, inner in value.items():
                yield from _leaves(inner, (*path, name))
        case _:
            yield path, _plain(value)


def _plain(value: Any) -> Any:
    match value:
        case Secret():
            return str(value)
        case Enum():
            return value.value
        case tuple() | frozenset():
            return [_plain(item) for item in value]
        case msgspec.Struct():
            return msgspec.to_builtins(value)
        case str() if "://" in value:
            return _without_password(value)
        case _:
            return value


def _without_password(url: str) -> str:
    """A database URL may hold a password."""
    try:
        password = urlsplit(url).password
    except ValueError:
        return MASK
    return url.replace(f":{password}@", f":{MASK}@", 1) if password else url
