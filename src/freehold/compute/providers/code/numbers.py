"""Exact numbers as text.

A number is a `Fraction` from the moment it is read. It is written exactly when its decimals end soon; otherwise the text
says "≈", so an approximation never passes for the answer. A tie when rounding has two customs, so it is `Unclear`.
"""

from __future__ import annotations

import re
from fractions import Fraction

from .question import Unclear

NUMBER = r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3}(?![\w.]))?"
LARGEST_BITS = 4096
LARGEST_PLACES = 200
_SHOWN_DIGITS = 15
_EXACT_PLACES = 20
_PLAIN_EXPONENT = 18
_SHORT_DENOMINATOR = 10**6
_LEADING_ZERO = re.compile(r"0[0-9]")


def read_number(text: str) -> Fraction:
    """The value of a match of `NUMBER`; 007 and numbers of more than `LARGEST_BITS` bits are `Unclear`."""
    if _LEADING_ZERO.match(text):
        raise Unclear
    return bounded(Fraction(text.replace(",", "")))


def bounded(value: Fraction) -> Fraction:
    """The same value, or `Unclear` if it has grown past what is worth writing down."""
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > LARGEST_BITS:
        raise Unclear
    return value


def write_number(value: Fraction) -> str:
    """Exact decimals if they end within twenty places, else "≈" and fifteen significant digits."""
    places = _places(value.denominator)
    if places is None:
        return f"≈ {approximate(value)}"
    return fixed(value, places)


def write_ratio(value: Fraction) -> str:
    """Like `write_number`, but a short fraction such as 10/3 is also given exactly."""
    text = write_number(value)
    if text.startswith("≈") and value.denominator < _SHORT_DENOMINATOR:
        return f"{value.numerator}/{value.denominator} {text}"
    return text


def fixed(value: Fraction, places: int) -> str:
    """The value rounded to a number of decimal places, all of them written out; negative places round to tens."""
    scaled = _rounded(value * Fraction(10) ** places)
    sign, digits = ("-" if scaled < 0 else ""), str(abs(scaled))
    if places <= 0:
        return sign + digits + ("0" * -places if scaled else "")
    digits = digits.rjust(places + 1, "0")
    return f"{sign}{digits[:-places]}.{digits[-places:]}"


def significant(value: Fraction, digits: int) -> str:
    """The value rounded to a number of significant digits."""
    if not value:
        raise Unclear
    places = digits - 1 - magnitude(value)
    rounded = Fraction(_rounded(value * Fraction(10) ** places)) / Fraction(10) ** places
    return fixed(rounded, min(places, digits - 1 - magnitude(rounded)))


def approximate(value: Fraction) -> str:
    """Fifteen significant digits without trailing zeros, with an exponent where the plain form would be long."""
    size = magnitude(value)
    if abs(size) < _PLAIN_EXPONENT:
        return _trimmed(_nearest(value, _SHOWN_DIGITS - 1 - size))
    return f"{_trimmed(_nearest(value / Fraction(10) ** size, _SHOWN_DIGITS - 1))}e{size}"


def magnitude(value: Fraction) -> int:
    """The power of ten of the first digit: 0 for 7, 2 for 340, -1 for 0.5."""
    value = abs(value)
    guess = len(str(value.numerator)) - len(str(value.denominator))
    return guess if value >= Fraction(10) ** guess else guess - 1


def _rounded(value: Fraction) -> int:
    if value.denominator == 2:
        raise Unclear
    return round(value)


def _nearest(value: Fraction, places: int) -> str:
    """Rounded for display only: behind "≈" a tie harms nobody."""
    return fixed(Fraction(round(value * Fraction(10) ** places)) / Fraction(10) ** places, places)


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def _places(denominator: int) -> int | None:
    for places in range(_EXACT_PLACES + 1):
        if 10**places % denominator == 0:
            return places
    return None
