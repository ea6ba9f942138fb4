"""How far a file has come."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int | None], None]
"""Told (file, bytes done, bytes in all or None where unknown), often, on the thread that pulls."""


def silent(file: str, done: int, total: int | None) -> None:
    """Tells nobody."""
