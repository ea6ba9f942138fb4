"""Budgets and rate limits of keys: reserved before a request is sent, settled after it.

    terms      what may be spent: Allowance, Need
    windows    minutes to months in UTC, by a time that never goes back
    slices     what the database hands out
    slots      what a worker holds of one allowance in one window
    purse      what it holds for one owner
    reserving  Allowances: reserve, settle, release
    refusals   the words for "no"

Reservations, limits and sums are whole nano-dollars, tokens and requests: nothing is rounded, nothing drifts.
"""

from __future__ import annotations

from freehold.stack.allowances.reserving import Allowances, Reservation
from freehold.stack.allowances.slices import Spent, spent
from freehold.stack.allowances.terms import NOTHING, Allowance, Need, Period, Unit, check_distinct, needs_price

__all__ = [
    "NOTHING",
    "Allowance",
    "Allowances",
    "Need",
    "Period",
    "Reservation",
    "Spent",
    "Unit",
    "check_distinct",
    "needs_price",
    "spent",
]
