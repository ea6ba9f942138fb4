"""`freehold explain`: who would be asked, in which order, and why not the others. Asks nobody."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from freehold.cli.options import config_option, json_option
from freehold.cli.printing import clean, show_json, show_table

if TYPE_CHECKING:
    from freehold.stack.selection import Plan


@click.command()
@click.argument("question", required=False, default="")
@click.option("--model", default="auto", show_default=True, help="Model, alias, or auto.")
@click.option("--privacy", type=click.Choice(["local", "own", "any"]), default="any", help="How far it may travel.")
@click.option("--max-usd", type=click.FloatRange(min=0), help="Most money the answer may cost.")
@click.option("--region", help="Only offers whose region starts with this.")
@click.option("--max-retention-days", type=click.IntRange(min=0), help="Most days that data may be kept.")
@click.option("--needs", multiple=True, help="A capability the model must have: tools, vision, ...")
@json_option
@config_option
def command(
    *, question: str, model: str, as_json: bool, config: Path | None, needs: tuple[str, ...], **limits: Any
) -> None:
    """Show who would be asked, in which order, and why.

    \b
    Example: freehold explain "What is 2 + 2?" --privacy local

    With --json: {"choices": [{"offer", "rank", "why"}], "rejected": [{"offer", "why"}]}.
    """
    plan = asyncio.run(_plan(question, model, {**limits, "capabilities": needs}, config))
    show_json(plan) if as_json else _show(plan)


async def _plan(question: str, model: str, limits: dict[str, Any], config: Path | None) -> Plan:
    import msgspec

    import freehold
    from freehold import ComputeRequirements
    from freehold.ground.errors import InvalidRequest

    try:
        requirements = msgspec.convert(limits, ComputeRequirements)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"Not a requirement: {error}.") from error
    async with freehold.open(str(config) if config else None) as layer:
        return layer.explain(model, question, requirements)


def _show(plan: Plan) -> None:
    if plan.choices:
        click.echo("Asked in this order; those with the same number share the load:\n")
        rows = [
            (str(c.rank + 1), clean(c.offer.name), f"{int(c.offer.layer)}", c.offer.place, c.why) for c in plan.choices
        ]
        show_table(["", "offer", "layer", "place", "why"], rows)
    else:
        click.echo("Nobody here can answer that.")
    if plan.rejected:
        click.echo("\nNot asked:\n")
        show_table(
            ["offer", "why not"], [(clean(rejected.offer.name), clean(rejected.why)) for rejected in plan.rejected]
        )
