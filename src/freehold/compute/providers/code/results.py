"""Results as text: in the unit and to the digits that were asked for."""

from __future__ import annotations

import math
import re
from fractions import Fraction

import msgspec

from .numbers import LARGEST_PLACES, fixed, magnitude, significant, write_number, write_ratio
from .quantity import Quantity, prefix_note, whole_root
from .question import Unclear
from .units import NONE, Unit

_SHOWN_DIGITS = 15
_PRECISION = re.compile(
    r",? (?:rounded |correct )?to (?P<count>[0-9]{1,3}) (?P<kind>decimal places?|decimals?|d\.?p\.?|"
    r"significant (?:digits?|figures?)|sig figs?|digits)$",
    re.IGNORECASE,
)


class Precision(msgspec.Struct, frozen=True, kw_only=True):
    """How many digits are wanted, counted from the decimal point or from the first digit that is not zero."""

    count: int
    significant: bool
    note: str
    """Says which of the two was understood, where the question does not."""


def cut_precision(line: str) -> tuple[str, Precision | None]:
    """The line without "to 3 decimal places" at its end, and what that means."""
    found = _PRECISION.search(line)
    if found is None:
        return line, None
    count, kind = int(found["count"]), found["kind"].lower()
    if not 0 < count <= LARGEST_PLACES:
        raise Unclear
    note = f" ({count} significant digits)" if kind == "digits" else ""
    precision = Precision(count=count, significant=kind == "digits" or kind.startswith("s"), note=note)
    return line[: found.start()], precision


def write_result(quantity: Quantity, *, target: Unit | None, precision: Precision | None) -> str:
    """The quantity in the unit and to the precision that are wanted; `Unclear` if it has no unit that was named."""
    if quantity.degree > 1:
        if target:
            raise Unclear
        return _root(quantity, precision)
    unit = target or quantity.unit
    if quantity.dimension == NONE and not target:
        return _rounded(quantity.value, precision) if precision else write_ratio(quantity.value)
    if unit is None:
        raise Unclear
    number = quantity.number_in(unit)
    return f"{_rounded(number, precision) if precision else write_number(number)} {unit.symbol}{prefix_note(quantity, unit)}"


def _rounded(value: Fraction, precision: Precision) -> str:
    if not precision.significant:
        return fixed(value, precision.count)
    return significant(value, precision.count) + precision.note


def _root(quantity: Quantity, precision: Precision | None) -> str:
    """An uneven root: correct in every digit shown."""
    size = magnitude(quantity.value) // quantity.degree
    if precision is None:
        return f"≈ {_root_to(quantity, _SHOWN_DIGITS - 1 - size)}"
    if not precision.significant:
        return _root_to(quantity, precision.count)
    return _root_to(quantity, precision.count - 1 - size) + precision.note


def _root_to(quantity: Quantity, places: int) -> str:
    """Twice the root, to the places, cut off; then half of it rounded: a root that is not even is never a tie."""
    if not 0 <= places <= 2 * LARGEST_PLACES:
        raise Unclear
    degree, scale = quantity.degree, 10**places
    doubled = whole_root(math.floor(quantity.value * (2 * scale) ** degree), degree)
    return fixed(Fraction((doubled + 1) // 2, scale), places)
