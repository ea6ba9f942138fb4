"""Questions about plain numbers that are put in words: percentages of and off something, sums and averages of a list.

Numbers only: an expression inside a list ("the sum of 2 and 3 times 4") has two readings and is not taken.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from fractions import Fraction

from .numbers import NUMBER, read_number, write_number, write_ratio
from .quantity import Quantity
from .question import Phrases, Unclear

_N = rf"(-?{NUMBER})"
_PERCENT = r" ?(?:%|percent)"
_LIST = re.compile(
    r"(?P<name>sum|product|average|mean|median|gcd|greatest common divisor|lcm|least common multiple|"
    rf"largest|smallest) of (?P<items>{_N}(?:(?:, | and |, and ){_N})+)",
    re.IGNORECASE,
)
_ITEM = re.compile(r", and |, | and ", re.IGNORECASE)


def answer_phrase(line: str) -> str | None:
    """The answer to a question about plain numbers that is not written as an expression, or None."""
    if listed := _LIST.fullmatch(line):
        return _of_list(listed["name"].lower(), _items(listed["items"]))
    for found, work in _PHRASES.matches(line):
        return work(*(_signed(number) for number in found.groups()))
    return None


def _items(text: str) -> list[Fraction]:
    items = [_signed(item) for item in _ITEM.split(text)]
    if len(items) == 2 and ", and " in text:
        raise Unclear  # one seems to be missing
    return items


def _signed(text: str) -> Fraction:
    return -read_number(text[1:]) if text.startswith("-") else read_number(text)


def _of_list(name: str, items: list[Fraction]) -> str:
    return write_ratio(_LISTS[name](items))


def _product(items: list[Fraction]) -> Fraction:
    product = Quantity(value=Fraction(1))
    for item in items:
        product = product * Quantity(value=item)
    return product.value


def _median(items: list[Fraction]) -> Fraction:
    items = sorted(items)
    middle = len(items) // 2
    return items[middle] if len(items) % 2 else (items[middle - 1] + items[middle]) / 2


def _mean(items: list[Fraction]) -> Fraction:
    return sum(items, Fraction(0)) / len(items)


def _whole(items: list[Fraction]) -> list[int]:
    if any(item.denominator != 1 or item <= 0 for item in items):
        raise Unclear
    return [item.numerator for item in items]


def _of(share: Fraction, whole: Fraction) -> str:
    if whole <= 0 or share < 0:
        raise Unclear
    return f"{write_number(share / whole * 100)}%"


def _changed(value: Fraction, percent: Fraction, sign: int) -> str:
    if percent < 0 or value < 0:
        raise Unclear
    return write_number(value * (100 + sign * percent) / 100)


def _change(before: Fraction, after: Fraction) -> str:
    if before <= 0 or after < 0:
        raise Unclear
    return f"{write_number((after - before) / before * 100)}%"


_LISTS: dict[str, Callable[[list[Fraction]], Fraction]] = {
    "sum": lambda items: sum(items, Fraction(0)),
    "product": _product,
    "average": _mean,
    "mean": _mean,
    "median": _median,
    "gcd": lambda items: Fraction(math.gcd(*_whole(items))),
    "greatest common divisor": lambda items: Fraction(math.gcd(*_whole(items))),
    "lcm": lambda items: Fraction(math.lcm(*_whole(items))),
    "least common multiple": lambda items: Fraction(math.lcm(*_whole(items))),
    "largest": max,
    "smallest": min,
}
_PHRASES: Phrases[Callable[..., str]] = Phrases(
    (rf"what percent(?:age)? of {_N} is {_N}", lambda whole, share: _of(share, whole)),
    (rf"{_N} is what percent(?:age)? of {_N}", _of),
    (rf"{_N} as an? percent(?:age)? of {_N}", _of),
    (rf"{_N}{_PERCENT} off {_N}", lambda percent, value: _changed(value, percent, -1)),
    (rf"increase {_N} by {_N}{_PERCENT}", lambda value, percent: _changed(value, percent, 1)),
    (rf"{_N} increased by {_N}{_PERCENT}", lambda value, percent: _changed(value, percent, 1)),
    (rf"decrease {_N} by {_N}{_PERCENT}", lambda value, percent: _changed(value, percent, -1)),
    (rf"{_N} decreased by {_N}{_PERCENT}", lambda value, percent: _changed(value, percent, -1)),
    (rf"percent(?:age)? change from {_N} to {_N}", _change),
)
