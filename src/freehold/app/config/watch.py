"""Noticing that the configuration has changed.

The app's ticker calls `poll` once a second; a SIGHUP calls `reload`. New settings come out only when they are right as a
whole; until then the old ones stay in force and `problems` says what is wrong with the new. No threads, no tasks: a poll
is one `stat` for each file that the settings were read from.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from freehold.app.config.load import Loaded, Mark, load, mark_of
from freehold.app.config.problems import ConfigRejected
from freehold.app.settings import Settings
from freehold.ground.errors import InvalidConfig

LIVE = frozenset(
    {"providers", "aliases", "prices", "deadlines.connect", "deadlines.first_byte", "deadlines.between_chunks"}
)
"""Sections and keys that `House.adopt` puts in force. All others are read at the start and not again."""


class Watcher:
    """Keeps an eye on the files behind `loaded`."""

    def __init__(self, loaded: Loaded, *, environment: Mapping[str, str] | None = None) -> None:
        self._loaded = loaded
        self._environment = environment
        self._marks = dict(loaded.marks)
        self.problems: tuple[str, ...] = ()
        """What is wrong with the newest version of the configuration; empty while it is in force."""

    @property
    def loaded(self) -> Loaded:
        """The settings in force."""
        return self._loaded

    def poll(self) -> Loaded | None:
        """New settings, if a file has changed and all is right; None otherwise."""
        return self.reload() if self.changed else None

    @property
    def changed(self) -> bool:
        """Whether a file looks different from when it was last read."""
        return self._look() != self._marks

    def reload(self) -> Loaded | None:
        """Read everything anew. None if it is wrong (see `problems`) or says the same as before."""
        self._marks = self._look()
        try:
            loaded = load(self._loaded.file, environment=self._environment)
        except ConfigRejected as error:
            self.problems = tuple(map(str, error.problems))
            return None
        except InvalidConfig as error:
            self.problems = (error.message,)
            return None
        before, self._loaded = self._loaded, loaded
        self._marks = dict(loaded.marks)
        self.problems = ()
        return loaded if loaded.settings != before.settings else None

    def _look(self) -> dict[Path, Mark]:
        return {path: mark_of(path) for path in self._marks}


def needs_restart(before: Settings, after: Settings) -> tuple[str, ...]:
    """Keys that changed and that only a restart puts in force."""
    return tuple(
        f"{section}.{key}"
        for section, old in ((name, getattr(before, name)) for name in Settings.__struct_fields__ if name not in LIVE)
        for key in old.__struct_fields__
        if f"{section}.{key}" not in LIVE and getattr(old, key) != getattr(getattr(after, section), key)
    )
