"""From a configuration file to Freehold as a library."""

from __future__ import annotations

from pathlib import Path

from freehold.app.abstraction import ComputeAbstractionLayer
from freehold.app.build import House
from freehold.app.config import load
from freehold.ground.paths import home


def open_layer(config: str | None) -> ComputeAbstractionLayer:
    """The abstraction layer over everything that the configuration names. Raises InvalidConfig."""
    loaded = load(Path(config) if config is not None else None)
    return ComputeAbstractionLayer(House(loaded.settings, home()))
