"""How far the budgets of keys are used up, as the database has it: some seconds late at most while a gateway runs."""

from __future__ import annotations

import time
from collections.abc import Iterable

import msgspec

from freehold.ground.database import Database
from freehold.ground.units import dollars
from freehold.stack.allowances.slices import spent
from freehold.stack.allowances.terms import Allowance, Unit
from freehold.stack.allowances.windows import end_of, window_at
from freehold.stack.keys import VirtualKey


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """One allowance of a key in the window that runs now, in US dollars, tokens or requests."""

    id: str
    """Of the key."""
    name: str
    unit: str
    period: str
    limit: float
    used: float
    held: float
    """Reserved by requests under way or by workers; counts against the limit until it is settled or given back."""
    ends: float
    """When the window ends: seconds since the epoch."""


def budgets(database: Database, keys: Iterable[VirtualKey]) -> list[Budget]:
    """Every allowance of `keys`, in their order."""
    booked = {(entry.owner, entry.name, entry.window): entry for entry in spent(database)}
    now = time.time()
    found = []
    for key in keys:
        for allowance in key.allowances:
            window = window_at(allowance.period, now)
            entry = booked.get((key.id, allowance.name, window))
            used, charged = (entry.used, entry.charged) if entry else (0, 0)
            found.append(_budget(key, allowance, window, used, charged))
    return found


def _budget(key: VirtualKey, allowance: Allowance, window: int, used: int, charged: int) -> Budget:
    def amount(count: int) -> float:
        return float(dollars(count)) if allowance.unit is Unit.USD else float(count)

    return Budget(
        id=key.id,
        name=key.name,
        unit=allowance.unit,
        period=allowance.period,
        limit=allowance.limit,
        used=amount(used),
        held=amount(max(0, charged - used)),
        ends=end_of(allowance.period, window),
    )


def budget_line(budget: Budget) -> list[str]:
    """A budget as a row: whose, how much, and how far."""
    share = min((budget.used + budget.held) / budget.limit, 1.0) if budget.limit else 1.0
    bar = "#" * round(share * 20)
    return [
        budget.name,
        f"{_shown(budget, budget.limit)}/{budget.period}",
        _shown(budget, budget.used),
        f"[{bar:<20}] {share:.0%}",
    ]


BUDGET_HEADINGS = ("key", "budget", "used", "with what is held")


def _shown(budget: Budget, amount: float) -> str:
    return f"${amount:,.6g}" if budget.unit == "usd" else f"{amount:,.0f} {budget.unit}"
