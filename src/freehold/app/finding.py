"""Servers that run on this machine come into the catalog while they run, and leave it when they are gone."""

from __future__ import annotations

import os

from freehold.app.hiring import hire_found
from freehold.app.settings import Settings
from freehold.compute.catalog import Catalog
from freehold.compute.discovery import LOOK_EVERY, Discovery, Server, origins_to_ask
from freehold.compute.upstream import Upstream

__all__ = ["LOOK_EVERY", "Finding"]


class Finding:
    """Keeps the catalog in step with what `Discovery` sees. What is configured is never replaced by what is found."""

    def __init__(self, catalog: Catalog, upstream: Upstream, settings: Settings) -> None:
        self._catalog = catalog
        self._upstream = upstream
        self._settings = settings
        self._discovery = Discovery(upstream, origins_to_ask(os.environ))
        self._found: dict[str, Server] = {}

    @property
    def names(self) -> frozenset[str]:
        """Providers that were found rather than configured."""
        return frozenset(self._found)

    async def look(self) -> None:
        """Look around once, and take the difference into the catalog."""
        taken = {provider.name for provider in self._catalog.providers} - self._found.keys()
        now = {server.row.name: server for server in await self._discovery.look() if server.row.name not in taken}
        for name in self._found.keys() - now.keys():
            self._catalog.remove(name)
        for name, server in now.items():
            if self._found.get(name) != server:
                hired = hire_found(server.row, self._settings, upstream=self._upstream)
                self._catalog.add(hired.provider, maker=hired.maker)
        self._found = now
