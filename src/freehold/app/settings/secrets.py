"""Secrets as the configuration names them.

A secret is written as a reference, `env:NAME` or `file:PATH`, or as the value itself. It is read once, when
the settings are, and shows its value to nobody but the caller of `reveal`: not in a repr, a log or a dump.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Self

import msgspec

from freehold.ground.errors import InvalidConfig

MAX_SECRET_BYTES = 64 * 1024
MASK = "********"


class Secret:
    """A value that masks itself. `reference` is "" for one that was written out."""

    __slots__ = ("_value", "fault", "reference")

    def __init__(self, value: str, *, reference: str = "", fault: str = "") -> None:
        self._value = value
        self.reference = reference
        self.fault = fault
        """Why there is no value, where there is none."""

    @classmethod
    def read(cls, text: str, environment: Mapping[str, str], folder: Path) -> Self:
        """The secret that `text` names; relative paths start at `folder`. Never raises: see `fault`."""
        kind, _, rest = text.partition(":")
        if kind == "env":
            value = environment.get(rest, "").strip()
            return cls(value, reference=text, fault="" if value else f"environment variable {rest} is not set")
        if kind == "file":
            value, fault = _read_file(folder / Path(rest).expanduser())
            return cls(value, reference=text, fault=fault)
        return cls(text, fault="" if text.strip() else "it is empty")

    def reveal(self) -> str:
        """The value. Raises InvalidConfig where there is none."""
        if self.fault:
            raise InvalidConfig(f"there is no secret {self}: {self.fault}")
        return self._value

    def file(self, folder: Path) -> Path | None:
        """The file it is read from, if it is read from one."""
        kind, _, rest = self.reference.partition(":")
        return folder / Path(rest).expanduser() if kind == "file" else None

    def __str__(self) -> str:
        return self.reference or MASK

    def __repr__(self) -> str:
        return f"Secret({self})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and (self.reference, self._value) == (other.reference, other._value)

    def __hash__(self) -> int:
        return hash((self.reference, self._value))


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """One of a provider's keys, with the label it is shown by."""

    label: str
    secret: Secret


def _read_file(path: Path) -> tuple[str, str]:
    """The value in `path` and what is wrong with it; one of the two is empty."""
    try:
        with path.open("rb") as file:
            text = file.read(MAX_SECRET_BYTES + 1)
    except OSError as error:
        return "", f"{path} cannot be read ({error.strerror})"
    if len(text) > MAX_SECRET_BYTES:
        return "", f"{path} is too large for a secret"
    try:
        value = text.decode().strip()
    except UnicodeDecodeError:
        return "", f"{path} is not UTF-8 text"
    return (value, "") if value else ("", f"{path} is empty")
