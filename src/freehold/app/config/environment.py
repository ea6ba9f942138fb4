"""`FREEHOLD_<SECTION>_<KEY>`: a variable overrides the key of that name; lists are separated by commas.

`FREEHOLD_SERVER_PORT=9000` is `server.port`; `FREEHOLD_PROVIDERS_MY_BOX_REGION=eu` is `providers.my-box.region`, where
there is such a provider. Aliases and prices have no variables. A variable that means nothing is
an error, like an unknown key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import msgspec

from freehold.app.config.positions import Path
from freehold.app.config.problems import Origin, Problem, closest
from freehold.app.settings import ProviderDeadlines, ProviderSettings, Secret, Settings

PREFIX = "FREEHOLD_"
_OTHERS = re.compile(r"[^A-Za-z0-9]")
RESERVED = frozenset({"FREEHOLD_HOME", "FREEHOLD_CONFIG", "FREEHOLD_URL", "FREEHOLD_KEY"})
"""Variables that are no settings: where Freehold lives, and how its command line reaches a gateway."""


class Override(msgspec.Struct, frozen=True, kw_only=True):
    """A variable, the key it sets, and its value as TOML would have it."""

    variable: str
    path: Path
    value: Any


def overrides(
    environment: Mapping[str, str], provider_names: Iterable[str]
) -> tuple[tuple[Override, ...], tuple[Problem, ...]]:
    """What the environment sets, and which of its variables mean nothing."""
    given = sorted(name for name in environment if name.startswith(PREFIX) and name not in RESERVED)
    if not given:
        return (), ()
    known = dict(_variables(provider_names))
    found = [
        Override(variable=name, path=known[name], value=_value(environment[name], known[name]))
        for name in given
        if name in known
    ]
    return tuple(found), tuple(_unknown(name, known) for name in given if name not in known)


def variable_for(path: Path) -> str:
    """The variable that sets the key at `path`."""
    return PREFIX + _OTHERS.sub("_", "_".join(map(str, path))).upper()


def _variables(provider_names: Iterable[str]) -> Iterator[tuple[str, Path]]:
    """Every variable there is, with the key it sets."""
    for section, default in zip(Settings.__struct_fields__, Settings.__struct_defaults__, strict=True):
        if isinstance(default, msgspec.Struct):
            yield from _of_table((section,), type(default))
    for name in provider_names:
        yield from _of_table(("providers", name), ProviderSettings)
        yield from _of_table(("providers", name, "deadlines"), ProviderDeadlines)


def _of_table(table: Path, kind: type[msgspec.Struct]) -> Iterator[tuple[str, Path]]:
    return ((variable_for((*table, key)), (*table, key)) for key in kind.__struct_fields__)


def _unknown(name: str, known: Iterable[str]) -> Problem:
    lowered = {other.lower(): other for other in known}
    return Problem(
        origin=Origin(variable=name),
        key="",
        what="no setting has that name",
        allowed="FREEHOLD_<SECTION>_<KEY>, for example FREEHOLD_SERVER_PORT",
        suggestion=lowered.get(closest(name, lowered), ""),
    )


def _value(text: str, path: Path) -> Any:
    """`text` as TOML would have it: the first reading that fits the key; where none does, the number that it may be."""
    readings = list(_readings(text))
    number = next((value for value in readings if isinstance(value, int | float)), text)
    return next((value for value in readings if _fits(value, path)), number)


def _readings(text: str) -> Iterator[Any]:
    yield text
    for plain in (bool, int, float):
        with suppress(msgspec.ValidationError):
            yield msgspec.convert(text.strip().lower(), plain, strict=False)
    yield [part.strip() for part in text.split(",") if part.strip()]
    with suppress(msgspec.DecodeError):
        yield msgspec.json.decode(text)


def _fits(value: Any, path: Path) -> bool:
    document: Any = value
    for part in reversed(path):
        document = {part: document}
    try:
        msgspec.convert(document, Settings, dec_hook=_any_secret)
    except msgspec.ValidationError:
        return False
    return True


def _any_secret(kind: type, value: Any) -> Secret:
    if not isinstance(value, str):
        raise TypeError("a secret is written as a string")
    return Secret("")
