"""CSV: columns, sums, row counts, and to and from JSON.

The text must be a plain table: commas, every row as long as the first, and a first row that can only be a header where one
is needed. Cells become JSON strings, since CSV has no types; only JSON that is a list of flat, alike objects becomes CSV.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from fractions import Fraction
from typing import Any

import msgspec

from .json_texts import check_json
from .numbers import write_ratio
from .question import Phrases, Unclear, read_command, words

_NUMBER = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?")
_THE_CSV = r"(?:the |this |following )*(?:csv|table)(?: data| text| file)? @"
_NAME = r"(?P<name>[\w -]{1,40}?)"
_COLUMN = rf"(?:the )?(?:(?:values (?:in|of) )?(?:the )?column {_NAME}|(?P<named>[\w -]{{1,40}}?) column)"


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A header and the rows under it, all of one length."""

    header: list[str]
    rows: list[list[str]]

    def column(self, name: str) -> list[str]:
        """The cells under a name; no such name, or two that differ by case only, is `Unclear`."""
        places = [place for place, title in enumerate(self.header) if title.lower() == name.lower()]
        if len(places) != 1:
            raise Unclear
        return [row[places[0]] for row in self.rows]


class Tables:
    """Reads tables."""

    name = "tables"
    openers = words("get extract list select print sum add total what calculate the average how count convert csv json")

    def answer(self, question: str, *, now: datetime) -> str | None:
        """What the table says, or None."""
        command = read_command(question)
        if command is None:
            return None
        for found, work in _WISHES.matches(command.wish):
            with suppress(Unclear):
                return work(found, command.text)
        return None


def read_table(text: str) -> Table:
    """The text as a table whose first row is a header beyond doubt, else `Unclear`."""
    try:
        header, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    except (csv.Error, ValueError):
        raise Unclear from None
    if not rows or any(len(row) != len(header) for row in rows):
        raise Unclear
    if len(header) < 2 or len(set(header)) != len(header) or not all(header):
        raise Unclear
    if any(cell != cell.strip() or _NUMBER.fullmatch(cell) for cell in header):
        raise Unclear
    return Table(header=header, rows=rows)


def _is_headed(table: Table) -> bool:
    """Whether some column is all numbers below its title: otherwise the first row may be data too."""
    return any(all(map(_NUMBER.fullmatch, column)) for column in zip(*table.rows, strict=True))


def _column(found: re.Match[str], text: str) -> str:
    cells = read_table(text).column(_name(found))
    if any("\n" in cell or not cell for cell in cells):
        raise Unclear
    return "\n".join(cells)


def _numbers(found: re.Match[str], text: str) -> list[Fraction]:
    cells = read_table(text).column(_name(found))
    if not all(map(_NUMBER.fullmatch, cells)):
        raise Unclear
    return [Fraction(cell) for cell in cells]


def _sum(found: re.Match[str], text: str) -> str:
    return write_ratio(sum(_numbers(found, text), Fraction(0)))


def _average(found: re.Match[str], text: str) -> str:
    numbers = _numbers(found, text)
    return write_ratio(sum(numbers, Fraction(0)) / len(numbers))


def _row_count(found: re.Match[str], text: str) -> str:
    table = read_table(text)
    if not _is_headed(table):
        raise Unclear
    return f"{len(table.rows)} (not counting the header)"


def _to_json(found: re.Match[str], text: str) -> str:
    table = read_table(text)
    records = [dict(zip(table.header, row, strict=True)) for row in table.rows]
    return json.dumps(records, indent=2, ensure_ascii=False)


def _from_json(found: re.Match[str], text: str) -> str:
    check_json(text)
    try:
        records = msgspec.json.decode(text, type=list[dict[str, msgspec.Raw]])
    except (msgspec.MsgspecError, UnicodeError):
        raise Unclear from None
    if not records or any(list(record) != list(records[0]) for record in records):
        raise Unclear
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(records[0])
    writer.writerows([_cell(value) for value in record.values()] for record in records)
    return lines.getvalue().removesuffix("\n")


def _cell(raw: msgspec.Raw) -> str:
    """A text, or a number as it was spelled; null and what has an inside have no place in a cell."""
    value: Any = msgspec.json.decode(raw)
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, (list, dict)):
        raise Unclear
    return bytes(raw).decode()


def _name(found: re.Match[str]) -> str:
    return (found["name"] or found["named"]).strip()


_WISHES: Phrases[Callable[[re.Match[str], str], str]] = Phrases(
    (rf"(?:get|extract|list|select|print) {_COLUMN} (?:from|of|in) {_THE_CSV}", _column),
    (
        rf"(?:sum(?: of)?|add up|total|(?:what is |calculate )?the (?:sum|total) of) {_COLUMN} (?:from|of|in) {_THE_CSV}",
        _sum,
    ),
    (
        rf"(?:average(?: of)?|(?:what is |calculate )?the (?:average|mean) of) {_COLUMN} (?:from|of|in) {_THE_CSV}",
        _average,
    ),
    (rf"(?:how many rows (?:are (?:there )?)?|count (?:the )?(?:number of )?rows )(?:in|of) {_THE_CSV}", _row_count),
    (r"(?:convert )?(?:the |this |following )*csv (?:to|into|as) json @|convert @ from csv to json", _to_json),
    (r"(?:convert )?(?:the |this |following )*json (?:to|into|as) csv @|convert @ from json to csv", _from_json),
)
