"""What a rule looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from freehold.app.config.positions import Path
from freehold.app.config.problems import Finding
from freehold.app.config.rows import row_name
from freehold.app.settings import ProviderSettings, Settings
from freehold.compute.rows import Row
from freehold.words.offers import Place

if TYPE_CHECKING:
    from freehold.app.config.document import Document


LOCAL_ENGINES = frozenset({"local", "local-embeddings", "local-speech"})
"""Names of the providers that run models in Freehold itself."""
PLAIN_CODE = "code"


class Picture:
    """Settings of the right shape, and what the user wrote to get them."""

    def __init__(self, settings: Settings, document: Document) -> None:
        self.settings = settings
        self.document = document

    def says(self, *path: str | int) -> bool:
        """Whether the user set something at `path`, as opposed to leaving the default."""
        return self.document.says(path)

    def row(self, name: str, provider: ProviderSettings) -> Row | None:
        """The row that describes a provider; None where `like` names none."""
        return self.document.rows.get(row_name(name, provider, self.document.rows))

    @cached_property
    def enabled(self) -> dict[str, ProviderSettings]:
        """Providers that are switched on."""
        return {name: provider for name, provider in self.settings.providers.items() if provider.enabled}

    @cached_property
    def askable(self) -> frozenset[str]:
        """Names of everything that may have offers: configured, built in, or to be discovered."""
        local = self.settings.local
        names = set(self.enabled)
        names |= LOCAL_ENGINES if local.enabled else frozenset()
        names |= {PLAIN_CODE} if local.code else frozenset()
        names |= self._discoverable if local.discovery else set()
        disabled = {name for name, provider in self.settings.providers.items() if not provider.enabled}
        return frozenset(names - disabled)

    @property
    def _discoverable(self) -> set[str]:
        rows = self.document.rows
        return {name for name, row in rows.items() if row.place is Place.LOCAL and row.discovery_port}


Rule = Callable[[Picture], Iterator[Finding]]


def at(*path: str | int) -> Path:
    """A key path, as an argument list."""
    return path
