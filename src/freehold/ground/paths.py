"""Where things live on disk: one home with named partitions.

    $FREEHOLD_HOME (default ~/.freehold)
    ├── state/         the database, tokens, process files
    ├── model_zoo/     weights
    └── system_cache/  what can be made again

More partitions come with the rooms that own them.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec


class Home(msgspec.Struct, frozen=True):
    """The directory that holds everything Freehold keeps. Partitions are made, private to the user, on first use."""

    root: Path

    @property
    def state(self) -> Path:
        return self._partition("state")

    @property
    def models(self) -> Path:
        return self._partition("model_zoo")

    @property
    def cache(self) -> Path:
        return self._partition("system_cache")

    def _partition(self, name: str) -> Path:
        path = self.root / name
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path


def home() -> Home:
    """The home named by $FREEHOLD_HOME, or ~/.freehold. Nothing is created until a partition is asked for."""
    named = os.environ.get("FREEHOLD_HOME")
    return Home(Path(named).expanduser() if named else Path.home() / ".freehold")
