"""A model's name stands for what its owner would expect."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from freehold.compute.catalog import Catalog, Ranks
from freehold.testing import FakeProvider
from freehold.testing.fake_provider import fake_offer
from freehold.words.offers import Offer


def names(ranks: Ranks) -> list[list[str]]:
    return [sorted(offer.name for offer in rank) for rank in ranks]


def house(**aliases: tuple[str, ...]) -> Catalog:
    catalog = Catalog(aliases)
    catalog.add(FakeProvider("groq", "llama-3-8b", "llama-3-70b"))
    catalog.add(FakeProvider("local", "llama-3-8b", "tiny"))
    return catalog


def test_auto_stands_for_every_offer() -> None:
    assert names(house().find("auto")) == [["groq/llama-3-70b", "groq/llama-3-8b", "local/llama-3-8b", "local/tiny"]]
    assert Catalog().find("auto") == ()


def test_a_full_name_stands_for_one_offer_and_a_bare_one_for_that_model_anywhere() -> None:
    assert names(house().find("groq/llama-3-8b")) == [["groq/llama-3-8b"]]
    assert names(house().find("llama-3-8b")) == [["groq/llama-3-8b", "local/llama-3-8b"]]
    assert house().find("nobody-has-this") == ()
    assert house().find("groq/nobody-has-this") == ()


def test_patterns_stand_for_all_that_match() -> None:
    assert names(house().find("groq/*")) == [["groq/llama-3-70b", "groq/llama-3-8b"]]
    assert names(house().find("llama-3-*")) == [["groq/llama-3-70b", "groq/llama-3-8b", "local/llama-3-8b"]]
    assert house().find("x*") == ()


def test_an_alias_stands_for_its_targets_in_their_order() -> None:
    catalog = house(fast=("local/*", "groq/llama-3-8b"), best=("groq/llama-3-70b", "auto"))
    assert names(catalog.find("fast")) == [["local/llama-3-8b", "local/tiny"], ["groq/llama-3-8b"]]
    assert names(catalog.find("best"))[0] == ["groq/llama-3-70b"]
    assert len(names(catalog.find("best"))[1]) == 4


def test_targets_that_stand_for_nothing_are_left_out() -> None:
    assert names(house(fast=("gone/*", "local/tiny")).find("fast")) == [["local/tiny"]]
    assert house(fast=("gone/*",)).find("fast") == ()


def test_a_wildcard_alias_hands_its_match_to_its_targets() -> None:
    catalog = house(**{"gpt-*": ("groq/llama-3-*",), "my/*/x": ("local/*",)})
    assert names(catalog.find("gpt-8b")) == [["groq/llama-3-8b"]]
    assert names(catalog.find("my/tiny/x")) == [["local/tiny"]]
    assert catalog.find("gpt-5b") == ()
    assert catalog.find("my/x") == ()  # the start and the end may not overlap


def test_an_alias_goes_before_a_model_of_that_name() -> None:
    assert names(house(tiny=("groq/llama-3-8b",)).find("tiny")) == [["groq/llama-3-8b"]]


class Makes:
    """Makes an offer of any model whose name holds `word`; claims those that begin with `claimed`."""

    def __init__(self, provider: str, word: str = "", *, claimed: str = "no such") -> None:
        self._provider, self._word, self._claimed = provider, word, claimed

    def __call__(self, model: str, /) -> Offer | None:
        return fake_offer(self._provider, model) if self._word in model else None

    def claims(self, model: str, /) -> bool:
        return model.startswith(self._claimed)


def test_a_provider_may_make_offers_of_models_it_does_not_list() -> None:
    catalog = Catalog()
    catalog.add(FakeProvider("open", "listed"), maker=Makes("open"))
    catalog.add(FakeProvider("picky"), maker=Makes("picky", "big", claimed="big"))
    assert names(catalog.find("open/anything/at-all")) == [["open/anything/at-all"]]
    assert catalog.find("picky/small") == ()
    assert names(catalog.find("bigger")) == [["picky/bigger"]]  # a bare name is made by those who claim it
    assert catalog.find("anything") == ()
    assert names(catalog.find("listed")) == [["open/listed"]]


def test_whoever_leaves_takes_everything_along() -> None:
    catalog = Catalog()
    catalog.add(FakeProvider("open"), maker=Makes("open"))
    catalog.remove("open")
    catalog.remove("open")
    assert catalog.find("auto") == catalog.find("open/x") == catalog.find("x") == ()


def test_a_provider_is_replaced_by_another_of_its_name() -> None:
    catalog = house()
    catalog.add(FakeProvider("local", "other"))
    assert names(catalog.find("local/*")) == [["local/other"]]
    assert len([provider for provider in catalog.providers if provider.name == "local"]) == 1


def test_every_change_is_told_by_the_version() -> None:
    catalog, seen = Catalog(), set[int]()
    for change in (
        lambda: catalog.add(FakeProvider("a")),
        lambda: catalog.rename({"x": ("a/*",)}),
        catalog.refresh,
        lambda: catalog.remove("a"),
    ):
        change()
        assert catalog.version not in seen
        seen.add(catalog.version)


words = st.text("ab/*-", min_size=1, max_size=6)


@given(words, st.dictionaries(words, st.lists(words, min_size=1, max_size=3).map(tuple), max_size=4))
def test_no_name_breaks_the_lookup_and_nothing_is_made_up(model: str, aliases: dict[str, tuple[str, ...]]) -> None:
    catalog = Catalog(aliases)
    catalog.add(FakeProvider("a", "ab", "b-a"))
    catalog.add(FakeProvider("b", "ab", "a/b"))
    known: set[Offer] = set(catalog.offers)
    ranks = catalog.find(model)
    assert all(rank and set(rank) <= known for rank in ranks)
