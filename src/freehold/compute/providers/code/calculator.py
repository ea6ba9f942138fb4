"""The calculator: arithmetic, percentages, roots and quantities with units, exact or not at all.

It answers "17% of 340", "3 km + 200 m in feet", "square root of 2 to 10 digits", "the average of 3, 4 and 8". It leaves to
others what only looks like arithmetic: 9/11, 24/7, 4x4, 2024-02-03, 555-1234, and everything that has more than one usual
result: 100 + 10%, 2 plus 2 times 3 in words, log, sin, 0^0, the rounding of a tie.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import datetime
from fractions import Fraction

from .expression import Reading, read_expression
from .numbers import LARGEST_PLACES, NUMBER, fixed, magnitude, read_number, significant, write_number, write_ratio
from .quantity import Quantity, prefix_note, whole_root
from .question import Phrases, Unclear, read_line, words
from .units import NONE, Unit, find_compound

_VERB = re.compile(r"(?:calculate|compute|evaluate|work out|solve|how much (?:is|are)) ", re.IGNORECASE)
_ASK = re.compile(r"(?:what is|what['’]s|whats|what are|find|give) ", re.IGNORECASE)
_THE = re.compile(r"the (?:value of |result of )?(?!square root|cube root)", re.IGNORECASE)
_LOOKS_LIKE_A_SUM = re.compile(
    r"[-+−√(.]?\s*[0-9.(]|(?:the )?(?:square|cube) root|sqrt|cbrt|half of|an? (?:third|quarter)|(?:one|two|three) ",
    re.I,
)
_PRECISION = re.compile(
    r",? (?:rounded |correct )?to (?P<count>[0-9]{1,3}) (?P<kind>decimal places?|decimals?|d\.?p\.?|"
    r"significant (?:digits?|figures?)|sig figs?|digits)$",
    re.IGNORECASE,
)
_FORM = re.compile(r" as an? (?P<form>percentage|percent|decimal|fraction)$", re.IGNORECASE)
_TARGET = re.compile(r"(?<= )(?:in|to|as|into) ", re.IGNORECASE)
_NAMES = re.compile(r"[0-9]+[-/][0-9]+")
_CODES = re.compile(r"[0-9]+([-/])[0-9]+\1[0-9]")

_N = rf"(-?{NUMBER})"
_PERCENT = r" ?(?:%|percent)"
_LIST = re.compile(
    r"(?P<name>sum|product|average|mean|median|gcd|greatest common divisor|lcm|least common multiple|"
    rf"largest|smallest) of (?P<items>{_N}(?:(?:, | and |, and ){_N})+)",
    re.IGNORECASE,
)
_ITEM = re.compile(r", and |, | and ", re.IGNORECASE)


class Calculator:
    """Works sums out."""

    name = "calculator"
    openers = words(
        " what whats find give calculate compute evaluate work solve how the sum product average mean "
        "median gcd greatest lcm least largest smallest half a one two three sqrt cbrt square cube "
        "increase decrease percent percentage"
    )

    def answer(self, question: str, *, now: datetime) -> str | None:
        """The result as text, or None."""
        line = read_line(question)
        if line is None:
            return None
        verb, line = _without_verb(line)
        try:
            return _phrase(line) or (_sum(line, told_to=verb) if _LOOKS_LIKE_A_SUM.match(line) else None)
        except Unclear:
            return None


def _without_verb(line: str) -> tuple[bool, str]:
    told = line.endswith("=")
    line = line.rstrip(" =?")
    if asked := _ASK.match(line):
        line = line[asked.end() :]
    elif verb := _VERB.match(line):
        told, line = True, line[verb.end() :]
    the = _THE.match(line)
    return told, line[the.end() :] if the else line


def _sum(line: str, *, told_to: bool) -> str:
    """An expression, with the form or unit or precision it is wanted in."""
    precision, form = _PRECISION.search(line), _FORM.search(line)
    if precision or form:
        line = line[: (precision or form).start()]  # type: ignore[union-attr]
    told_to = told_to or bool(precision or form)
    _refuse_names(line, told_to=told_to)
    if form:
        return _in_form(_pure(read_expression(line)), form["form"].lower())
    reading, target = read_with_target(line)
    if reading.operations == 0 and not (precision and target is None):
        raise Unclear
    if reading.quantity.percent:
        raise Unclear
    return _written(reading.quantity, target, precision)


def read_with_target(line: str) -> tuple[Reading, Unit | None]:
    """An expression and the unit it is wanted in, which is behind the last "in", "to" or "as", if there is one."""
    for cut in reversed(list(_TARGET.finditer(line))):
        if unit := find_compound(line[cut.end() :].strip()):
            return read_expression(line[: cut.start()]), unit
    return read_expression(line), None


def _refuse_names(line: str, *, told_to: bool) -> None:
    """Refuse dates, phone numbers, scores and sayings that happen to be made of digits and signs."""
    if _CODES.search(line) or (not told_to and _NAMES.fullmatch(line)):
        raise Unclear
    if line.endswith("!") and line.count("!") == 1 and not line[:-1].isdigit():
        raise Unclear  # a factorial, or joy?


def _pure(reading: Reading) -> Fraction:
    quantity = reading.quantity
    if quantity.dimension != NONE or quantity.percent or quantity.degree != 1:
        raise Unclear
    return quantity.value


def _in_form(value: Fraction, form: str) -> str:
    if form == "fraction":
        return str(value)
    return write_number(value) if form == "decimal" else f"{write_number(value * 100)}%"


def _written(quantity: Quantity, target: Unit | None, precision: re.Match[str] | None) -> str:
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


def _rounded(value: Fraction, precision: re.Match[str]) -> str:
    count = _count(precision)
    if precision["kind"].lower().startswith("d") and precision["kind"].lower() != "digits":
        return fixed(value, count)
    return significant(value, count) + _what_digits(precision, count)


def _root(quantity: Quantity, precision: re.Match[str] | None) -> str:
    """An uneven root: correct in every digit shown."""
    size = magnitude(quantity.value) // quantity.degree
    if precision is None:
        return f"≈ {_root_to(quantity, 14 - size)}"
    count = _count(precision)
    if precision["kind"].lower().startswith("d") and precision["kind"].lower() != "digits":
        return _root_to(quantity, count)
    text = _root_to(quantity, count - 1 - size)
    return text + _what_digits(precision, count)


def _root_to(quantity: Quantity, places: int) -> str:
    """Twice the root, to the places, cut off; then half of it rounded: a root that is not even is never a tie."""
    if not 0 <= places <= 2 * LARGEST_PLACES:
        raise Unclear
    degree, scale = quantity.degree, 10**places
    doubled = whole_root(math.floor(quantity.value * (2 * scale) ** degree), degree)
    return fixed(Fraction((doubled + 1) // 2, scale), places)


def _count(precision: re.Match[str]) -> int:
    count = int(precision["count"])
    if not 0 < count <= LARGEST_PLACES:
        raise Unclear
    return count


def _what_digits(precision: re.Match[str], count: int) -> str:
    return f" ({count} significant digits)" if precision["kind"].lower() == "digits" else ""


def _phrase(line: str) -> str | None:
    """The few questions about numbers that are not written as an expression."""
    if listed := _LIST.fullmatch(line):
        return _of_list(listed["name"].lower(), [read_number_signed(item) for item in _ITEM.split(listed["items"])])
    for found, work in _PHRASES.matches(line):
        return work(*(read_number_signed(number) for number in found.groups()))
    return None


def read_number_signed(text: str) -> Fraction:
    """Like `read_number`, with a minus in front allowed."""
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
