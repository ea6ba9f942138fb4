"""`freehold models`: what can be asked for, what could be pulled, and which providers are known."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from freehold.cli.options import config_option, json_option
from freehold.cli.printing import clean, show_json, show_table, size

if TYPE_CHECKING:
    from freehold.words.offers import Offer


class KnownProvider(msgspec.Struct, frozen=True, kw_only=True):
    """An element of `models --providers --json`."""

    name: str
    title: str
    place: str
    key_variables: tuple[str, ...]
    key_set: bool
    """Whether one of the variables is set here."""


class Pullable(msgspec.Struct, frozen=True, kw_only=True):
    """An element of `models --pullable --json`."""

    name: str
    task: str
    size: int | None
    licence: str
    about: str
    installed: bool


@click.command()
@click.option(
    "--providers", is_flag=True, help="List the providers that Freehold knows, and the variable for each key."
)
@click.option("--pullable", is_flag=True, help="List the models that `freehold pull` knows by name.")
@json_option
@config_option
def command(*, providers: bool, pullable: bool, as_json: bool, config: Path | None) -> None:
    """List the models there are.

    \b
    Example: freehold models
             freehold models --pullable

    Any of them can be named as provider/model, or by the model alone. With --json: a list of offers.
    """
    if providers and pullable:
        raise click.UsageError("--providers and --pullable are two different lists.")
    if providers:
        _show_providers(as_json=as_json)
    elif pullable:
        _show_pullable(as_json=as_json)
    else:
        _show_offers(asyncio.run(_offers(config)), as_json=as_json)


async def _offers(config: Path | None) -> tuple[Offer, ...]:
    import freehold
    from freehold.words.offers import Place

    async with freehold.open(str(config) if config else None) as layer:
        plan = layer.explain("auto", "")
    offers = [choice.offer for choice in plan.choices] + [rejected.offer for rejected in plan.rejected]
    return tuple(sorted(offers, key=lambda offer: (tuple(Place).index(offer.place), offer.name)))


def _show_offers(offers: tuple[Offer, ...], *, as_json: bool) -> None:
    if as_json:
        show_json(offers)
        return
    if not offers:
        click.echo("There are none yet. Bring one with `freehold pull`, or set a provider's key.")
    rows = [
        (
            clean(offer.name),
            str(int(offer.layer)),
            offer.place,
            str(offer.context or "?"),
            _price(offer),
            _abilities(offer),
        )
        for offer in offers
    ]
    show_table(["model", "layer", "place", "context", "$ per M in/out", "can do"], rows)


def _price(offer: Offer) -> str:
    if offer.price is None or offer.price.input is None or offer.price.output is None:
        return "?"
    return f"{offer.price.input:g}/{offer.price.output:g}"


def _abilities(offer: Offer) -> str:
    return ", ".join(sorted(offer.capabilities))


def _show_providers(*, as_json: bool) -> None:
    from freehold.compute.rows import load_rows

    known = [
        KnownProvider(
            name=row.name,
            title=row.title,
            place=row.place,
            key_variables=row.key_env,
            key_set=any(os.environ.get(name) for name in row.key_env),
        )
        for row in load_rows().values()
    ]
    if as_json:
        show_json(known)
        return
    rows = [
        (p.name, p.place, " or ".join(p.key_variables) or "-", "yes" if p.key_set else "no", p.title) for p in known
    ]
    show_table(["provider", "place", "key variable", "set", ""], rows)


def _show_pullable(*, as_json: bool) -> None:
    from freehold.compute.models.catalog import catalog
    from freehold.compute.models.manifest import installed
    from freehold.ground.paths import home

    present = {model.name for model in installed(home())}
    known = [
        Pullable(
            name=entry.name,
            task=entry.task,
            size=entry.size,
            licence=entry.licence,
            about=entry.about,
            installed=entry.name in present,
        )
        for entry in catalog().values()
    ]
    if as_json:
        show_json(known)
        return
    rows = [
        (
            entry.name,
            entry.task,
            size(entry.size),
            entry.licence or "?",
            "yes" if entry.installed else "no",
            entry.about,
        )
        for entry in known
    ]
    show_table(["name", "task", "size", "licence", "here", ""], rows)
