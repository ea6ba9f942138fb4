"""Does a document have the shape of `Settings`? Every deviation at once, each at its key.

`msgspec.convert` stops at the first error; it is the fast way in for documents that are right. This is the slow way,
taken only when something is wrong. It finds a deviation exactly where `msgspec.convert` would: a property test says so.
Values are shown only where they cannot be secrets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import inspect

from freehold.app.config.positions import Path
from freehold.app.config.problems import Finding, closest
from freehold.app.settings import Settings


def deviations(document: Mapping[str, Any]) -> Iterator[Finding]:
    """Every place where `document` is not a `Settings`."""
    yield from _walk(document, inspect.type_info(Settings), ())


def in_words(kind: inspect.Type) -> str:
    """What a value of that type may be."""
    match _plain(kind):
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType() as number:
            return "a whole number" + _bounds(number)
        case inspect.FloatType() as number:
            return "a number" + _bounds(number)
        case inspect.EnumType() as choice:
            return ", ".join(member.value for member in choice.cls)
        case inspect.VarTupleType() | inspect.FrozenSetType() as series:
            return f"a list, each {in_words(series.item_type)}"
        case inspect.UnionType() as union:
            return " or ".join(in_words(option) for option in _options(union))
        case inspect.StructType() | inspect.DictType():
            return "a table"
        case inspect.StrType() as text:
            return "a string that is not empty" if text.min_length else "a string"
        case _:
            return "a string"


def _walk(value: Any, kind: inspect.Type, path: Path) -> Iterator[Finding]:
    match _plain(kind), value:
        case inspect.StructType() as struct, dict():
            yield from _walk_struct(value, struct, path)
        case inspect.DictType() as table, dict():
            for key, inner in value.items():
                yield from _walk(inner, table.value_type, (*path, key))
        case (inspect.VarTupleType() | inspect.FrozenSetType()) as series, list():
            if len(value) < (series.min_length or 0):
                yield Finding(path=path, what="it is empty", allowed=in_words(series))
            for index, inner in enumerate(value):
                yield from _walk(inner, series.item_type, (*path, index))
        case plain, _:
            if not _accepts(plain, value):
                yield _mismatch(path, plain, value)


def _walk_struct(value: Mapping[str, Any], kind: inspect.StructType, path: Path) -> Iterator[Finding]:
    fields = {field.encode_name: field for field in kind.fields}
    for key, inner in value.items():
        if key in fields:
            yield from _walk(inner, fields[key].type, (*path, key))
        else:
            suggestion = closest(key, fields)
            known = "" if suggestion else ", ".join(fields)
            yield Finding(path=(*path, key), what="unknown key", allowed=known, suggestion=suggestion)
    for name, field in fields.items():
        if field.required and name not in value:
            yield Finding(path=path, what=f"`{name}` is missing", allowed=f"{name} = {in_words(field.type)}")


def _accepts(kind: inspect.Type, value: Any) -> bool:
    """Whether a leaf takes `value`, by the rules of `msgspec.convert`."""
    match kind:
        case inspect.UnionType():
            return any(_accepts(option, value) for option in _options(kind))
        case inspect.BoolType():
            return isinstance(value, bool)
        case inspect.IntType():
            return isinstance(value, int) and not isinstance(value, bool) and _within(kind, value)
        case inspect.FloatType():
            return isinstance(value, int | float) and not isinstance(value, bool) and _within(kind, value)
        case inspect.EnumType():
            return value in [member.value for member in kind.cls]
        case inspect.StrType():
            return isinstance(value, str) and len(value) >= (kind.min_length or 0)
        case inspect.CustomType():
            return isinstance(value, str)
        case _:
            return False


def _mismatch(path: Path, kind: inspect.Type, value: Any) -> Finding:
    choices = [
        member.value for option in _options(kind) if isinstance(option, inspect.EnumType) for member in option.cls
    ]
    suggestion = closest(value, choices) if isinstance(value, str) else ""
    return Finding(path=path, what=f"{_shown(value)} does not fit", allowed=in_words(kind), suggestion=suggestion)


def _shown(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case str():
            return "this string" if value else "an empty string"
        case dict():
            return "a table"
        case list():
            return "a list"
        case _:
            return "a date or time"


def _plain(kind: inspect.Type) -> inspect.Type:
    """`kind` without what JSON schema adds to it, and a union with nothing else than null without the null."""
    while isinstance(kind, inspect.Metadata):
        kind = kind.type
    if isinstance(kind, inspect.UnionType):
        options = _options(kind)
        return _plain(options[0]) if len(options) == 1 else kind
    return kind


def _options(kind: inspect.Type) -> list[inspect.Type]:
    """The types that a value can have; TOML has no null, so that one is left out."""
    types = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    return [_plain(option) for option in types if not isinstance(option, inspect.NoneType)]


def _within(kind: inspect.IntType | inspect.FloatType, value: float) -> bool:
    return (
        (kind.ge is None or value >= kind.ge)
        and (kind.gt is None or value > kind.gt)
        and (kind.le is None or value <= kind.le)
        and (kind.lt is None or value < kind.lt)
    )


def _bounds(kind: inspect.IntType | inspect.FloatType) -> str:
    low = f"{kind.ge:g} or more" if kind.ge is not None else f"above {kind.gt:g}" if kind.gt is not None else ""
    high = f"at most {kind.le:g}" if kind.le is not None else ""
    words = [part for part in (low, high) if part]
    return f", {', '.join(words)}" if words else ""
