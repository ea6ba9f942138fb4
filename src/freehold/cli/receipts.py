"""`freehold receipts`: the record of every request, read straight from the database."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from freehold.cli.options import config_option, json_option, open_records
from freehold.cli.printing import clean, moment, money, show_json, show_table, span
from freehold.cli.terms import span as read_span

if TYPE_CHECKING:
    from freehold.ground.database import Database
    from freehold.stack.receipts import ReceiptFilter, ReceiptStore, Total
    from freehold.words.receipts import Receipt

FOLLOW_SECONDS = 0.5
HEADINGS = ("time", "id", "asked", "answered by", "outcome", "tries", "tokens", "cost", "took")
GROUPS = ("owner", "provider", "model", "layer", "place", "outcome", "day")


@click.group(invoke_without_command=True)
@click.option(
    "-n", "--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="How many, newest first."
)
@click.option("--owner", help="Only those of this key: its id or name.")
@click.option("--provider", help="Only those answered by this provider.")
@click.option("--model", help="Only those answered by this model.")
@click.option("--asked", help="Only those that asked for this model.")
@click.option(
    "--outcome", type=click.Choice(["ok", "failed", "refused", "cancelled"]), help="Only those that ended so."
)
@click.option("--since", type=read_span, metavar="SPAN", help="Only those of the last span: 15m, 2h, 7d.")
@click.option("--follow", is_flag=True, help="Go on showing new ones until interrupted.")
@click.option("--totals", type=click.Choice(GROUPS), help="Sums by this, instead of single receipts.")
@json_option
@config_option
@click.pass_context
def command(
    context: click.Context,
    /,
    *,
    limit: int,
    follow: bool,
    totals: str | None,
    as_json: bool,
    config: Path | None,
    **filters: Any,
) -> None:
    """Show what was asked, who answered, and what it cost.

    \b
    Example: freehold receipts --since 1h --outcome failed
             freehold receipts --totals provider --since 30d
             freehold receipts show ID

    With --json: one receipt a line, the oldest first; with --totals, one sum a line.
    """
    context.obj = config
    if context.invoked_subcommand is not None:
        return
    if follow and totals:
        raise click.UsageError("--follow and --totals do not go together.")
    from freehold.stack.receipts import Group, ReceiptStore

    database = open_records(config)
    wanted = _filter(database, filters)
    store = ReceiptStore(database)
    if totals:
        _show_totals(store.totals(Group(totals), wanted, limit=limit), totals, as_json=as_json)
        return
    recent = list(reversed(store.recent(wanted, limit=limit)))
    _show(recent, as_json=as_json)
    if follow:
        with suppress(KeyboardInterrupt):  # the usual way to end it
            _follow(store, wanted, recent, as_json=as_json)


@command.command()
@click.argument("id")
@json_option
@click.pass_obj
def show(config: Path | None, /, *, id: str, as_json: bool) -> None:
    """Show one receipt with every attempt.

    \b
    Example: freehold receipts show req_0123456789abcdef01234567
    """
    from freehold.stack.receipts import ReceiptStore

    receipt = ReceiptStore(open_records(config)).get(id)
    if as_json:
        show_json(receipt)
        return
    for name, value in _facts(receipt):
        click.echo(f"{name:<12} {clean(value)}")
    if receipt.attempts:
        click.echo()
        rows = [
            (
                str(number),
                f"{a.provider}/{a.model}",
                a.outcome,
                a.error or "-",
                str(a.status or "-"),
                span(a.seconds),
                money(a.usd),
            )
            for number, a in enumerate(receipt.attempts, start=1)
        ]
        show_table(
            ["try", "offer", "outcome", "error", "status", "took", "cost"], [[clean(c) for c in row] for row in rows]
        )


def _filter(database: Database, filters: dict[str, Any]) -> ReceiptFilter:
    from freehold.stack.keys import KeyStore
    from freehold.stack.receipts import ReceiptFilter
    from freehold.words.receipts import Outcome

    stated = {name: value for name, value in filters.items() if value is not None}
    if "since" in stated:
        stated["since"] = time.time() - stated["since"]
    if "owner" in stated:
        stated["owner"] = KeyStore(database).get(stated["owner"]).id
    if "outcome" in stated:
        stated["outcome"] = Outcome(stated["outcome"])
    return ReceiptFilter(**stated)


def _follow(store: ReceiptStore, wanted: ReceiptFilter, shown: list[Receipt], *, as_json: bool) -> None:
    last = shown[-1].id if shown else ""
    while True:
        time.sleep(FOLLOW_SECONDS)
        found = store.recent(wanted, limit=1000, after=last)
        for receipt in reversed(found):
            show_json(receipt) if as_json else click.echo("  ".join(_line(receipt)))
            last = receipt.id


def _show(receipts: list[Receipt], *, as_json: bool) -> None:
    if as_json:
        for receipt in receipts:
            show_json(receipt)
        return
    show_table(HEADINGS, [_line(receipt) for receipt in receipts])


def _line(receipt: Receipt) -> list[str]:
    answered = "cache" if receipt.cached else f"{receipt.provider}/{receipt.model}" if receipt.provider else "-"
    outcome = receipt.outcome if not receipt.error else f"{receipt.outcome}: {receipt.error}"
    cells = (
        moment(receipt.time),
        receipt.id,
        receipt.asked,
        answered,
        outcome,
        str(len(receipt.attempts)),
        str(receipt.usage.total),
        money(receipt.usd),
        span(receipt.seconds),
    )
    return [clean(cell) for cell in cells]


def _facts(receipt: Receipt) -> Iterator[tuple[str, str]]:
    usage, energy = receipt.usage, receipt.energy
    yield "id", receipt.id
    yield "time", moment(receipt.time)
    yield "key", receipt.owner or "-"
    yield "asked", f"{receipt.asked} ({receipt.dialect})"
    yield "outcome", f"{receipt.outcome}{f': {receipt.error}' if receipt.error else ''}"
    yield "answered by", f"{receipt.provider}/{receipt.model}" if receipt.provider else "-"
    yield "where", f"{receipt.place or '-'}, layer {'-' if receipt.layer is None else receipt.layer}"
    yield (
        "tokens",
        (
            f"{usage.input} in, {usage.cache_read} from cache, {usage.cache_write} to cache, "
            f"{usage.output} out, {usage.reasoning} reasoning{' (estimated)' if usage.estimated else ''}"
        ),
    )
    yield "cost", money(receipt.usd)
    yield "energy", "-" if energy is None else f"{energy.joules:.3g} J ({energy.basis})"
    yield "first byte", span(receipt.first_byte)
    yield "took", span(receipt.seconds)


def _show_totals(totals: list[Total], by: str, *, as_json: bool) -> None:
    if as_json:
        for total in totals:
            show_json(total)
        return
    rows = [
        (
            _group(total.group, by),
            str(total.requests),
            str(total.ok),
            str(total.cached),
            str(total.input + total.cache_read + total.cache_write),
            str(total.output + total.reasoning),
            money(total.usd) + (f" + {total.unpriced} unpriced" if total.unpriced else ""),
        )
        for total in totals
    ]
    show_table([by, "requests", "ok", "cached", "tokens in", "tokens out", "cost"], rows)


def _group(group: str | int | None, by: str) -> str:
    if by == "day" and isinstance(group, int):
        return time.strftime("%Y-%m-%d", time.gmtime(group * 86_400))
    return "-" if group in (None, "") else clean(str(group))
