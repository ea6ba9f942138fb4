"""The installed models, looked up often: the directory is read again only when it has changed."""

from __future__ import annotations

from collections.abc import Mapping

from freehold.compute.models.manifest import Installed, Kind, installed
from freehold.ground.paths import Home


class Zoo:
    """What is installed of one kind."""

    def __init__(self, home: Home, kind: Kind) -> None:
        self._home = home
        self._directory = home.models
        self._kind = kind
        self._stamp = -1
        self._models: dict[str, Installed] = {}

    def models(self) -> Mapping[str, Installed]:
        """By name."""
        stamp = self._directory.stat().st_mtime_ns
        if stamp != self._stamp:
            found = installed(self._home)
            self._models = {model.name: model for model in found if model.manifest.kind is self._kind}
            self._stamp = stamp
        return self._models
