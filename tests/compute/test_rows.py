"""The provider rows are data; this is their schema test."""

from urllib.parse import urlsplit

import pytest

from freehold.compute.offering import dialects_for
from freehold.compute.rows import Auth, Kind, Pricing, Row, fill, load_rows, parse_rows
from freehold.ground.errors import InvalidConfig
from freehold.words.dialects import Capability, Dialect
from freehold.words.offers import Place

ROWS = load_rows()
every_row = pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())

ASKED_FOR = {
    *("zai", "openrouter", "together", "openai", "deepseek", "groq", "mistral", "gemini", "anthropic"),
    *("runpod", "vast", "lambda", "ollama", "vllm", "sglang", "llamacpp", "lmstudio"),
    *("self_hosted", "openai-compatible"),
}


def test_every_provider_that_was_asked_for_has_a_row() -> None:
    assert set(ROWS) == ASKED_FOR


@every_row
def test_a_row_travels_encrypted_unless_it_stays_on_this_machine(row: Row) -> None:
    if not row.base_url:
        return
    parts = urlsplit(row.base_url)
    assert parts.scheme == ("http" if row.type is Kind.LOCAL else "https")
    assert (parts.hostname == "127.0.0.1") == (row.type is Kind.LOCAL)
    assert not row.base_url.endswith("/")
    assert not parts.query and not parts.fragment and not parts.username


@every_row
def test_a_row_that_needs_a_key_says_where_to_find_it(row: Row) -> None:
    assert not row.key_required or row.key_env
    assert row.auth is not Auth.NONE or not row.key_env
    assert all(name.isupper() and name.endswith("_API_KEY") for name in row.key_env)


@every_row
def test_no_header_of_a_row_can_carry_a_key(row: Row) -> None:
    assert not {name.lower() for name in row.headers} & {"authorization", "x-api-key", "api-key", "cookie"}


@every_row
def test_every_model_can_be_asked_in_some_dialect_of_its_row(row: Row) -> None:
    assert row.models
    for model in row.models:
        assert dialects_for(row, model.capabilities), f"{row.name}/{model.id}"


@every_row
def test_every_dialect_of_a_row_serves_some_model(row: Row) -> None:
    assert {dialect for model in row.models for dialect in dialects_for(row, model.capabilities)} == row.dialects


@every_row
def test_model_names_in_a_row_are_unique_and_reachable(row: Row) -> None:
    names = [model.id for model in row.models]
    assert len(set(names)) == len(names)
    for model in row.models:
        assert row.model(model.id) is model


@every_row
def test_paths_begin_with_a_slash_and_belong_to_spoken_dialects(row: Row) -> None:
    assert set(row.paths) <= row.dialects
    assert all(row.path(dialect).startswith("/") for dialect in row.dialects)


@every_row
def test_only_what_runs_at_home_is_free(row: Row) -> None:
    assert row.pricing is not Pricing.FREE or row.place is Place.LOCAL
    assert row.pricing is not Pricing.PER_TOKEN or row.type is Kind.API


@every_row
def test_numbers_are_plausible(row: Row) -> None:
    for model in row.models:
        assert model.context is None or 1_000 <= model.context <= 10_000_000
        assert model.max_output is None or (model.context is not None and model.max_output <= model.context)
        assert model.parameters is None or 1e6 < model.parameters < 1e13


def test_catalog_names_are_known_to_the_catalog() -> None:
    from genai_prices.data import providers

    known = {provider.id for provider in providers}
    assert {row.prices for row in ROWS.values() if row.prices} <= known
    assert all(row.prices for row in ROWS.values() if row.pricing is Pricing.PER_TOKEN and row.base_url)


def test_discovery_ports_are_distinct() -> None:
    ports = [row.discovery_port for row in ROWS.values() if row.discovery_port]
    assert sorted(ports) == [1234, 8000, 8080, 11434, 30000]


def test_an_exact_model_is_found_before_a_wildcard_and_an_earlier_wildcard_before_a_later() -> None:
    openai = ROWS["openai"]
    assert openai.model("gpt-4o") is not None
    assert openai.model("gpt-4o").context == 128_000  # type: ignore[union-attr]
    assert Capability.TRANSCRIPTION in openai.model("gpt-9-transcribe").capabilities  # type: ignore[union-attr]
    assert Capability.REASONING in openai.model("o4-mini").capabilities  # type: ignore[union-attr]
    assert openai.model("nothing-of-ours") is None


def test_anthropic_is_a_row_too() -> None:
    row = ROWS["anthropic"]
    assert row.dialects == {Dialect.MESSAGES, Dialect.COUNT_TOKENS}
    assert row.auth is Auth.X_API_KEY
    assert row.headers == {"anthropic-version": "2023-06-01"}
    assert row.base_url + row.path(Dialect.COUNT_TOKENS) == "https://api.anthropic.com/v1/messages/count_tokens"


def test_user_parts_are_filled_in() -> None:
    row = ROWS["runpod"]
    assert row.user_parts == ("ENDPOINT_ID",)
    assert fill(row.base_url, {"ENDPOINT_ID": "ab12-x"}) == "https://api.runpod.ai/v2/ab12-x/openai/v1"


@pytest.mark.parametrize(
    "value", ["", "..", "a/b", "a@evil.example", "a?b", "a#b", "a:80", "a b", "a\r\nb", "ä", "<X>", "a" * 200]
)
def test_a_user_part_cannot_become_another_address(value: str) -> None:
    with pytest.raises(InvalidConfig):
        fill(ROWS["runpod"].base_url, {"ENDPOINT_ID": value})


MINIMAL = 'title = "T"\ntype = "api"\ndialects = ["chat"]\npricing = "free"\n'


@pytest.mark.parametrize(
    "text",
    [
        "[p]\n" + MINIMAL + "surprise = 1",
        "[p]\n" + MINIMAL.replace('"chat"', '"telepathy"'),
        "[p]\n" + MINIMAL.replace('type = "api"\n', ""),
        "[p]\n" + MINIMAL + 'name = "q"\n[p]\n',
        "p = 1",
        "[p",
    ],
)
def test_a_wrong_row_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidConfig):
        parse_rows(text)


def test_a_row_cannot_rename_itself() -> None:
    with pytest.raises(InvalidConfig):
        parse_rows("[p]\n" + MINIMAL + 'name = "q"')
