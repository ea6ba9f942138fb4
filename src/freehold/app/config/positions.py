"""Where each key of a TOML document stands.

`tomllib` says what a document means and not where; this says where and not what. It reads documents that `tomllib` has
already accepted, so it only has to find its way, not to judge. Every table, key and array element that `tomllib` sees has
a position here; a property test holds the two together. A path is a tuple of keys and array indices.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping

import msgspec

Path = tuple[str | int, ...]


class Position(msgspec.Struct, frozen=True, order=True):
    """A place in a text; both count from 1, columns in characters."""

    line: int
    column: int


def positions(text: str) -> Mapping[Path, Position]:
    """The position of every key path in `text`, which must be valid TOML."""
    return _Scanner(text.replace("\r\n", "\n")).run()


_SPACE = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_BLANK = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(r'"""(?:[^\\]|\\[\s\S])*?"{3,5}(?!")|\'\'\'[\s\S]*?\'{3,5}(?!\')|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'')
_OTHER_VALUE = re.compile(r"[^,\]}#\n]+")


class _Scanner:
    """Walks over a document once. `_arrays` counts the tables of each array of tables so far."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._found: dict[Path, Position] = {}
        self._arrays: dict[Path, int] = {}
        self._line = 1
        self._counted = 0

    def run(self) -> dict[Path, Position]:
        table: Path = ()
        while self._skip(_SPACE) < len(self._text):
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._assignment(table)
        return self._found

    def _header(self) -> Path:
        """`[a.b]` or `[[a.b]]`: the path that the following assignments belong to."""
        brackets = 2 if self._text.startswith("[[", self._at) else 1
        self._at += brackets
        path: Path = ()
        keys = self._dotted()
        for number, (key, start) in enumerate(keys, start=1):
            path = (*path, key)
            self._note(path, start)
            if number == len(keys) and brackets == 2:
                self._arrays[path] = self._arrays.get(path, -1) + 1
            if path in self._arrays:
                path = (*path, self._arrays[path])
                self._note(path, start)
        self._at += brackets
        return path

    def _assignment(self, table: Path) -> None:
        path = table
        for key, start in self._dotted():
            path = (*path, key)
            self._note(path, start)
        self._at += 1  # the equals sign
        self._value(path)

    def _dotted(self) -> list[tuple[str, int]]:
        """The parts of a key, each with where it starts."""
        parts = []
        while True:
            start = self._skip(_BLANK)
            parts.append((self._key(), start))
            if self._text[self._skip(_BLANK)] != ".":
                return parts
            self._at += 1

    def _key(self) -> str:
        pattern = _STRING if self._text[self._at] in "\"'" else _BARE_KEY
        raw = self._take(pattern)
        return next(iter(tomllib.loads(f"{raw}=0"))) if pattern is _STRING else raw

    def _value(self, path: Path) -> None:
        self._skip(_BLANK)
        opening = self._text[self._at]
        if opening == "[":
            self._array(path)
        elif opening == "{":
            self._inline_table(path)
        else:
            self._take(_STRING if opening in "\"'" else _OTHER_VALUE)

    def _array(self, path: Path) -> None:
        self._at += 1
        index = 0
        while self._text[self._skip(_SPACE)] != "]":
            element = (*path, index)
            self._note(element, self._at)
            self._value(element)
            index += 1
            self._comma()
        self._at += 1

    def _inline_table(self, path: Path) -> None:
        self._at += 1
        while self._text[self._skip(_SPACE)] != "}":
            self._assignment(path)
            self._comma()
        self._at += 1

    def _comma(self) -> None:
        if self._text[self._skip(_SPACE)] == ",":
            self._at += 1

    def _skip(self, pattern: re.Pattern[str]) -> int:
        self._take(pattern)
        return self._at

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        if match is None:
            raise ValueError(f"not TOML at character {self._at}")
        self._at = match.end()
        return match[0]

    def _note(self, path: Path, start: int) -> None:
        """Remember where `path` was first seen. Starts only ever grow, so lines are counted once."""
        self._line += self._text.count("\n", self._counted, start)
        self._counted = start
        column = start - self._text.rfind("\n", 0, start)
        self._found.setdefault(path, Position(self._line, column))
