"""Conversions: one quantity into another unit, numbers between bases, Roman numerals.

"5 km in miles", "how many feet are in a mile", "100 °F to C", "255 in hex", "0b1010 to decimal", "MCMXCIV as a number".
Sums with units belong to the calculator. Currencies are never converted, since rates are not known here; nor is "1010 to
decimal", which does not say what base it is written in.
"""

from __future__ import annotations

import re
from datetime import datetime

from .calculator import read_with_target
from .numbers import write_number
from .numerals import convert_numeral
from .quantity import prefix_note
from .question import Unclear, read_line, words

_ASK = re.compile(
    r"^(?:convert|express|change|what is|what['’]s|whats|what are|how much is|how much are) ", re.IGNORECASE
)
_HOW_MANY = re.compile(
    r"how many (?P<unit>[^0-9]{1,40}?) (?:are there in|are in|is in|make up|make|in|is|are) (?P<amount>.+)",
    re.IGNORECASE,
)
_ARTICLE = re.compile(r"(?:an?|one) ", re.IGNORECASE)
_QUANTITY = re.compile(r"[-−]?[0-9.]")


class Conversions:
    """Says the same amount in other words."""

    name = "conversions"
    openers = words(" convert express change what whats how binary octal decimal hexadecimal hex base roman the")

    def answer(self, question: str, *, now: datetime) -> str | None:
        """The converted amount as text, or None."""
        line = read_line(question)
        if line is None:
            return None
        line = _ASK.sub("", line, count=1).rstrip(" =?")
        try:
            return convert_numeral(line) or _unit(line)
        except Unclear:
            return None


def _unit(line: str) -> str | None:
    if asked := _HOW_MANY.fullmatch(line):
        line = f"{_ARTICLE.sub('1 ', asked['amount'], count=1)} in {asked['unit']}"
    if not _QUANTITY.match(line):
        return None
    reading, target = read_with_target(line)
    if reading.operations or target is None or reading.quantity.unit is None:
        return None
    number = write_number(reading.quantity.number_in(target))
    return f"{number} {target.symbol}{prefix_note(reading.quantity, target)}"
