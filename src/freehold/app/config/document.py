"""A configuration file with the environment laid over it, and where each part of that comes from.

It is parsed but not yet judged: `shape` and `rules` do that. Reading depends on nothing but the text, the environment and
the rows that ship with Freehold.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path as FilePath
from typing import Any

from freehold.app.config.environment import overrides
from freehold.app.config.positions import Path, Position, positions
from freehold.app.config.problems import DEFAULT, ConfigRejected, Finding, Origin, Problem, spell
from freehold.compute.rows import Row, load_rows

FILE_NAME = "freehold.toml"


class Document:
    """What the user wrote, file and environment together, as plain TOML values.

    Raises ConfigRejected if the text is not TOML.
    """

    def __init__(self, text: str, *, file: FilePath | None, environment: Mapping[str, str]) -> None:
        self.file = file
        self.environment = environment
        self.rows: Mapping[str, Row] = load_rows()
        self.name = str(file) if file else FILE_NAME
        self.folder = file.parent if file else FilePath()
        self._text = text
        self._variables: dict[Path, str] = {}
        self.written: dict[str, Any] = self._parse(text)
        self.unknown_variables = self._overlay()

    def says(self, path: Path) -> bool:
        """Whether the user set something at `path`, as opposed to leaving the default."""
        here: Any = self.written
        for part in path:
            if not isinstance(here, Mapping) or part not in here:
                return False
            here = here[part]
        return True

    def attribute(self, path: Path, variable: str) -> None:
        """Remember that the value at `path` comes from that environment variable."""
        self._variables[path] = variable

    def origin(self, path: Path) -> Origin:
        """Where the value at `path` comes from."""
        if path in self._variables:
            return Origin(variable=self._variables[path])
        position = self._positions.get(path)
        if position is not None:
            return self._place(position)
        inside = (name for where, name in self._variables.items() if where[: len(path)] == path)
        return Origin(variable=variable) if (variable := next(inside, "")) else DEFAULT

    def problem(self, finding: Finding) -> Problem:
        """`finding` with the place of its key, or of the closest table around a key that was never written."""
        around = (finding.path[:length] for length in range(len(finding.path), 0, -1))
        origins = (self.origin(path) for path in around)
        return Problem(
            origin=next((origin for origin in origins if origin is not DEFAULT), Origin(file=self.name)),
            key=spell(finding.path),
            what=finding.what,
            allowed=finding.allowed,
            suggestion=finding.suggestion,
        )

    @cached_property
    def _positions(self) -> Mapping[Path, Position]:
        """Worked out only when something has to be said about a place."""
        return positions(self._text)

    def _place(self, position: Position) -> Origin:
        return Origin(file=self.name, line=position.line, column=position.column)

    def _parse(self, text: str) -> dict[str, Any]:
        try:
            return tomllib.loads(text)
        except RecursionError:
            problem = Problem(origin=Origin(file=self.name), key="", what="it is nested too deeply")
        except ValueError as error:
            problem = self._syntax_problem(error)
        raise ConfigRejected([problem])

    def _syntax_problem(self, error: ValueError) -> Problem:
        """Python before 3.14 gives the place of a syntax error only within its message."""
        message, _, place = str(error).partition(" (at ")
        numbers = [int(number) for number in re.findall(r"\d+", place)]
        end = Position(self._text.count("\n") + 1, len(self._text) - self._text.rfind("\n"))
        position = Position(*numbers) if len(numbers) == 2 else end
        return Problem(origin=self._place(position), key="", what=f"not TOML: {message}")

    def _overlay(self) -> tuple[Problem, ...]:
        tables = self.written.get("providers")
        names = {*self.rows, *(tables if isinstance(tables, dict) else ())}
        found, unknown = overrides(self.environment, names)
        for override in found:
            _put(self.written, override.path, override.value)
            self.attribute(override.path, override.variable)
        return unknown


def _put(document: dict[str, Any], path: Path, value: Any) -> None:
    """Set the value at `path`, making tables on the way. A value in the way is left for the checker to find."""
    here: Any = document
    for part in path[:-1]:
        here = here.setdefault(part, {})
        if not isinstance(here, dict):
            return
    here[path[-1]] = value
