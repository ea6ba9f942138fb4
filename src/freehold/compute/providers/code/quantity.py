"""Arithmetic on exact quantities that refuses what is not clear.

Adding needs like dimensions, thermometers only convert, a percentage is never added to a number (of what?), and a root
that does not come out even is kept whole: nothing may be computed on from it. Sizes are bounded before the work is done.
"""

from __future__ import annotations

import math
from fractions import Fraction

import msgspec

from .numbers import LARGEST_BITS, bounded
from .question import Unclear
from .units import DATA, NONE, TEMPERATURE, Dimension, Unit, combine

LARGEST_FACTORIAL = 400


class Quantity(msgspec.Struct, frozen=True, kw_only=True):
    """A value in base units; the unit it was given in, if there is one; and what still has to be done to it."""

    value: Fraction
    dimension: Dimension = NONE
    unit: Unit | None = None
    percent: bool = False
    degree: int = 1  # the quantity is this root of `value`

    def __add__(self, other: Quantity) -> Quantity:
        _require(_plain(self) and _plain(other) and self.dimension == other.dimension)
        unit = None if self.dimension == DATA and self.unit != other.unit else self.unit  # see `prefix_note`
        return _quantity(self.value + other.value, self.dimension, unit)

    def __neg__(self) -> Quantity:
        _require(self.degree == 1)
        if self.unit is None:
            return msgspec.structs.replace(self, value=-self.value)
        return measured((self.unit.zero - self.value) / self.unit.factor, self.unit)

    def __mul__(self, other: Quantity) -> Quantity:
        _require(_scalable(self) and _scalable(other) and not (self.percent and other.percent))
        unit = self.unit if other.dimension == NONE else other.unit if self.dimension == NONE else None
        return _quantity(self.value * other.value, combine(self.dimension, other.dimension), unit)

    def __truediv__(self, other: Quantity) -> Quantity:
        _require(_plain(self) and _plain(other) and other.value != 0)
        _require(self.dimension != NONE or other.dimension == NONE)  # "1/2 mile" is half a mile to its asker
        unit = self.unit if other.dimension == NONE else None
        return _quantity(self.value / other.value, combine(self.dimension, other.dimension, times=-1), unit)

    def __pow__(self, other: Quantity) -> Quantity:
        _require(_plain(self) and _plain(other) and other.dimension == NONE and other.value.denominator == 1)
        exponent = other.value.numerator
        _require(self.value != 0 or exponent > 0)
        bits = max(self.value.numerator.bit_length(), self.value.denominator.bit_length())
        _require(abs(exponent) <= LARGEST_BITS and (bits <= 1 or bits * abs(exponent) <= LARGEST_BITS))
        return _quantity(self.value**exponent, combine(NONE, self.dimension, times=exponent), None)

    def root(self, degree: int) -> Quantity:
        """The square or cube root: exact if it comes out even, else kept as a root."""
        _require(_plain(self) and self.dimension == NONE and (self.value >= 0 or degree % 2 == 1))
        over, under = whole_root(abs(self.value.numerator), degree), whole_root(self.value.denominator, degree)
        if over**degree == abs(self.value.numerator) and under**degree == self.value.denominator:
            return Quantity(value=Fraction(over, under) * (1 if self.value >= 0 else -1))
        _require(self.value > 0)
        return Quantity(value=self.value, degree=degree)

    def factorial(self) -> Quantity:
        """The product of the whole numbers up to this one."""
        _require(_plain(self) and self.dimension == NONE and self.value.denominator == 1)
        _require(0 <= self.value <= LARGEST_FACTORIAL)
        return Quantity(value=Fraction(math.factorial(self.value.numerator)))

    def hundredth(self) -> Quantity:
        """This many percent."""
        _require(_plain(self) and self.dimension == NONE)
        return Quantity(value=self.value / 100, percent=True)

    def number_in(self, unit: Unit) -> Fraction:
        """How many of the unit this is; another dimension is `Unclear`."""
        _require(self.dimension == unit.dimension and self.degree == 1 and not self.percent)
        _require(self.dimension != TEMPERATURE or self.value >= 0)
        return (self.value - unit.zero) / unit.factor


def prefix_note(quantity: Quantity, target: Unit) -> str:
    """What the prefixes mean, where a size of data was converted: some take a kilobyte for 1024 bytes."""
    return " (k = 1000, Ki = 1024)" if target.dimension == DATA and quantity.unit != target else ""


def measured(number: Fraction, unit: Unit) -> Quantity:
    """So many of a unit."""
    return _quantity(number * unit.factor + unit.zero, unit.dimension, unit)


def whole_root(value: int, degree: int) -> int:
    """The largest whole number whose power does not pass the value."""
    if degree == 2:
        return math.isqrt(value)
    guess = 1 << -(-value.bit_length() // degree)
    while True:
        better = ((degree - 1) * guess + value // guess ** (degree - 1)) // degree if guess else 0
        if better >= guess:
            return guess
        guess = better


def _quantity(value: Fraction, dimension: Dimension, unit: Unit | None) -> Quantity:
    return Quantity(value=bounded(value), dimension=dimension, unit=unit)


def _plain(quantity: Quantity) -> bool:
    return _scalable(quantity) and not quantity.percent


def _scalable(quantity: Quantity) -> bool:
    return quantity.degree == 1 and quantity.dimension != TEMPERATURE


def _require(clear: bool) -> None:
    if not clear:
        raise Unclear
