"""Units as types, so that a signature says what a number is.

They are plain floats at run time. Sums that must be exact (budgets) are kept as integer nano-dollars: see `nanos`.
"""

from __future__ import annotations

import math
from typing import NewType

Usd = NewType("Usd", float)
"""US dollars."""

Joules = NewType("Joules", float)
"""Energy in joules (watt-seconds)."""

Seconds = NewType("Seconds", float)
"""A span of time in seconds."""

NanoUsd = NewType("NanoUsd", int)
"""Billionths of a US dollar: the unit in which money is counted where it may not drift."""

NANOS_PER_USD = 1_000_000_000


def nanos(amount: float) -> NanoUsd:
    """`amount` US dollars in whole nano-dollars, rounded up so that no cost is ever counted short."""
    return NanoUsd(math.ceil(amount * NANOS_PER_USD - 1e-6))


def dollars(amount: int) -> Usd:
    """Whole nano-dollars as US dollars."""
    return Usd(amount / NANOS_PER_USD)
