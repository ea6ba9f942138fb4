"""From rows to offers."""

import pytest

from freehold.compute.offering import Overrides, offer_for, offers_for
from freehold.compute.rows import load_rows
from freehold.words.dialects import Capability, Dialect
from freehold.words.offers import Layer, Place
from freehold.words.prices import FREE, Price

ROWS = load_rows()
CATALOG = {("openai", "gpt-4o"): Price(input=2.5, output=10.0)}


def find(provider: str, model: str) -> Price | None:
    return CATALOG.get((provider, model))


def test_models_listed_by_name_are_offered_and_wildcards_are_not() -> None:
    names = [offer.name for offer in offers_for(ROWS["zai"])]
    assert names == ["zai/glm-4.7", "zai/glm-4.5"]
    assert offers_for(ROWS["runpod"]) == ()


def test_a_wildcard_model_becomes_an_offer_when_it_is_named() -> None:
    offer = offer_for(ROWS["runpod"], "me/my-finetune")
    assert offer is not None
    assert offer.name == "runpod/me/my-finetune"
    assert offer.place is Place.RENTED
    assert offer.dialects == {Dialect.CHAT, Dialect.COMPLETIONS}


def test_a_model_that_the_row_does_not_have_is_no_offer() -> None:
    assert offer_for(ROWS["zai"], "gpt-4o") is None
    assert offers_for(ROWS["zai"], models=["gpt-4o", "glm-4.7"]) == offers_for(ROWS["zai"], models=["glm-4.7"])


def test_an_offer_answers_only_in_dialects_its_model_is_made_for() -> None:
    embedding = offer_for(ROWS["openai"], "text-embedding-3-small")
    chat = offer_for(ROWS["openai"], "gpt-4o")
    claude = offer_for(ROWS["anthropic"], "claude-opus-5-5")
    assert embedding is not None and embedding.dialects == {Dialect.EMBEDDINGS}
    assert chat is not None and chat.dialects == {Dialect.CHAT, Dialect.RESPONSES}
    assert claude is not None and claude.dialects == {Dialect.MESSAGES, Dialect.COUNT_TOKENS}


def test_a_price_comes_from_the_catalog_and_an_unknown_one_stays_unknown() -> None:
    offers = {offer.model: offer for offer in offers_for(ROWS["openai"], find_price=find)}
    assert offers["gpt-4o"].price == Price(input=2.5, output=10.0)
    assert offers["gpt-4.1"].price is None


@pytest.mark.parametrize("name", ["runpod", "vast", "lambda", "self_hosted", "openai-compatible"])
def test_hours_of_a_machine_have_no_price_per_token_until_the_user_states_one(name: str) -> None:
    def never(provider: str, model: str) -> Price | None:
        raise AssertionError("looked up")

    offer = offer_for(ROWS[name], "m", find_price=never)
    assert offer is not None and offer.price is None
    stated = offer_for(ROWS[name], "m", overrides=Overrides(price=Price(input=0.2, output=0.2)))
    assert stated is not None and stated.price == Price(input=0.2, output=0.2)


def test_own_hardware_is_free_but_the_same_server_on_a_rented_machine_is_not() -> None:
    here = offer_for(ROWS["vllm"], "qwen")
    rented = offer_for(ROWS["vllm"], "qwen", overrides=Overrides(place=Place.RENTED))
    assert here is not None and here.price == FREE
    assert rented is not None and rented.price is None


def test_data_that_stays_at_home_is_kept_by_nobody_and_of_others_nothing_is_guessed() -> None:
    here = offer_for(ROWS["ollama"], "qwen")
    cloud = offer_for(ROWS["zai"], "glm-4.7")
    assert here is not None and here.retention_days == 0
    assert cloud is not None and cloud.retention_days is None and cloud.region is None


def test_the_user_has_the_last_word() -> None:
    said = Overrides(
        provider="basement",
        place=Place.OWN,
        region="eu",
        retention_days=3,
        capabilities=frozenset({Capability.EMBEDDING}),
        context=512,
        max_output=1,
        parameters=5e8,
        watts=40.0,
        preference=-1,
    )
    offer = offer_for(ROWS["vllm"], "qwen", overrides=said)
    assert offer is not None
    assert (offer.provider, offer.place, offer.region, offer.retention_days) == ("basement", Place.OWN, "eu", 3)
    assert (offer.context, offer.max_output, offer.watts, offer.preference) == (512, 1, 40.0, -1)
    assert (offer.layer, offer.dialects) == (Layer.TINY, {Dialect.EMBEDDINGS})
