"""`freehold keys`: keys for whoever uses this gateway.

They live in its database; a running gateway notices a change within a second.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from freehold.cli.options import config_option, json_option, open_records
from freehold.cli.printing import clean, moment, show_json, show_table
from freehold.cli.terms import allowance, span

if TYPE_CHECKING:
    from freehold.stack.allowances.terms import Allowance
    from freehold.stack.keys import VirtualKey


@click.group()
def command() -> None:
    """Make, list and revoke keys for this gateway.

    \b
    Example: freehold keys create alice --budget 5usd/day --limit 60req/min --models 'gpt-*,local/*'
    """


@command.command()
@click.argument("name")
@click.option(
    "--budget",
    "budgets",
    type=allowance("usd"),
    metavar="AMOUNT/PERIOD",
    multiple=True,
    help="Most money: 5usd/day, 100usd/month.",
)
@click.option(
    "--tokens", type=allowance("tokens"), metavar="AMOUNT/PERIOD", multiple=True, help="Most tokens: 1M/month, 50k/min."
)
@click.option(
    "--limit",
    "limits",
    type=allowance("requests"),
    metavar="AMOUNT/PERIOD",
    multiple=True,
    help="Most requests: 60req/min, 1k/day.",
)
@click.option("--models", default="", help="Patterns of what it may ask for, separated by commas. Default: everything.")
@click.option(
    "--privacy", type=click.Choice(["local", "own", "any"]), default="any", help="How far its requests may travel."
)
@click.option("--expires", type=span, metavar="SPAN", help="Ends by itself after this long: 12h, 30d.")
@click.option("--tenant", default="", help="A label to group keys by.")
@json_option
@config_option
def create(
    *,
    name: str,
    budgets: tuple[Allowance, ...],
    tokens: tuple[Allowance, ...],
    limits: tuple[Allowance, ...],
    models: str,
    privacy: str,
    expires: float | None,
    tenant: str,
    as_json: bool,
    config: Path | None,
) -> None:
    """Make a key called NAME. Its secret is shown once and never again.

    \b
    Example: freehold keys create alice --budget 5usd/day --limit 60req/min --tokens 1M/month

    With --json: {"key": {...}, "secret"}.
    """
    from freehold.stack.keys import KeyStore
    from freehold.words.asks import Privacy

    made = KeyStore(open_records(config)).create(
        name,
        expires=None if expires is None else time.time() + expires,
        models=tuple(part.strip() for part in models.split(",") if part.strip()),
        allowances=(*budgets, *tokens, *limits),
        tenant=tenant,
        privacy=Privacy(privacy),
    )
    if as_json:
        show_json(made)
        return
    click.echo(made.secret)
    click.echo("This is the only time it is shown. Send it as `Authorization: Bearer ...`.", err=True)


@command.command("list")
@click.option("--all", "everything", is_flag=True, help="Also those revoked or expired.")
@json_option
@config_option
def list_keys(*, everything: bool, as_json: bool, config: Path | None) -> None:
    """List the keys.

    \b
    Example: freehold keys list --all

    With --json: a list of keys; times are seconds since the epoch.
    """
    from freehold.stack.keys import KeyStore

    keys = [key for key in KeyStore(open_records(config)).all() if everything or _state(key) == "in use"]
    if as_json:
        show_json(keys)
    elif keys:
        rows = [(key.id, key.name, f"{key.prefix}...", _state(key), moment(key.created), _terms(key)) for key in keys]
        show_table(["id", "name", "secret", "state", "made", "may"], [[clean(cell) for cell in row] for row in rows])
    else:
        click.echo("There are no keys. Make one with `freehold keys create NAME`.")


@command.command()
@click.argument("key")
@json_option
@config_option
def show(*, key: str, as_json: bool, config: Path | None) -> None:
    """Show the key with that id or name, and how far its budgets are used up.

    \b
    Example: freehold keys show alice

    With --json: {"key": {...}, "budgets": [{"unit", "period", "limit", "used", "held", "ends"}]}.
    """
    from freehold.cli.budgets import BUDGET_HEADINGS, budget_line, budgets
    from freehold.stack.keys import KeyStore

    database = open_records(config)
    found = KeyStore(database).get(key)
    used = budgets(database, [found])
    if as_json:
        show_json({"key": found, "budgets": used})
        return
    facts = {
        "id": found.id,
        "name": found.name,
        "secret": f"{found.prefix}...",
        "state": _state(found),
        "made": moment(found.created),
        "expires": moment(found.expires),
        "may": _terms(found),
        "tenant": found.tenant or "-",
    }
    for name, value in facts.items():
        click.echo(f"{name:<8} {clean(value)}")
    if used:
        click.echo()
        show_table(BUDGET_HEADINGS, [[clean(cell) for cell in budget_line(budget)] for budget in used])


@command.command()
@click.argument("key")
@json_option
@config_option
def revoke(*, key: str, as_json: bool, config: Path | None) -> None:
    """End the key with that id or name, for ever.

    \b
    Example: freehold keys revoke alice
    """
    from freehold.stack.keys import KeyStore

    ended = KeyStore(open_records(config)).revoke(key)
    show_json(ended) if as_json else click.echo(f"The key {clean(ended.name)} ({ended.id}) is revoked.")


def _state(key: VirtualKey) -> str:
    if key.revoked is not None:
        return "revoked"
    return "expired" if key.expires is not None and key.expires <= time.time() else "in use"


def _terms(key: VirtualKey) -> str:
    """What the key may do, in one line."""
    parts: list[Any] = [f"{_amount(a)}/{a.period}" for a in key.allowances]
    parts += [f"models {', '.join(key.models)}"] if key.models else []
    parts += [f"privacy {key.privacy}"] if key.privacy != "any" else []
    return "; ".join(parts) or "everything"


def _amount(allowance: Allowance) -> str:
    return f"${allowance.limit:,g}" if allowance.unit == "usd" else f"{allowance.limit:,.0f} {allowance.unit}"
