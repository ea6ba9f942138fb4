"""`freehold top`: the running gateway, watched live."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click
import msgspec

from freehold.cli.options import json_option
from freehold.cli.printing import clean, money, show_json, span
from freehold.cli.status import PAGE, PROVIDER_HEADINGS, provider_line, summary, troubles

if TYPE_CHECKING:
    from rich.console import RenderableType

    from freehold.app.report import StatusReport
    from freehold.cli.budgets import Budget
    from freehold.ground.database import Database
    from freehold.words.receipts import Receipt


class Glance(msgspec.Struct, frozen=True, kw_only=True):
    """What is seen at one moment; a line of `top --json`."""

    status: Any
    """A StatusReport."""
    per_second: float
    """Requests a second since the glance before; at the first, as the gateway says."""
    budgets: tuple[Any, ...] = ()
    """Of every key that has one."""
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
    {"status", "per_second", "budgets", "latest"}.
    """
    live = sys.stdout.isatty() and not once and not as_json
    with suppress(KeyboardInterrupt):  # the usual way to end it
        if live:
            _watch(every, count)
        else:
            _follow(every, count, once=once or not as_json, as_json=as_json)


def look(records: _Records, before: Glance | None, count: int) -> Glance:
    """One look at the gateway and its record."""
    from freehold.app.report import StatusReport
    from freehold.cli.gateway import need_gateway

    status = need_gateway().get(PAGE, StatusReport)
    budgets, latest = records.read(count)
    return Glance(status=status, per_second=_rate(before, status), budgets=budgets, latest=latest)


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
    if glance.budgets:
        from freehold.cli.budgets import BUDGET_HEADINGS, budget_line

        lines = [[clean(cell) for cell in budget_line(budget)] for budget in glance.budgets]
        parts += [Text(), _table(Table, BUDGET_HEADINGS, lines)]
    if glance.latest:
        parts += [Text(), _table(Table, _RECEIPT_HEADINGS, [_receipt_line(r) for r in glance.latest])]
    parts += [Text(trouble, style="yellow") for trouble in troubles(status)]
    return Group(*parts)


_RECEIPT_HEADINGS = ("asked", "answered by", "outcome", "took", "cost")


def _watch(every: float, count: int) -> None:
    from rich.live import Live

    records = _Records()
    glance = look(records, None, count)
    with Live(render(glance), screen=True, auto_refresh=False) as live:
        while True:
            time.sleep(every)
            glance = look(records, glance, count)
            live.update(render(glance), refresh=True)


def _follow(every: float, count: int, *, once: bool, as_json: bool) -> None:
    records, glance = _Records(), None
    while True:
        glance = look(records, glance, count)
        _print(glance, as_json=as_json)
        if once:
            return
        time.sleep(every)


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


def _receipt_line(receipt: Receipt) -> list[str]:
    answered = "cache" if receipt.cached else f"{receipt.provider}/{receipt.model}" if receipt.provider else "-"
    cells = (receipt.asked, answered, receipt.error or receipt.outcome, span(receipt.seconds), money(receipt.usd))
    return [clean(cell) for cell in cells]


class _Records:
    """The database, opened at the first look; nothing where it, or the configuration, cannot be read from here."""

    def __init__(self) -> None:
        self._database: Database | None = None

    def read(self, count: int) -> tuple[tuple[Budget, ...], tuple[Receipt, ...]]:
        """Budgets of the keys in use, and the newest receipts."""
        from freehold.cli.budgets import budgets
        from freehold.cli.options import open_records
        from freehold.ground.errors import GiveUp
        from freehold.stack.keys import KeyStore
        from freehold.stack.receipts import ReceiptStore

        try:
            database = self._database = self._database or open_records(None)
            keys = [key for key in KeyStore(database).all() if key.revoked is None]
            latest = ReceiptStore(database).recent(limit=count) if count else []
            return tuple(budgets(database, keys)), tuple(latest)
        except GiveUp:
            return (), ()
