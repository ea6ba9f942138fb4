"""How results look: tables for people, JSON for programs."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any

import click
import msgspec

Rows = Sequence[Sequence[str]]


def show_json(value: Any) -> None:
    """One JSON document on a line of its own."""
    click.echo(msgspec.json.encode(value))


def show_table(headings: Sequence[str], rows: Rows) -> None:
    """Columns as wide as they need to be; the last one runs free. Numbers are up to the caller."""
    if not rows:
        return
    everything = [headings, *rows]
    widths = [max(len(row[index]) for row in everything) for index in range(len(headings) - 1)]
    for number, row in enumerate(everything):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        line = "  ".join([*cells, row[-1]]).rstrip()
        click.secho(line, bold=True) if number == 0 and sys.stdout.isatty() else click.echo(line)


def money(usd: float | None) -> str:
    """Dollars with as many digits as they need; "?" where unknown."""
    if usd is None:
        return "?"
    return f"${usd:.2f}" if usd == 0 or usd >= 1 else f"${usd:.6f}".rstrip("0").ljust(4, "0")


def span(seconds: float | None) -> str:
    """A span of time for people."""
    if seconds is None:
        return "-"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 120:
        return f"{seconds:.1f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 172_800 else f"{seconds / 86_400:.0f} d"


def moment(seconds: float | None) -> str:
    """A time of day here; with its date where that is not today."""
    if seconds is None:
        return "-"
    then, today = time.localtime(seconds), time.localtime()
    return time.strftime("%H:%M:%S" if then[:3] == today[:3] else "%Y-%m-%d %H:%M", then)


def size(count: int | None) -> str:
    """Bytes for people."""
    if count is None:
        return "?"
    amount = float(count)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def clean(text: str) -> str:
    """`text` without anything that could steer a terminal: it may come from a client or a provider."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)
