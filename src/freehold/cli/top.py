"""`freehold top`: the running gateway, watched live."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

import click
import msgspec

from freehold.cli.options import json_option
from freehold.cli.printing import clean, money, show_json, span
from freehold.cli.status import PAGE, PROVIDER_HEADINGS, provider_line, summary, troubles

if TYPE_CHECKING:
    from rich.console import RenderableType

    from freehold.app.report import KeyBudgetReport, StatusReport
    from freehold.ground.database import Database
    from freehold.words.receipts import Receipt


class Glance(msgspec.Struct, frozen=True, kw_only=True):
    """What is seen at one moment; a line of `top --json`."""

    status: Any
    """A StatusReport."""
    per_second: float
    """Requests a second since the glance before; at the first, as the gateway says."""
    latest: tuple[Any, ...] = ()
    """The newest receipts."""


@click.command()
@click.option(
    "--every", type=click.FloatRange(0.1, 3600), default=1.0, show_default=True, help="Seconds between two looks."
)
@click.option("--once", is_flag=True, help="Look once and end. So it is, too, where the output is no terminal.")
@click.option(
    "--receipts", "count", type=click.IntRange(0, 100), default=8, show_default=True, help="Newest receipts to show."
)
@json_option
def command(*, every: float, once: bool, count: int, as_json: bool) -> None:
    """Watch the running gateway live.

    \b
    Example: freehold top
             freehold top --once --json

    It shows requests, latency, providers, budgets and the newest receipts. With --json: one object a look,
    {"status", "per_second", "latest"}.
    """
    live = sys.stdout.isatty() and not once and not as_json
    if live:
        _watch(every, count)
        return
    before: Glance | None = None
    while True:
        before = look(before, count)
        _print(before, as_json=as_json)
        if once or not as_json:
            return
        time.sleep(every)


def look(before: Glance | None, count: int) -> Glance:
    """One look at the gateway and its record."""
    from freehold.app.report import StatusReport
    from freehold.cli.gateway import need_gateway

    status = need_gateway().get(PAGE, StatusReport)
    return Glance(status=status, per_second=_rate(before, status), latest=_latest(count))


def render(glance: Glance) -> RenderableType:
    """The glance as one screen."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    status: StatusReport = glance.status
    requests = status.requests
    pace = (
        f"{glance.per_second:.1f} requests/s, first byte p50 {span(requests.first_byte_p50)}, "
        f"p99 {span(requests.first_byte_p99)}"
    )
    parts: list[RenderableType] = [Text(line, style="bold") for line in summary(status)]
    parts += [Text(pace), Text(), _table(Table, PROVIDER_HEADINGS, [provider_line(p) for p in status.providers])]
    if status.budgets:
        parts += [Text(), _table(Table, ("key", "budget", "used"), [_budget_line(b) for b in status.budgets])]
    if glance.latest:
        parts += [Text(), _table(Table, _RECEIPT_HEADINGS, [_receipt_line(r) for r in glance.latest])]
    parts += [Text(trouble, style="yellow") for trouble in troubles(status)]
    return Group(*parts)


_RECEIPT_HEADINGS = ("asked", "answered by", "outcome", "took", "cost")


def _watch(every: float, count: int) -> None:
    from rich.live import Live

    glance = look(None, count)
    with Live(render(glance), screen=True, auto_refresh=False) as live:
        while True:
            time.sleep(every)
            glance = look(glance, count)
            live.update(render(glance), refresh=True)


def _print(glance: Glance, *, as_json: bool) -> None:
    if as_json:
        show_json(glance)
        return
    from rich.console import Console

    # Wide enough that nothing is cut: this goes into a pipe or a log.
    console = Console(width=None if sys.stdout.isatty() else 200, highlight=False)
    console.print(render(glance))


def _rate(before: Glance | None, status: StatusReport) -> float:
    if before is None or status.uptime <= before.status.uptime:
        return status.requests.per_second
    earlier: StatusReport = before.status
    return (status.requests.total - earlier.requests.total) / (status.uptime - earlier.uptime)


def _table(kind: Any, headings: tuple[str, ...], rows: list[list[str]]) -> RenderableType:
    from rich.text import Text

    table = kind(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    rendered: RenderableType = table
    return rendered


def _budget_line(budget: KeyBudgetReport) -> list[str]:
    share = budget.used / budget.limit if budget.limit else 1.0
    bar = "#" * round(min(share, 1.0) * 20)
    amount = f"{budget.limit:g} {budget.unit}/{budget.period}"
    return [clean(budget.name), amount, f"[{bar:<20}] {share:.0%}"]


def _receipt_line(receipt: Receipt) -> list[str]:
    answered = "cache" if receipt.cached else f"{receipt.provider}/{receipt.model}" if receipt.provider else "-"
    cells = (receipt.asked, answered, receipt.error or receipt.outcome, span(receipt.seconds), money(receipt.usd))
    return [clean(cell) for cell in cells]


_records: list[Database] = []


def _latest(count: int) -> tuple[Receipt, ...]:
    """The newest receipts; none where the configuration or the database cannot be read from here."""
    from freehold.cli.options import open_records
    from freehold.ground.errors import GiveUp
    from freehold.stack.receipts import ReceiptStore

    if not count:
        return ()
    try:
        if not _records:
            _records.append(open_records(None))
        return tuple(ReceiptStore(_records[0]).recent(limit=count))
    except GiveUp:
        return ()
