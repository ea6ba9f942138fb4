"""What is wrong with a configuration: all of it at once, each with its place, and what would be right instead."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

import msgspec

from freehold.app.config.positions import Path
from freehold.ground.errors import InvalidConfig


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a value comes from: a place in a file, an environment variable, or neither (the default)."""

    file: str = ""
    line: int = 0
    column: int = 0
    variable: str = ""

    def __str__(self) -> str:
        if self.variable:
            return f"${self.variable}"
        if not self.file:
            return "default"
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


DEFAULT = Origin()


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong at a key path, before it is known where in a file that is."""

    path: Path
    what: str
    """What is wrong, as the rest of a sentence that the key begins."""
    allowed: str = ""
    """What would be right."""
    suggestion: str = ""
    """A known name that is close to the one given."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A finding, with its place."""

    origin: Origin
    key: str
    """The key path in TOML's own notation; "" where the whole file is meant."""
    what: str
    allowed: str = ""
    suggestion: str = ""

    def __str__(self) -> str:
        subject = f"{self.key}: " if self.key else ""
        hint = f' Did you mean "{self.suggestion}"?' if self.suggestion else ""
        allowed = f" Allowed: {self.allowed}." if self.allowed else ""
        return f"{self.origin}: {subject}{self.what}.{allowed}{hint}"


class ConfigRejected(InvalidConfig):
    """The configuration is wrong in all these ways."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.origin.line, problem.origin.column)))
        super().__init__("\n".join(map(str, self.problems)))


def spell(path: Path) -> str:
    """A key path as one would write it in TOML: `providers."my box".keys[1]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + (part if _is_bare(part) else _quoted(part))
    return text


def closest(name: str, known: Iterable[str]) -> str:
    """The known name that `name` was probably meant to be; "" where none is close."""
    found = get_close_matches(name.lower(), list(known), n=1, cutoff=0.6)
    return found[0] if found else ""


def _is_bare(key: str) -> bool:
    return key.isascii() and key.replace("-", "").replace("_", "").isalnum()


def _quoted(key: str) -> str:
    """`key` as a basic string; what cannot be printed is escaped, so that a message stays one line."""
    return msgspec.json.encode(key).decode()
