"""The calculator: arithmetic, percentages, roots and quantities with units, exact or not at all.

It answers "17% of 340", "3 km + 200 m in feet", "square root of 2 to 10 digits", "the average of 3, 4 and 8". It leaves to
others what only looks like arithmetic: 9/11, 24/7, 4x4, 2024-02-03, 555-1234, and everything that has more than one usual
result: 100 + 10%, 2 plus 2 times 3 in words, log, sin, 0^0, the rounding of a tie.
"""

from __future__ import annotations

import re
from datetime import datetime
from fractions import Fraction

from .expression import Reading, read_expression
from .numbers import write_number
from .question import Unclear, read_line, words
from .results import cut_precision, write_result
from .shares import answer_phrase
from .units import NONE, Unit, find_compound

_VERB = re.compile(r"(?:calculate|compute|evaluate|work out|solve|how much (?:is|are)) ", re.IGNORECASE)
_ASK = re.compile(r"(?:what is|what['’]s|whats|what are|find|give) ", re.IGNORECASE)
_THE = re.compile(r"the (?:value of |result of )?(?!square root|cube root)", re.IGNORECASE)
_LOOKS_LIKE_A_SUM = re.compile(
    r"[-+−√(.]?\s*[0-9.(]|(?:the )?(?:square|cube) root|sqrt|cbrt|half of|an? (?:third|quarter)|(?:one|two|three) ",
    re.I,
)
_FORM = re.compile(r" as an? (?P<form>percentage|percent|decimal|fraction)$", re.IGNORECASE)
_TARGET = re.compile(r"(?<= )(?:in|to|as|into) ", re.IGNORECASE)
_NAMES = re.compile(r"[0-9]+[-/][0-9]+")
_CODES = re.compile(r"[0-9]+([-/])[0-9]+\1[0-9]")


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
            return answer_phrase(line) or (_sum(line, told_to=verb) if _LOOKS_LIKE_A_SUM.match(line) else None)
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
    """An expression, with the form or the precision and the unit that it is wanted in."""
    if form := _FORM.search(line):
        line = line[: form.start()]
        _refuse_names(line, told_to=True)
        return _in_form(_pure(read_expression(line)), form["form"].lower())
    line, precision = cut_precision(line)
    _refuse_names(line, told_to=told_to or precision is not None)
    reading, target = read_with_target(line)
    if reading.quantity.percent or (reading.operations == 0 and (precision is None or target is not None)):
        raise Unclear
    return write_result(reading.quantity, target=target, precision=precision)


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
