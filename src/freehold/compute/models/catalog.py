"""The catalog: which weights can be pulled by name, as data in `models.toml`.

Each file names its digest and at least one source. Reading it checks all of that, so an entry is either whole or the
program does not start to use it.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import msgspec

from freehold.compute.models.manifest import Defaults, Kind, Task
from freehold.ground.digest import parse_digest
from freehold.ground.errors import UnknownModel


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One place a file can be had from: a member of a package's wheel, a file on a hub, or a URL."""

    package: str = ""
    """`name==version` of a wheel."""
    member: str = ""
    """Path inside the wheel."""
    repository: str = ""
    """`owner/name` on a hub."""
    file: str = ""
    """Path inside the hub's repository."""
    revision: str = "main"
    url: str = ""

    def __str__(self) -> str:
        if self.package:
            return f"{self.package}:{self.member}"
        return f"hf:{self.repository}/{self.file}@{self.revision}" if self.repository else self.url

    def __post_init__(self) -> None:
        ways = (self.package and self.member, self.repository and self.file, self.url)
        if sum(map(bool, ways)) != 1:
            raise ValueError("a source is a package and its member, a repository and its file, or a url")


class Wanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file to bring."""

    name: str
    """Its path inside the model's directory."""
    sources: tuple[Source, ...]
    """Tried in order."""
    sha256: str = ""
    """64 hex digits. Empty only outside the catalog, where a hub tells it."""
    size: int | None = None

    def __post_init__(self) -> None:
        if not self.sources:
            raise ValueError(f"{self.name} has no source")
        if self.sha256:
            parse_digest(self.sha256)


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One model that can be pulled."""

    name: str
    kind: Kind
    task: Task
    files: tuple[Wanted, ...] = msgspec.field(name="file")
    about: str = ""
    licence: str = ""
    parameters: float | None = None
    context: int | None = None
    dimensions: int | None = None
    defaults: Defaults = Defaults()
    starter: bool = False
    """Part of the small set that a fresh machine pulls."""
    extra: str = ""
    """The installation extra without which it cannot run."""

    @property
    def size(self) -> int | None:
        """Bytes of all files; None where one is unknown."""
        sizes = [file.size for file in self.files]
        return None if None in sizes else sum(size or 0 for size in sizes)


class _Catalog(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    model: tuple[Entry, ...]


@cache
def catalog() -> dict[str, Entry]:
    """Every entry, by name."""
    text = files("freehold.compute.models").joinpath("models.toml").read_bytes()
    return {entry.name: entry for entry in msgspec.toml.decode(text, type=_Catalog).model}


def find_entry(name: str) -> Entry:
    """The entry of that name. Raises UnknownModel."""
    entry = catalog().get(name)
    if entry is None:
        known = ", ".join(sorted(catalog()))
        raise UnknownModel(
            f"{name!r} is not in the catalog.",
            advice=f"Choose one of {known}; or name hf:owner/repository/file.gguf, a URL, or a path to a GGUF.",
        )
    return entry


def starters(*, extras: frozenset[str] = frozenset()) -> tuple[Entry, ...]:
    """The small set for a fresh machine: what runs with the installed extras."""
    return tuple(entry for entry in catalog().values() if entry.starter and (not entry.extra or entry.extra in extras))
