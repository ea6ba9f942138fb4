"""Slices of allowances, handed out by the database.

One row per owner and allowance says how much of its latest window is `charged`. A worker draws a slice, and spends it in
memory. From that moment the whole slice counts as spent, until the worker gives back what it did not use. A worker that
dies gives nothing back. So without heartbeats, leases or clocks to compare, what is counted is never less than what was
spent, and more by at most one slice per death.

Windows only go forward: a row never returns to an earlier one, whatever a worker's clock says.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from freehold.ground.database import Database
from freehold.stack.allowances.terms import LARGEST

_OPEN = """
    INSERT INTO spending (owner, allowance, window_number, charged, used) VALUES (?, ?, ?, 0, 0)
    ON CONFLICT (owner, allowance) DO UPDATE SET
        charged = CASE WHEN excluded.window_number > spending.window_number THEN 0 ELSE spending.charged END,
        used = CASE WHEN excluded.window_number > spending.window_number THEN 0 ELSE spending.used END,
        window_number = CASE WHEN excluded.window_number > spending.window_number
            THEN excluded.window_number ELSE spending.window_number END
"""
"""Also locks the row until the transaction ends."""
_READ = "SELECT window_number, charged FROM spending WHERE owner = ? AND allowance = ?"
_CHARGE = """
    UPDATE spending SET charged = charged + ?
    WHERE owner = ? AND allowance = ? AND window_number = ? AND charged + ? <= ?
"""
_REPORT = """
    UPDATE spending SET used = used + ?, charged = charged + ?
    WHERE owner = ? AND allowance = ? AND window_number = ?
"""


class Draw(msgspec.Struct, frozen=True, kw_only=True):
    """A wish for a slice of the allowance `name`, in `window` or a later one that has begun elsewhere."""

    name: str
    window: int
    limit: int
    least: int
    """With less than this nobody is helped: then nothing is granted."""
    wanted: int
    """What is needed now."""
    reserve: int
    """What may come on top; less is given as the limit comes near, so that other workers find something too."""


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """What was granted."""

    window: int
    granted: int
    left: int
    """What the window still has, for anyone to draw."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What became of slices: `used` is told for people to read; `charged` is given back (negative) or was overdrawn."""

    owner: str
    name: str
    window: int
    used: int
    charged: int

    def plus(self, other: Report) -> Report:
        """Both as one; they are about the same window."""
        return msgspec.structs.replace(self, used=self.used + other.used, charged=self.charged + other.charged)


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """How far an allowance is used up in its latest window, in nano-dollars, tokens or requests."""

    owner: str
    name: str
    window: int
    used: int
    """What workers have told, some seconds late at most."""
    charged: int
    """What counts against the limit: besides, what workers hold in hand or died with."""


def draw(database: Database, owner: str, draws: Sequence[Draw]) -> dict[str, Slice]:
    """Draw slices, all in one transaction; by the allowance's name."""
    with database.transaction():
        # Everyone locks rows in the same order, so that nobody waits in a circle.
        return {each.name: _draw(database, owner, each) for each in sorted(draws, key=lambda each: each.name)}


def _draw(database: Database, owner: str, wish: Draw) -> Slice:
    database.execute(_OPEN, (owner, wish.name, wish.window))
    window, charged = database.query(_READ, (owner, wish.name))[0]
    room = max(0, wish.limit - charged)
    granted = _granted(wish, room)
    if granted and not database.execute(_CHARGE, (granted, owner, wish.name, window, granted, wish.limit)):
        granted = 0
    return Slice(window=window, granted=granted, left=room - granted)


def _granted(wish: Draw, room: int) -> int:
    if room < wish.least:
        return 0
    needed = min(room, wish.wanted)
    return needed + min(wish.reserve, (room - needed) // 4)


def report(database: Database, reports: Sequence[Report]) -> None:
    """Book what became of slices. A window that has passed is left as it is."""
    rows = [
        (min(each.used, LARGEST), min(each.charged, LARGEST), each.owner, each.name, each.window)
        for each in sorted(reports, key=lambda each: (each.owner, each.name))
    ]
    database.executemany(_REPORT, rows)


def spent(database: Database, owner: str | None = None) -> list[Spent]:
    """How far allowances are used up, of one owner or of all."""
    condition, values = ("", ()) if owner is None else (" WHERE owner = ?", (owner,))
    rows = database.query(
        f"SELECT owner, allowance, window_number, used, charged FROM spending{condition} ORDER BY owner, allowance",  # noqa: S608
        values,
    )
    return [Spent(owner=row[0], name=row[1], window=row[2], used=row[3], charged=row[4]) for row in rows]
