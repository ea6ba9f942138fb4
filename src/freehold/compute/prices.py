"""What models cost, by the catalog of the `genai-prices` package, without ever importing it here.

The catalog is compiled once per version of the package, by a child process, into Freehold's cache directory; later it loads
in milliseconds. Until it has been compiled every price is unknown: `prepare` compiles it, off the event loop.

    book = PriceBook(home())
    book.prepare()                          # blocks; does nothing if the catalog is there
    book.find("openai", "gpt-4o")           # a Price, or None: unknown, which is never free

Prices the user states take precedence and are not known here. The catalog's are list prices at the standard tier: no
discounts, no minimum per request, and audio that is billed by the token is billed as text.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import msgspec

from freehold.compute.price_catalog import CatalogFile, CatalogModel, CatalogProvider, dashed_date, matches
from freehold.ground.clock import Clock, SystemClock
from freehold.ground.errors import NotAvailable
from freehold.ground.paths import Home
from freehold.words.prices import Price

_FILE = "prices.json"
_COMPILE_SECONDS = 120
_REMEMBERED = 4096
_MAX_BYTES = 32 << 20


class PriceBook:
    """Looks up prices and context windows. Cheap to make: reads nothing before it is asked."""

    def __init__(self, home: Home, *, clock: Clock | None = None) -> None:
        self._home = home
        self._clock = clock or SystemClock()
        self._providers: dict[str, CatalogProvider] = {}
        self._models: dict[str, list[CatalogModel]] = {}
        self._found: dict[tuple[str, str], CatalogModel | None] = {}
        self._looked = False

    @property
    def ready(self) -> bool:
        """Whether the catalog of the installed package has been compiled."""
        self._load()
        return bool(self._providers)

    def prepare(self) -> bool:
        """Compile the catalog if that has not been done; whether there are prices now that there were not.

        Blocks for about a second of another process's CPU. Raises NotAvailable if it fails.
        """
        if self.ready:
            return False
        source = _source()
        if source is None:
            raise NotAvailable(
                "The package genai-prices is missing; prices stay unknown.", advice="Reinstall Freehold."
            )
        path = self._home.cache / _FILE
        command = [sys.executable, "-P", "-m", "freehold.compute.price_compiler", str(path), source]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=_COMPILE_SECONDS)  # noqa: S603
        except (subprocess.SubprocessError, OSError) as error:
            raise NotAvailable(
                "The price catalog could not be compiled; prices stay unknown.",
                advice="State prices in the configuration, or reinstall genai-prices.",
            ) from error
        self._looked = False
        return self.ready

    def find(self, provider: str, model: str) -> Price | None:
        """What a model costs now at a provider of the catalog; None where unknown."""
        entry = self.entry(provider, model)
        return entry.price(self._now()) if entry is not None else None

    def context(self, provider: str, model: str) -> int | None:
        """How many tokens a model takes in; None where unknown."""
        entry = self.entry(provider, model)
        return entry.context if entry is not None else None

    def entry(self, provider: str, model: str) -> CatalogModel | None:
        """The catalog's entry that a model's name means at a provider."""
        key = (provider, model)
        if key not in self._found:
            self._load()
            if not self._providers:
                return None
            if len(self._found) >= _REMEMBERED:
                self._found.clear()
            self._found[key] = self._look_up(provider.lower().strip(), model.lower())
        return self._found[key]

    def next_change(self, provider: str, models: Iterable[str]) -> float | None:
        """When the price of any of these models may next become another: seconds since the epoch; None if never."""
        now = self._now()
        entries = (self.entry(provider, model) for model in models)
        moments = [moment for entry in entries if entry is not None for moment in entry.changes(now)]
        return min(moments).timestamp() if moments else None

    def _look_up(self, provider: str, model: str) -> CatalogModel | None:
        found = self._providers.get(provider) or next(
            (each for each in self._providers.values() if each.match is not None and matches(each.match, provider)),
            None,
        )
        if found is None:
            return None
        dashed = dashed_date(model)
        entry = self._match(found, model)
        return self._match(found, dashed) if entry is None and dashed != model else entry

    def _match(self, provider: CatalogProvider, model: str) -> CatalogModel | None:
        for name in (provider.id, *provider.resells):
            for entry in self._models_of(name):
                if matches(entry.match, model):
                    return entry
        return None

    def _models_of(self, provider: str) -> list[CatalogModel]:
        if provider not in self._models:
            known = self._providers.get(provider)
            self._models[provider] = msgspec.json.decode(known.models, type=list[CatalogModel]) if known else []
        return self._models[provider]

    def _load(self) -> None:
        """Read the compiled catalog, if there is one that fits the installed package."""
        if self._looked:
            return
        self._looked = True
        self._found.clear()
        self._models.clear()
        catalog = _read(self._home.cache / _FILE)
        fits = catalog is not None and catalog.source == _source()
        self._providers = {provider.id: provider for provider in catalog.providers} if catalog and fits else {}

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.now(), UTC)


def _read(path: Path) -> CatalogFile | None:
    """The catalog in a file; None where it is missing or not one, and then it is compiled anew."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            return None
        return msgspec.json.decode(path.read_bytes(), type=CatalogFile)
    except (OSError, msgspec.MsgspecError):
        return None


def _source() -> str | None:
    """What names the installed version of the package without importing it: the size and date of its data."""
    spec = find_spec("genai_prices")
    if spec is None or spec.origin is None:
        return None
    data = Path(spec.origin).with_name("data.py").stat()
    return f"genai-prices {data.st_size} {data.st_mtime_ns}"
