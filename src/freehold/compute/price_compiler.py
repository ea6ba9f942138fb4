"""Turns the installed `genai-prices` package into a catalog file. Runs in a process of its own:

    python -m freehold.compute.price_compiler FILE SOURCE

Importing the package costs a second of CPU and tens of megabytes, which the gateway should not pay. The file appears whole
or not at all.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from freehold.compute.price_catalog import CatalogFile, CatalogModel, CatalogProvider, Clause, Rates

_CLAUSES = ("equals", "starts_with", "ends_with", "contains", "regex")
RATES = {
    "input_mtok": ("input", 1),
    "output_mtok": ("output", 1),
    "cache_read_mtok": ("cache_read", 1),
    "cache_write_mtok": ("cache_write", 1),
    "output_reasoning_mtok": ("reasoning", 1),
    "requests_kcount": ("request", 1000),
    "audio_hours": ("audio_minute", 60),
    "input_audio_hours": ("audio_minute", 60),
}
"""Field of the package's price: (field of `Price`, by what to divide)."""


def compile_catalog(source: str) -> CatalogFile:
    """The package's data as a catalog."""
    from genai_prices.data import providers

    return CatalogFile(source=source, providers=[_provider(provider) for provider in providers])


def write_catalog(path: Path, source: str) -> None:
    """Compile, and put the file in place in one step."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_bytes(msgspec.json.encode(compile_catalog(source)))
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _provider(provider: Any) -> CatalogProvider:
    return CatalogProvider(
        id=provider.id,
        match=_clause(provider.provider_match) if provider.provider_match else None,
        resells=list(provider.fallback_model_providers or ()),
        models=msgspec.Raw(msgspec.json.encode([_model(model) for model in provider.models])),
    )


def _model(model: Any) -> CatalogModel:
    priced = model.prices if isinstance(model.prices, list) else [model]
    return CatalogModel(
        id=model.id,
        match=_clause(model.match),
        context=model.context_window,
        prices=[_rates(condition) for condition in priced],
    )


def _clause(clause: Any) -> Clause:
    for kind in _CLAUSES:
        if hasattr(clause, kind):
            return (kind, getattr(clause, kind))
    kind = "or" if hasattr(clause, "or_") else "and"
    return (kind, [_clause(part) for part in getattr(clause, f"{kind}_")])


def _rates(priced: Any) -> Rates:
    """Rates of a dated price, or of a model that has only one."""
    constraint = getattr(priced, "constraint", None)
    found: dict[str, list[tuple[int, float]]] = {}
    for theirs, (ours, divisor) in RATES.items():
        value = priced.prices.__dict__.get(theirs)
        if value is not None:
            found[ours] = _steps(value, divisor)
    return Rates(
        since=getattr(constraint, "start_date", None),
        start=_utc(getattr(constraint, "start_time", None)),
        end=_utc(getattr(constraint, "end_time", None)),
        rates=found,
    )


def _steps(value: Any, divisor: int) -> list[tuple[int, float]]:
    if isinstance(value, Decimal):
        return [(0, float(value / divisor))]
    return [(0, float(value.base / divisor)), *((tier.start, float(tier.price / divisor)) for tier in value.tiers)]


def _utc(moment: time | None) -> time | None:
    if moment is None or moment.tzinfo is None:
        return moment and moment.replace(tzinfo=UTC)
    return datetime.combine(datetime(1970, 1, 1, tzinfo=UTC).date(), moment).astimezone(UTC).timetz()


if __name__ == "__main__":
    write_catalog(Path(sys.argv[1]), sys.argv[2])
