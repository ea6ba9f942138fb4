"""The price catalog as data: which model a name means at a provider, and what it costs when.

It holds what `genai-prices` holds, in a form that loads in milliseconds, and answers by the same rules: a provider by
its id, then by its clause; its models in order, each by its clause; then those of the providers whose models it resells, one
step deep; then all of that again with a compact date (-20251211) written out. Of several dated prices the last active one
counts.

Known differences, each towards "unknown": a model that the catalog lists without any rate is unknown unless its name says
":free", and rates that Freehold does not count (audio tokens, pages, searches) are left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import msgspec

from freehold.words.prices import FREE, Price

Clause = tuple[str, Any]
"""(kind, what to compare with); for "or" and "and", the second is a list of clauses."""

_COMPACT_DATE = re.compile(r"(-)(20\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)")


class Rates(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a model costs under one condition. A rate is a list of (prompt tokens above which it applies, US dollars)."""

    since: date | None = None
    """UTC date from which it applies."""
    start: time | None = None
    """UTC time of day from which it applies, every day, until `end`."""
    end: time | None = None
    rates: dict[str, list[tuple[int, float]]] = {}
    """By field of `Price`."""

    def active(self, moment: datetime) -> bool:
        """Whether it applies at a moment in UTC."""
        if self.since is not None:
            return moment.date() >= self.since
        if self.start is None or self.end is None:
            return True
        now = moment.timetz()
        if self.end < self.start:
            return now >= self.start or now < self.end
        return self.start <= now < self.end


class CatalogModel(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One model of one provider."""

    id: str
    match: Clause
    context: int | None = None
    """Most input tokens."""
    prices: list[Rates] = []

    def price(self, moment: datetime) -> Price | None:
        """What it costs at a moment in UTC; None where unknown."""
        if not self.prices:
            return None
        chosen = next((rates for rates in reversed(self.prices) if rates.active(moment)), self.prices[0])
        if not chosen.rates:
            return FREE if self.id.endswith(":free") else None
        return _price(chosen.rates)

    def changes(self, moment: datetime) -> Iterator[datetime]:
        """Later moments at which the price may become another."""
        for rates in self.prices:
            if rates.since is not None and rates.since > moment.date():
                yield datetime.combine(rates.since, time(), UTC)
            for boundary in (rates.start, rates.end):
                if boundary is not None:
                    today = datetime.combine(moment.date(), boundary)
                    yield today if today > moment else today + timedelta(days=1)


class CatalogProvider(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One provider. Its models are decoded when first asked for."""

    id: str
    match: Clause | None = None
    resells: list[str] = []
    models: msgspec.Raw = msgspec.Raw(b"[]")


class CatalogFile(msgspec.Struct, frozen=True, kw_only=True):
    """The whole catalog, and what it was made from."""

    source: str
    providers: list[CatalogProvider]


def matches(clause: Clause, text: str) -> bool:
    """Whether a clause holds for a text."""
    kind, what = clause
    return _KINDS[kind](what, text)


def dashed_date(name: str) -> str:
    """`name` with a compact date in it written out: -20251211 becomes -2025-12-11."""

    def write_out(match: re.Match[str]) -> str:
        year, month, day = (int(match[group]) for group in (2, 3, 4))
        try:
            return f"-{date(year, month, day).isoformat()}"
        except ValueError:
            return match[0]

    return _COMPACT_DATE.sub(write_out, name)


_KINDS: dict[str, Callable[[Any, str], bool]] = {
    "equals": lambda what, text: text.lower() == what.lower(),
    "starts_with": lambda what, text: text.lower().startswith(what.lower()),
    "ends_with": lambda what, text: text.lower().endswith(what.lower()),
    "contains": lambda what, text: what.lower() in text.lower(),
    "regex": lambda what, text: re.search(what, text) is not None,
    "or": lambda what, text: any(matches(clause, text) for clause in what),
    "and": lambda what, text: all(matches(clause, text) for clause in what),
}


def _price(rates: dict[str, list[tuple[int, float]]]) -> Price:
    thresholds = sorted({threshold for steps in rates.values() for threshold, _ in steps} - {0})
    above = tuple((threshold, Price(**_at(rates, threshold))) for threshold in thresholds)
    return Price(**_at(rates, 0), above=above)


def _at(rates: dict[str, list[tuple[int, float]]], tokens: int) -> dict[str, Any]:
    """Each rate as it is above that many prompt tokens."""
    return {name: [rate for start, rate in steps if start <= tokens][-1] for name, steps in rates.items()}
