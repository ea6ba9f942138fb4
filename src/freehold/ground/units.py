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
_NANOS_LESS_NOISE = NANOS_PER_USD * (1 - 2.0**-50)
"""Less a few times the relative error of one multiplication."""


def nanos(amount: float) -> NanoUsd:
    """`amount` US dollars in whole nano-dollars, rounded up so that no cost is ever counted short.

    What is above a whole number by no more than a float's own error is taken for that number.
    """
    return NanoUsd(math.ceil(amount * _NANOS_LESS_NOISE))


def dollars(amount: int) -> Usd:
    """Whole nano-dollars as US dollars."""
    return Usd(amount / NANOS_PER_USD)
