"""`freehold config`: check the configuration, show what is in force, print its schema, or start one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click
import msgspec

from freehold.cli.options import json_option, load_config
from freehold.cli.printing import clean, show_json, show_table
from freehold.ground.errors import InvalidRequest, StorageFailed

FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
def command() -> None:
    """Check, show or start the configuration.

    \b
    Example: freehold config init && freehold config check
    """


@command.command()
@click.argument("file", type=FILE, required=False)
@json_option
def check(*, file: Path | None, as_json: bool) -> int | None:
    """Check a configuration and say everything that is wrong with it.

    \b
    Example: freehold config check freehold.toml

    Exits with 7 if anything is wrong. With --json: {"file", "problems": [{"origin", "key", "what", ...}]}.
    """
    from freehold.app.config import ConfigRejected

    try:
        loaded = load_config(file)
    except ConfigRejected as error:
        if not as_json:
            raise
        show_json({"file": str(file or ""), "problems": error.problems})
        return 7
    name = str(loaded.file) if loaded.file else None
    if as_json:
        show_json({"file": name or "", "problems": []})
    else:
        click.echo(
            f"{name} is in order." if name else "There is no freehold.toml; defaults and environment are in order."
        )
    return None


@command.command()
@click.argument("file", type=FILE, required=False)
@click.option("--all", "everything", is_flag=True, help="Also what is at its default.")
@json_option
def show(*, file: Path | None, everything: bool, as_json: bool) -> None:
    """Show the settings in force and where each comes from. Secrets are not shown.

    \b
    Example: freehold config show --all

    With --json: a list of {"key", "value", "origin"}.
    """
    from freehold.app.config.show import entries

    found = [entry for entry in entries(load_config(file)) if everything or entry.origin != "default"]
    if as_json:
        show_json(found)
    elif found:
        show_table(["key", "value", "from"], [(e.key, _value(e.value), e.origin) for e in found])
    else:
        click.echo("Everything is at its default; `freehold config show --all` lists it.")


@command.command()
def schema() -> None:
    """Print the JSON schema of freehold.toml, for editors.

    \b
    Example: freehold config schema > freehold.schema.json
    """
    from freehold.app.config.schema import json_schema

    click.echo(msgspec.json.format(msgspec.json.encode(json_schema()), indent=2))


@command.command()
@click.argument("file", type=FILE, required=False)
def init(file: Path | None) -> None:
    """Write a commented configuration to start from; never over an existing file.

    \b
    Example: freehold config init

    Without FILE it goes to freehold.toml in Freehold's home.
    """
    from freehold.app.config.starter import starter
    from freehold.ground.paths import home

    path = file or home().root / "freehold.toml"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Private from the start: the user may write a key into it.
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as draft:
            draft.write(starter())
    except FileExistsError as error:
        raise InvalidRequest(f"{path} exists already.", advice="Name another file.") from error
    except OSError as error:
        raise StorageFailed(f"{path} cannot be written: {error.strerror}.") from error
    click.echo(f"Wrote {path}.")


def _value(value: Any) -> str:
    return "-" if value is None else clean(msgspec.json.encode(value).decode())
