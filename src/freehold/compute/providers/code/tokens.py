"""The words of arithmetic: numbers, signs, spoken operators, and anything else as a plain word.

A token knows whether it was spoken, because "plus" and "times" do not tell which comes first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction

import msgspec

from .numbers import NUMBER, read_number
from .question import Unclear

LARGEST_TOKENS = 96
FUNCTIONS = {"sqrt": 2, "cbrt": 3}
"""Roots and their degrees."""

_SPOKEN = {
    "plus": "+",
    "minus": "-",
    "times": "*",
    "multiplied by": "*",
    "divided by": "/",
    "modulo": "mod",
    "mod": "mod",
    "raised to the power of": "^",
    "to the power of": "^",
    "factorial": "!",
    "squared": "²",
    "cubed": "³",
    "percent": "%",
    "of": "of",
    "the square root of": "sqrt",
    "square root of": "sqrt",
    "the cube root of": "cbrt",
    "cube root of": "cbrt",
}
_SIGNS = {"**": "^", "×": "*", "·": "*", "÷": "/", "−": "-", "√": "sqrt", "x": "*"}
_PARTS = {
    "half": Fraction(1, 2),
    "a third": Fraction(1, 3),
    "one third": Fraction(1, 3),
    "two thirds": Fraction(2, 3),
    "a quarter": Fraction(1, 4),
    "one quarter": Fraction(1, 4),
    "three quarters": Fraction(3, 4),
}


def _any_of(phrases: Iterable[str]) -> str:
    return "|".join(re.escape(phrase) for phrase in sorted(phrases, key=len, reverse=True))


_TOKEN = re.compile(
    rf"""\s*(?:
    (?P<number>{NUMBER}|\.[0-9]+)
    |(?P<part>{_any_of(_PARTS)})(?=\ of\ )
    |(?P<spoken>{_any_of(_SPOKEN)})(?![^\W_])
    |(?P<word>[A-Za-zµμ°℃℉]+(?:[²³]|\^?[23](?![0-9.]))?)
    |(?P<sign>\*\*|[-+*/^()!%×·÷−²³√])
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_SLIPS = re.compile(r"[-+−]{2}|[0-9)] +[-+−][0-9.(]")
"""Two signs on end, and "2 -3", which may be two numbers in a row."""


class Token(msgspec.Struct, frozen=True):
    """A number, a word, or a sign in its one spelling."""

    sign: str = ""
    word: str = ""
    number: Fraction | None = None
    spoken: bool = False


def read_tokens(text: str) -> list[Token]:
    """The tokens of the text; `Unclear` if a piece of it is none, or if there are too many."""
    if _SLIPS.search(text):
        raise Unclear
    tokens: list[Token] = []
    place, end = 0, len(text.rstrip())
    while place < end:
        found = _TOKEN.match(text, place)
        if found is None or len(tokens) >= LARGEST_TOKENS:
            raise Unclear
        tokens.append(_token(found))
        place = found.end()
    return tokens


def _token(found: re.Match[str]) -> Token:
    kind, text = found.lastgroup, found[found.lastgroup or 0].strip()
    if kind == "number":
        return Token(number=read_number(text))
    if kind == "part":
        return Token(number=_PARTS[text.lower()], word="of")
    if kind == "spoken":
        return Token(sign=_SPOKEN[text.lower()], spoken=True)
    if kind == "word" and text.lower() not in FUNCTIONS and text.lower() != "x":
        return Token(word=text)
    if text.lower() == "x" and not found[0].startswith(" "):
        raise Unclear  # "4x4" is a car to some and "0x10" is sixteen to others
    return Token(sign=_SIGNS.get(text.lower(), text.lower()))
