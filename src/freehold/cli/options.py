"""Options that several commands share, each with the same meaning everywhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from freehold.app.config import Loaded
    from freehold.ground.database import Database

Function = TypeVar("Function", bound=Callable[..., Any])

json_option: Callable[[Function], Function] = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON, for programs."
)
config_option: Callable[[Function], Function] = click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The configuration file. Default: $FREEHOLD_CONFIG, ./freehold.toml, then the one in Freehold's home.",
)


def load_config(config: Path | None) -> Loaded:
    """The settings in force. Raises InvalidConfig."""
    from freehold.app.config import load

    return load(config)


def open_records(config: Path | None) -> Database:
    """The database of keys and receipts, its schema up to date."""
    from freehold.ground.database import open_database
    from freehold.ground.database.schema import migrate
    from freehold.ground.paths import home

    database = open_database(load_config(config).settings.receipts.database or home().state / "freehold.db")
    migrate(database)
    return database
