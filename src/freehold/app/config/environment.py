"""`FREEHOLD_<SECTION>_<KEY>`: a variable overrides the key of that name; lists are separated by commas.

`FREEHOLD_SERVER_PORT=9000` is `server.port`; `FREEHOLD_PROVIDERS_MY_BOX_REGION=eu` is `providers.my-box.region`, where
there is such a provider. Aliases and prices have no variables. A variable that means nothing is
an error, like an unknown key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from freehold.app.config.positions import Path
from freehold.app.config.problems import Origin, Problem, closest

if TYPE_CHECKING:
    from msgspec import inspect

PREFIX = "FREEHOLD_"
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
    return PREFIX + re.sub(r"[^A-Za-z0-9]", "_", "_".join(map(str, path))).upper()


def _variables(provider_names: Iterable[str]) -> Iterator[tuple[str, Path]]:
    from freehold.app.config.shape import keys_at

    tables: list[tuple[str, ...]] = [
        (section,) for section in keys_at(()) if section not in {"providers", "aliases", "prices"}
    ]
    for name in provider_names:
        tables += [("providers", name), ("providers", name, "deadlines")]
    for table in tables:
        for key in keys_at(table):
            yield variable_for((*table, key)), (*table, key)


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
    """`text` as TOML would have it; as it is where it does not fit, so that the checker says what would."""
    from msgspec import inspect

    from freehold.app.config.shape import type_at

    kind = type_at(path)
    if isinstance(kind, inspect.VarTupleType | inspect.FrozenSetType):
        return [part.strip() for part in text.split(",") if part.strip()]
    if isinstance(kind, inspect.DictType | inspect.StructType):
        return _table(text)
    if isinstance(kind, inspect.BoolType | inspect.IntType | inspect.FloatType):
        return _scalar(text, kind)
    return text


def _scalar(text: str, kind: inspect.BoolType | inspect.IntType | inspect.FloatType) -> Any:
    from msgspec import inspect

    plain = bool if isinstance(kind, inspect.BoolType) else int if isinstance(kind, inspect.IntType) else float
    try:
        return msgspec.convert(text.strip().lower(), plain, strict=False)
    except msgspec.ValidationError:
        return text


def _table(text: str) -> Any:
    """A table is written as in JSON."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
