"""Receipts read back: the latest, one by its id, and sums over groups. Blocks; not for the event loop."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from freehold.ground.database import Database, Row, Value
from freehold.ground.errors import NotFound
from freehold.ground.units import Joules, Seconds, Usd, dollars
from freehold.stack.receipts.rows import COLUMNS, receipt_of
from freehold.words.receipts import Outcome, Receipt

MAX_LIMIT = 10_000
_SELECT = f"SELECT {', '.join(COLUMNS)} FROM receipts"  # noqa: S608


class ReceiptFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which receipts; None means any."""

    owner: str | None = None
    provider: str | None = None
    model: str | None = None
    asked: str | None = None
    outcome: Outcome | None = None
    layer: int | None = None
    since: float | None = None
    """Arrived at this time or later: seconds since the epoch."""
    until: float | None = None
    """Arrived before this time."""


ANY = ReceiptFilter()


class Group(StrEnum):
    """What sums are grouped by."""

    OWNER = "owner"
    PROVIDER = "provider"
    MODEL = "model"
    LAYER = "layer"
    PLACE = "place"
    OUTCOME = "outcome"
    DAY = "day"
    """Days since the epoch, UTC."""


class Total(msgspec.Struct, frozen=True, kw_only=True):
    """The sum over one group."""

    group: str | int | None
    requests: int
    ok: int
    cached: int
    usd: Usd
    """Over the receipts whose cost is known."""
    unpriced: int
    """Receipts whose cost is unknown."""
    input: int
    cache_read: int
    cache_write: int
    output: int
    reasoning: int
    joules: Joules
    """Over the receipts whose energy is known."""
    seconds: Seconds


_SUMS = """
    count(*),
    CAST(sum(CASE WHEN outcome = 'ok' THEN 1 ELSE 0 END) AS BIGINT),
    CAST(sum(CASE WHEN cached THEN 1 ELSE 0 END) AS BIGINT),
    CAST(coalesce(sum(nano_usd), 0) AS BIGINT),
    CAST(sum(CASE WHEN nano_usd IS NULL THEN 1 ELSE 0 END) AS BIGINT),
    CAST(sum(input) AS BIGINT),
    CAST(sum(cache_read) AS BIGINT),
    CAST(sum(cache_write) AS BIGINT),
    CAST(sum(output) AS BIGINT),
    CAST(sum(reasoning) AS BIGINT),
    coalesce(sum(joules), 0.0),
    sum(seconds)
"""


class ReceiptStore:
    """Questions to the receipts in `database`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def recent(
        self, wanted: ReceiptFilter = ANY, *, limit: int = 50, after: str = "", before: str = ""
    ) -> list[Receipt]:
        """The latest receipts, newest first, at most `limit` (and 10 000).

        `after` and `before` are ids of receipts: only those recorded later, or earlier. With `after`, the oldest of them
        come if there are more than `limit`, so that whoever follows misses none. Raises NotFound for an unknown id.
        """
        conditions, values = _conditions(wanted)
        for id, sign in ((after, ">"), (before, "<")):
            if id:
                conditions.append(f"sequence {sign} ?")
                values.append(self._sequence(id))
        order = "ASC" if after else "DESC"
        rows = self._database.query(
            f"{_SELECT}{_where(conditions)} ORDER BY sequence {order} LIMIT ?", [*values, min(limit, MAX_LIMIT)]
        )
        return [receipt_of(row) for row in (reversed(rows) if after else rows)]

    def get(self, id: str) -> Receipt:
        """The receipt with that id. Raises NotFound."""
        rows = self._database.query(f"{_SELECT} WHERE id = ?", (id,))
        if not rows:
            raise _unknown(id)
        return receipt_of(rows[0])

    def totals(self, by: Group, wanted: ReceiptFilter = ANY, *, limit: int = 1000) -> list[Total]:
        """Sums per group, the most requests first; days in order of time, newest first."""
        conditions, values = _conditions(wanted)
        group = "CAST(floor(time / 86400) AS BIGINT)" if by is Group.DAY else by.value
        order = "1 DESC" if by is Group.DAY else "2 DESC, 1"
        rows = self._database.query(
            f"SELECT {group}, {_SUMS} FROM receipts{_where(conditions)} GROUP BY 1 ORDER BY {order} LIMIT ?",  # noqa: S608
            [*values, min(limit, MAX_LIMIT)],
        )
        return [_total(row) for row in rows]

    def _sequence(self, id: str) -> int:
        rows = self._database.query("SELECT sequence FROM receipts WHERE id = ?", (id,))
        if not rows:
            raise _unknown(id)
        return int(rows[0][0])


def _conditions(wanted: ReceiptFilter) -> tuple[list[str], list[Value]]:
    conditions: list[str] = []
    values: list[Value] = []
    for name in wanted.__struct_fields__:
        value: Any = getattr(wanted, name)
        if value is not None:
            conditions.append({"since": "time >= ?", "until": "time < ?"}.get(name, f"{name} = ?"))
            values.append(value)
    return conditions, values


def _where(conditions: list[str]) -> str:
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


def _total(row: Row) -> Total:
    fields = dict(zip(Total.__struct_fields__, row, strict=True))
    return Total(**fields | {"usd": dollars(fields["usd"])})


def _unknown(id: str) -> NotFound:
    return NotFound(f"There is no receipt {id[:80]!r}.", advice="List what there is with `freehold receipts`.")
