"""Numerals: whole numbers between bases, and Roman ones.

A number without a stated base or prefix is decimal when it is to be written in another base, and `Unclear` when it is to be
written in decimal. Roman numerals go from 1 to 3999 in their one standard spelling.
"""

from __future__ import annotations

import re

from .question import Unclear

_BASES = {"binary": 2, "octal": 8, "decimal": 10, "hexadecimal": 16, "hex": 16}
_PREFIXES = {2: "0b", 8: "0o", 16: "0x"}
_BASE = r"(?:binary|octal|decimal|hexadecimal|hex|base[ -]?[0-9]{1,2})"
_TO_BASE = re.compile(
    rf"(?:the )?(?:(?P<before>{_BASE}) )?(?:number )?(?P<digits>[0-9a-z]+)(?: (?:(?:from|in) )?(?P<after>{_BASE}))? "
    rf"(?P<how>in|to|into|as) (?P<target>{_BASE})(?: number)?",
    re.IGNORECASE,
)
_MOST_DIGITS = 128
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"

_ROMAN = (
    (1000, "M"),
    (900, "CM"),
    (500, "D"),
    (400, "CD"),
    (100, "C"),
    (90, "XC"),
    (50, "L"),
    (40, "XL"),
    (10, "X"),
    (9, "IX"),
    (5, "V"),
    (4, "IV"),
    (1, "I"),
)
_LARGEST_ROMAN = 3999
_TO_ROMAN = re.compile(
    r"(?:the number )?(?P<number>[1-9][0-9]{0,3}) (?:in|to|into|as) (?:a )?roman(?: numerals?)?", re.I
)
_FROM_ROMAN = re.compile(
    r"(?:the )?(?:roman numeral (?P<named>[MDCLXVI]{1,15})"
    r"(?: (?:in|to|as|into) (?:decimal|arabic(?: numerals?)?|an? number))?"
    r"|(?P<bare>[MDCLXVI]{2,15}) (?:in|to|as|into) (?:arabic(?: numerals?)?|an? (?:arabic )?number))",
)


def convert_numeral(line: str) -> str | None:
    """The number in the numerals that the whole line asks for, or None if it asks for none."""
    return _roman(line) or _base(line)


def _base(line: str) -> str | None:
    found = _TO_BASE.fullmatch(line)
    if found is None or (found["before"] and found["after"]):
        return None
    target = _read_base(found["target"])
    if target == 2 and found["how"].lower() in ("in", "as") and set(found["digits"]) == {"0", "1"}:
        raise Unclear  # "101 in binary" may be five or a hundred and one
    said = found["before"] or found["after"]
    value = _read_digits(found["digits"].lower(), _read_base(said) if said else None, target)
    return _PREFIXES.get(target, "") + _write_digits(value, target)


def _read_base(name: str) -> int:
    base = _BASES.get(name.lower()) or int(name.lower().removeprefix("base").lstrip(" -"))
    if not 2 <= base <= len(_DIGITS):
        raise Unclear
    return base


def _read_digits(digits: str, base: int | None, target: int) -> int:
    prefixed = {prefix: size for size, prefix in _PREFIXES.items()}.get(digits[:2])
    if prefixed and base in (None, prefixed):
        digits, base = digits[2:], prefixed
    if base is None and target != 10:
        base = 10
    if base is None or base == target or not digits or len(digits) > _MOST_DIGITS:
        raise Unclear
    try:
        return int(digits, base)
    except ValueError:
        raise Unclear from None


def _write_digits(value: int, base: int) -> str:
    digits = ""
    while value >= base:
        value, digit = divmod(value, base)
        digits = _DIGITS[digit] + digits
    return _DIGITS[value] + digits


def _roman(line: str) -> str | None:
    if found := _TO_ROMAN.fullmatch(line):
        return write_roman(int(found["number"]))
    if found := _FROM_ROMAN.fullmatch(line):
        return str(read_roman(found["named"] or found["bare"]))
    return None


def write_roman(number: int) -> str:
    """The numeral of a number from 1 to 3999, else `Unclear`: the Romans had several ways beyond that."""
    if not 1 <= number <= _LARGEST_ROMAN:
        raise Unclear
    numeral = ""
    for size, letters in _ROMAN:
        count, number = divmod(number, size)
        numeral += letters * count
    return numeral


def read_roman(numeral: str) -> int:
    """The number of a numeral in its standard spelling; IIII and VX are `Unclear`."""
    number, place = 0, 0
    for size, letters in _ROMAN:
        while numeral.startswith(letters, place):
            number, place = number + size, place + len(letters)
    if number > _LARGEST_ROMAN or write_roman(number or 0) != numeral:
        raise Unclear
    return number
