"""Positions agree with what tomllib reads."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import assume, given, settings
from toml_documents import documents

from freehold.app.config.positions import Position, positions

EXAMPLE = """\
# a comment with [brackets]
top = 1
[server] # here
  host = "a ] b"
  "quoted.key" = '''
[not.a.table]
'''
a . b."c" = { d = [1, { e = "}" }], f.g = 2 }
[[fruit]]
name = "apple"
[fruit.skin]
color = "red"
[[fruit.variety]]
name = "delicious"
[[fruit.variety]]
name = "smith"
[[fruit]]
list = [
  "x", # comma, ]
  [ 1,
    2 ],
]
"""


def test_every_kind_of_key_has_its_place() -> None:
    found = positions(EXAMPLE)
    assert found[("top",)] == Position(2, 1)
    assert found[("server",)] == Position(3, 2)
    assert found[("server", "host")] == Position(4, 3)
    assert found[("server", "quoted.key")] == Position(5, 3)
    assert found[("server", "a", "b", "c", "d", 1, "e")] == Position(8, 25)
    assert found[("server", "a", "b", "c", "f", "g")] == Position(8, 39)
    assert found[("fruit", 0, "skin", "color")] == Position(12, 1)
    assert found[("fruit", 0, "variety", 1, "name")] == Position(16, 1)
    assert found[("fruit", 1, "list", 1, 1)] == Position(21, 5)
    assert ("not",) not in found


@given(documents())
@settings(max_examples=60, deadline=None)
def test_every_path_that_tomllib_sees_has_a_place_and_no_other_has(text: str) -> None:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        assume(False)
        raise
    found = positions(text)
    assert set(found) == set(_paths(document, ()))
    lines = text.replace("\r\n", "\n").split("\n")
    for path, position in found.items():
        assert _stands_at(path[-1], lines[position.line - 1][position.column - 1 :])


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment", "a=1", "a=[]\nb={}", "[a]\n[b]"])
def test_small_documents_are_read_to_their_end(text: str) -> None:
    assert set(positions(text)) == set(_paths(tomllib.loads(text), ()))


def _paths(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    items: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from _paths(inner, (*path, key))


def _stands_at(part: str | int, rest: str) -> bool:
    """Whether the key `part` begins `rest`, in one of the ways a key can be written. Elements begin anywhere."""
    if isinstance(part, int):
        return bool(rest)
    if rest[0] not in "\"'":
        return rest.startswith(part)
    key = next(iter(tomllib.loads(_quoted(rest) + "=0")))
    return bool(key == part)


def _quoted(rest: str) -> str:
    """The quoted string at the start of `rest`."""
    end = 1
    while rest[end] != rest[0]:
        end += 2 if rest[0] == '"' and rest[end] == "\\" else 1
    return rest[: end + 1]
