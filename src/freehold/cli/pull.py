"""`freehold pull`: bring weights here, whole and as pinned, with a progress bar."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from freehold.cli.options import json_option
from freehold.cli.printing import show_json, size

if TYPE_CHECKING:
    from freehold.compute.models.manifest import Installed
    from freehold.compute.models.progress import Progress


@click.command()
@click.argument("what", nargs=-1)
@click.option("--starter", is_flag=True, help="Bring the small set that a fresh machine starts with.")
@click.option("--sha256", default="", help="The digest the file must have; needed for a URL.")
@click.option("--name", default="", help="What to call a model from a hub, a URL or a path.")
@click.option("--remove", is_flag=True, help="Remove the named models from this machine instead.")
@json_option
def command(*, what: tuple[str, ...], starter: bool, sha256: str, name: str, remove: bool, as_json: bool) -> None:
    """Bring a model's weights to this machine.

    \b
    Example: freehold pull smollm2-135m-instruct
             freehold pull hf:owner/repository/file.gguf
             freehold pull ./mine.gguf --name mine

    WHAT is a name that `freehold models --pullable` lists, a file on a hub, a URL, or a path. An interrupted pull goes on
    where it stopped. With --json: a list of {"manifest", "directory"}.
    """
    names = [*what, *(_starters() if starter else ())]
    if not names:
        raise click.UsageError("Name a model, or use --starter.")
    if len(names) > 1 and (sha256 or name):
        raise click.UsageError("--sha256 and --name are for one model at a time.")
    if remove:
        _remove(names)
        return
    done = _pull(names, sha256, name, quiet=as_json)
    if as_json:
        show_json([{"manifest": model.manifest, "directory": str(model.directory)} for model in done])


def _pull(names: list[str], sha256: str, name: str, *, quiet: bool) -> list[Installed]:
    from freehold.compute.models.pull import pull
    from freehold.ground.paths import home

    done = []
    with _progress() as progress:
        for wanted in names:
            done.append(pull(wanted, home(), sha256=sha256, name=name, progress=progress))
    for model in [] if quiet else done:
        total = sum(record.size for record in model.manifest.files.values())
        click.echo(f"{model.name} is here ({size(total)}).")
    return done


def _remove(names: list[str]) -> None:
    from freehold.compute.models.pull import remove
    from freehold.ground.paths import home

    for name in names:
        click.echo(f"{name} is removed." if remove(home(), name) else f"{name} was not here.")


def _starters() -> Iterator[str]:
    from importlib.util import find_spec

    from freehold.compute.models.catalog import starters

    extras = frozenset({"speech"} if find_spec("faster_whisper") else ())
    return (entry.name for entry in starters(extras=extras))


@contextmanager
def _progress() -> Iterator[Progress]:
    """A bar for each file on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda file, done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        tasks = {}

        def show(file: str, done: int, total: int | None) -> None:
            if file not in tasks:
                tasks[file] = bars.add_task(file, total=total)
            bars.update(tasks[file], completed=done, total=total)

        yield show
