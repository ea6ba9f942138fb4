"""Prices: the same answers as the package they come from, without importing it."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from freehold.compute.prices import PriceBook
from freehold.ground.paths import Home
from freehold.words.prices import FREE, Usage, cost

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
PEAK = datetime(2026, 11, 21, 2, tzinfo=UTC)
LATER = datetime(2027, 6, 1, 12, tzinfo=UTC)


class Standing:
    """A clock that stands still."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def monotonic(self) -> float:
        return 0.0

    def now(self) -> float:
        return self.moment.timestamp()


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("home"))
    assert PriceBook(home).prepare()
    return home


@pytest.fixture
def book(prepared: Home) -> PriceBook:
    return PriceBook(prepared, clock=Standing(NOON))


def every_model() -> Iterator[tuple[Any, Any]]:
    from genai_prices.data import providers

    for provider in providers:
        for model in provider.models:
            yield provider, model


USAGES = [
    Usage(input=1_000),
    Usage(input=1_000, output=500),
    Usage(input=100_001, cache_read=50_000, output=2_000, reasoning=700),
    Usage(input=300_000, cache_read=1_000, cache_write=2_000, output=10),
    Usage(input=900_000, output=1),
]


def theirs(usage: Usage) -> Any:
    from genai_prices import Usage as Counted

    return Counted(
        input_tokens=usage.prompt,
        cache_read_tokens=usage.cache_read,
        cache_write_tokens=usage.cache_write,
        output_tokens=usage.completion,
        output_reasoning_tokens=usage.reasoning,
    )


@pytest.mark.parametrize("moment", [NOON, PEAK, LATER], ids=["noon", "peak", "later"])
def test_every_model_costs_what_the_package_says(prepared: Home, moment: datetime) -> None:
    from genai_prices import calc_price

    book = PriceBook(prepared, clock=Standing(moment))
    compared = unknown = 0
    for provider, model in every_model():
        if moment is not NOON and not isinstance(model.prices, list):
            continue
        price = book.find(provider.id, model.id)
        for usage in USAGES:
            ours = cost(price, usage)
            if ours is None:
                unknown += 1
                continue
            said = calc_price(theirs(usage), model.id, provider_id=provider.id, genai_request_timestamp=moment)
            assert ours == pytest.approx(float(said.total_price), rel=1e-9, abs=1e-12), (provider.id, model.id, usage)
            compared += 1
    assert compared > 5 * unknown


def test_a_rate_is_known_exactly_where_the_package_has_one(book: PriceBook) -> None:
    from genai_prices.data_snapshot import get_snapshot

    from freehold.compute.price_compiler import RATES

    for provider, model in every_model():
        try:
            _, said = get_snapshot().find_provider_model(model.id, None, provider.id, None)
        except LookupError:
            assert book.find(provider.id, model.id) is None
            continue
        rates = {key for key in RATES if said.get_prices(NOON).__dict__.get(key) is not None}
        found = book.find(provider.id, model.id)
        if not rates:
            assert found == (FREE if said.id.endswith(":free") else None)
            continue
        assert found is not None
        ours = {
            field for field in ("input", "output", "cache_read", "cache_write") if getattr(found, field) is not None
        }
        assert ours == {field for field in ("input", "output", "cache_read", "cache_write") if f"{field}_mtok" in rates}


@pytest.mark.parametrize("change", [str, str.upper, "{}-20251211".format, "{}-2025-12-11".format, "x-{}".format])
def test_names_mean_the_same_model_as_in_the_package(book: PriceBook, change: Any) -> None:
    from genai_prices.data_snapshot import get_snapshot

    snapshot = get_snapshot()
    found = 0
    for provider, model in every_model():
        name = change(model.id)
        try:
            _, said = snapshot.find_provider_model(name, None, provider.id, None)
        except LookupError:
            assert book.entry(provider.id, name) is None
            continue
        entry = book.entry(provider.id, name)
        assert entry is not None and entry.id == said.id, (provider.id, name)
        assert entry.context == said.context_window
        found += 1
    assert found > 100


@pytest.mark.parametrize(
    "name", ["Anthropic", "anthropic-eu", "aws-bedrock", "google-vertex", "together_ai", " OPENAI "]
)
def test_provider_names_mean_the_same_provider_as_in_the_package(book: PriceBook, name: str) -> None:
    from genai_prices.data_snapshot import find_provider_by_id, get_snapshot

    provider = find_provider_by_id(get_snapshot().providers, name)
    assert provider is not None
    assert book.find(name, provider.models[-1].id) == book.find(provider.id, provider.models[-1].id)


def test_what_nobody_knows_is_unknown_and_what_is_named_free_is_free(book: PriceBook) -> None:
    assert book.find("openai", "no-such-model") is None
    assert book.find("no-such-provider", "gpt-4o") is None
    assert book.context("openai", "no-such-model") is None
    assert book.find("openrouter", "openai/gpt-oss-20b:free") == FREE


def test_audio_is_priced_by_the_minute(book: PriceBook) -> None:
    price = book.find("openai", "whisper-1")
    assert cost(price, Usage(audio_seconds=600)) == pytest.approx(0.06)
    assert cost(price, Usage(input=1)) is None


def test_a_price_that_will_change_says_when(prepared: Home) -> None:
    book = PriceBook(prepared, clock=Standing(PEAK))
    change = book.next_change("deepseek", ["deepseek-flash"])
    assert change == datetime(2026, 11, 21, 4, tzinfo=UTC).timestamp()
    after = PriceBook(prepared, clock=Standing(datetime(2026, 11, 21, 4, tzinfo=UTC)))
    assert after.find("deepseek", "deepseek-flash") != book.find("deepseek", "deepseek-flash")
    assert book.next_change("openai", ["gpt-4o"]) is None


def test_before_it_is_prepared_everything_is_unknown(tmp_path: Path) -> None:
    book = PriceBook(Home(tmp_path))
    assert book.find("openai", "gpt-4o") is None
    assert not book.ready
    assert book.prepare()
    assert book.find("openai", "gpt-4o") is not None
    assert not book.prepare()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"source":"another version","providers":[]}', b"\xff\xfe"])
def test_a_stale_or_broken_file_is_compiled_anew(tmp_path: Path, content: bytes) -> None:
    home = Home(tmp_path)
    (home.cache / "prices.json").write_bytes(content)
    book = PriceBook(home)
    assert book.find("openai", "gpt-4o") is None
    assert book.prepare()
    assert [path.name for path in home.cache.iterdir()] == ["prices.json"]


def test_looking_prices_up_imports_no_heavy_library(prepared: Home) -> None:
    program = (
        "import sys; from pathlib import Path; from freehold.ground.paths import Home\n"
        "from freehold.compute.prices import PriceBook\n"
        f"assert PriceBook(Home(Path({str(prepared.root)!r}))).find('openai', 'gpt-4o')\n"
        "print([name for name in ('genai_prices', 'pydantic', 'httpx') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert said.stdout.strip() == "[]"
