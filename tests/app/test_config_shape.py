"""The walk that finds every deviation agrees with msgspec on whether there is any."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec import inspect

from freehold.app.config.shape import deviations, in_words
from freehold.app.settings import Secret, Settings

SCALARS = st.one_of(
    st.booleans(),
    st.integers(-2, 70_000),
    st.floats(),
    st.sampled_from(["", "env:X", "local", "chat", "tools", "x", date(2026, 1, 1)]),
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "tokens"]), inner, max_size=2),
)


def fitting(kind: inspect.Type) -> st.SearchStrategy[Any]:
    """Values that mostly have the shape of `kind`."""
    match kind:
        case inspect.Metadata():
            return fitting(kind.type)
        case inspect.UnionType():
            return st.one_of([fitting(option) for option in kind.types if not isinstance(option, inspect.NoneType)])
        case inspect.StructType():
            keys = {field.encode_name: fitting(field.type) | ANYTHING for field in kind.fields}
            misspelt = st.dictionaries(st.sampled_from(["nonsense", "Host"]), SCALARS, max_size=1)
            tables = st.fixed_dictionaries({}, optional=keys)
            return st.tuples(tables, misspelt | st.just({})).map(lambda pair: {**pair[0], **pair[1]})
        case inspect.DictType():
            return st.dictionaries(st.sampled_from(["openai", "my box", "a/b"]), fitting(kind.value_type), max_size=2)
        case inspect.VarTupleType() | inspect.FrozenSetType():
            return st.lists(fitting(kind.item_type) | SCALARS, max_size=2)
        case _:
            return SCALARS


@given(fitting(inspect.type_info(Settings)))
@example({"server": {"port": 1.0}})
@example({"aliases": {"a": []}})
@example({"prices": {"a/b": {"above": [{}]}}})
@example({"hedge": {"after": float("nan")}})
@settings(max_examples=100, deadline=None)
def test_a_deviation_is_found_exactly_where_msgspec_refuses(document: dict[str, Any]) -> None:
    assert bool(list(deviations(document))) == _refused(document)


def test_all_deviations_are_found_at_once() -> None:
    document = {"server": {"port": "x", "hots": 1, "workers": 0}, "aliases": {"a": "b"}, "cahce": {}}
    assert [(".".join(map(str, f.path)), f.suggestion) for f in deviations(document)] == [
        ("server.port", ""),
        ("server.hots", "host"),
        ("server.workers", ""),
        ("aliases.a", ""),
        ("cahce", "cache"),
    ]


@pytest.mark.parametrize("value", ["sk-hunter2", ["sk-hunter2"], {"sk-hunter2": 1}])
def test_values_that_may_be_secrets_are_not_repeated(value: Any) -> None:
    document = {"server": {"port": value}, "providers": {"x": {"key": [value], "keys": value, "place": value}}}
    found = list(deviations(document))
    assert found
    assert "hunter2" not in "".join(finding.what + finding.allowed for finding in found)


@pytest.mark.parametrize("section", Settings.__struct_fields__)
def test_every_key_says_what_it_is_for(section: str) -> None:
    fields = {field.encode_name: field for field in _struct(inspect.type_info(Settings)).fields}
    _check_described(fields[section].type)


def _check_described(kind: inspect.Type) -> None:
    plain = kind.type if isinstance(kind, inspect.Metadata) else kind
    assert in_words(plain)
    if isinstance(plain, inspect.DictType):
        _check_described(plain.value_type)
    if isinstance(plain, inspect.StructType):
        assert plain.cls.__doc__
        for field in plain.fields:
            described = isinstance(field.type, inspect.Metadata) and (field.type.extra_json_schema or {}).get(
                "description"
            )
            assert described or isinstance(field.type, inspect.StructType), f"{plain.cls.__name__}.{field.name}"


def _struct(kind: inspect.Type) -> inspect.StructType:
    assert isinstance(kind, inspect.StructType)
    return kind


def _refused(document: dict[str, Any]) -> bool:
    def read(kind: type, value: Any) -> Secret:
        if not isinstance(value, str):
            raise TypeError("not a string")
        return Secret.read(value, {}, Path())

    try:
        msgspec.convert(document, Settings, dec_hook=read)
    except msgspec.ValidationError:
        return True
    return False
