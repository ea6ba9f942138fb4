"""Which offers may answer, and in which order: the same for the same question, and explained."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stack_bench import asking

from freehold.ground.units import Usd
from freehold.stack.bounds import bounds_of
from freehold.stack.selection import Plan, Wanted, make_plan
from freehold.testing.fake_provider import fake_offer
from freehold.words.asks import ComputeRequirements, Privacy
from freehold.words.dialects import Capability, Dialect
from freehold.words.offers import Layer, Offer, Place
from freehold.words.prices import FREE, Price

CHAT = frozenset({Capability.CHAT})
OWN = (Place.LOCAL, Place.OWN)


def wanted(**details: Any) -> Wanted:
    return Wanted(**{"model": "auto", "dialect": Dialect.CHAT, "needs": CHAT, **details})


def within(**limits: Any) -> Wanted:
    return wanted(requirements=ComputeRequirements(**limits))


def order(plan: Plan) -> list[str]:
    return [choice.offer.provider for choice in plan.choices]


def why_not(offer: Offer, question: Wanted) -> str:
    plan = make_plan(((offer,),), question)
    assert not plan.choices
    return plan.rejected[0].why


CODE = fake_offer("code", "calculator", layer=Layer.CODE, place=Place.LOCAL, price=FREE)
SMALL = fake_offer("small", place=Place.LOCAL, price=FREE, parameters=1e9)
BIG = fake_offer("big", place=Place.OWN, price=FREE, parameters=30e9)
SIZELESS = fake_offer("sizeless", place=Place.OWN, price=FREE)
CHEAP = fake_offer("cheap", price=Price(input=1.0, output=2.0))
DEAR = fake_offer("dear", price=Price(input=10.0, output=30.0))
UNKNOWN = fake_offer("unknown", price=None)
RENTED = fake_offer("rented", place=Place.RENTED, price=Price(input=0.1, output=0.1))


@pytest.mark.parametrize(
    ("offers", "expected"),
    [
        ([CHEAP, SMALL, CODE, BIG], ["code", "big", "small", "cheap"]),
        ([SMALL, SIZELESS, BIG], ["big", "sizeless", "small"]),
        ([UNKNOWN, DEAR, CHEAP], ["cheap", "dear", "unknown"]),
        ([CHEAP, RENTED, SMALL], ["small", "rented", "cheap"]),
        ([UNKNOWN, SMALL], ["small", "unknown"]),
    ],
)
def test_own_compute_comes_first_then_what_is_cheaper(offers: list[Offer], expected: list[str]) -> None:
    for permuted in itertools.permutations(offers):
        assert order(make_plan((permuted,), wanted())) == expected


def test_the_users_preference_goes_before_everything_but_ranks() -> None:
    preferred = msgspec.structs.replace(DEAR, preference=-1)
    assert order(make_plan(((SMALL, CHEAP, preferred),), wanted())) == ["dear", "small", "cheap"]
    assert order(make_plan(((CHEAP,), (preferred, SMALL)), wanted())) == ["cheap", "dear", "small"]


def test_equals_share_a_rank_and_others_do_not() -> None:
    twins = [fake_offer(name, price=Price(input=1.0, output=2.0)) for name in ("a", "b")]
    plan = make_plan(((*twins, DEAR),), wanted())
    assert [choice.rank for choice in plan.choices] == [0, 0, 1]


def test_an_offer_that_stands_in_two_ranks_is_asked_once_in_the_first() -> None:
    plan = make_plan(((DEAR,), (CHEAP, DEAR)), wanted())
    assert order(plan) == ["dear", "cheap"]


@pytest.mark.parametrize(
    ("offer", "question", "words"),
    [
        (CHEAP, wanted(allowed=("local/*",)), "allow-list"),
        (CHEAP, wanted(dialect=Dialect.RERANK), "does not speak rerank"),
        (
            msgspec.structs.replace(CHEAP, capabilities=CHAT),
            wanted(needs=CHAT | {Capability.VISION}),
            "cannot do: vision",
        ),
        (
            msgspec.structs.replace(CHEAP, capabilities=CHAT),
            within(capabilities=frozenset({Capability.TOOLS})),
            "cannot do: tools",
        ),
        (CHEAP, within(privacy=Privacy.OWN), "privacy is own, and it runs in the cloud"),
        (BIG, within(privacy=Privacy.LOCAL), "privacy is local, and it runs in the own"),
        (CHEAP, within(region="eu"), "its region is unknown, not eu"),
        (msgspec.structs.replace(CHEAP, region="us-east"), within(region="eu"), "its region is us-east, not eu"),
        (CHEAP, within(max_retention_days=30), "its data retention is unknown"),
        (msgspec.structs.replace(CHEAP, retention_days=31), within(max_retention_days=30), "31 days, more than 30"),
        (msgspec.structs.replace(CHEAP, context=100), wanted(size=8192), "longer than its context of 100"),
    ],
)
def test_every_rejection_says_why(offer: Offer, question: Wanted, words: str) -> None:
    assert words in why_not(offer, question)


@pytest.mark.parametrize(
    ("offer", "question"),
    [
        (CHEAP, wanted(allowed=("cheap/*",))),
        (CHEAP, wanted(allowed=("tiny",))),
        (CHEAP, wanted(model="best", allowed=("best",))),
        (CHEAP, wanted(allowed=("local/*", "*"))),
        (CHEAP, wanted(dialect=Dialect.MESSAGES)),
        (msgspec.structs.replace(CHEAP, region="eu-west"), within(region="eu")),
        (msgspec.structs.replace(CHEAP, retention_days=30), within(max_retention_days=30)),
        (msgspec.structs.replace(CHEAP, context=1024), wanted(size=8192)),
        (SMALL, within(privacy=Privacy.LOCAL)),
        (BIG, within(privacy=Privacy.OWN)),
    ],
)
def test_whoever_meets_the_limits_may_answer(offer: Offer, question: Wanted) -> None:
    assert make_plan(((offer,),), question).choices


def dear(limit: float, **fields: Any) -> Wanted:
    ask = asking(**fields)
    limits = ComputeRequirements(max_usd=Usd(limit))
    return wanted(requirements=limits, bounds=bounds_of(ask))


def test_money_is_limited_by_the_most_it_may_cost() -> None:
    offer = fake_offer("any", price=Price(input=0.0, output=100.0))
    assert make_plan(((offer,),), dear(0.01, max_tokens=100)).choices
    assert "may cost up to $0.010100, more than $0.010000" in why_not(offer, dear(0.01, max_tokens=101))
    assert "may cost up to $0.100000" in why_not(offer, dear(0.01))  # the model's own bound
    unbounded = fake_offer("any", price=Price(input=0.0, output=100.0), max_output=None)
    assert "may cost up to $1.638400" in why_not(unbounded, dear(0.01))  # the bound it will be given
    assert "price is unknown" in why_not(UNKNOWN, dear(1000.0))
    assert make_plan(((SMALL,),), dear(0.0)).choices


def test_reasons_tell_place_and_price() -> None:
    plan = make_plan(((CODE, SMALL, BIG, CHEAP, UNKNOWN),), wanted())
    whys = {choice.offer.provider: choice.why for choice in plan.choices}
    assert "plain code" in whys["code"]
    assert "this machine" in whys["small"]
    assert "of your own" in whys["big"]
    assert whys["cheap"] == "cloud, $1 in and $2 out per million tokens"
    assert "price unknown" in whys["unknown"]


rates = st.none() | st.floats(0, 100)
offers = st.builds(
    fake_offer,
    st.sampled_from(["a", "b", "c", "d"]),
    st.sampled_from(["m1", "m2", "m3"]),
    place=st.sampled_from(Place),
    layer=st.sampled_from([Layer.CODE, Layer.SMALL, Layer.LARGE]),
    price=st.none() | st.builds(Price, input=rates, output=rates),
    preference=st.integers(-1, 1),
    parameters=st.none() | st.sampled_from([5e8, 7e9, 7e10]),
    capabilities=st.frozensets(st.sampled_from([Capability.CHAT, Capability.TOOLS, Capability.VISION])),
    region=st.none() | st.sampled_from(["eu-west", "us-east"]),
    retention_days=st.none() | st.integers(0, 60),
    context=st.none() | st.integers(1, 10_000),
)
questions = st.builds(
    Wanted,
    model=st.sampled_from(["auto", "m1"]),
    dialect=st.sampled_from(Dialect),
    needs=st.frozensets(st.sampled_from([Capability.CHAT, Capability.TOOLS])),
    requirements=st.builds(
        ComputeRequirements,
        privacy=st.sampled_from(Privacy),
        region=st.none() | st.just("eu"),
        max_retention_days=st.none() | st.integers(0, 60),
        max_usd=st.none() | st.floats(0, 1),
    ),
    allowed=st.lists(st.sampled_from(["a/*", "*/m2", "m1", "auto"]), max_size=2).map(tuple),
    size=st.integers(0, 100_000),
    bounds=st.just(bounds_of(asking(max_tokens=1000))),
)
ranks = st.lists(st.lists(offers, max_size=5).map(tuple), max_size=3).map(tuple)


@given(ranks, questions)
def test_every_offer_is_either_chosen_or_rejected_and_nobody_twice(
    found: tuple[tuple[Offer, ...], ...], q: Wanted
) -> None:
    plan = make_plan(found, q)
    names = [each.offer.name for each in (*plan.choices, *plan.rejected)]
    assert sorted(names) == sorted({offer.name for rank in found for offer in rank})
    assert all(each.why for each in (*plan.choices, *plan.rejected))


@given(ranks, questions)
def test_no_request_goes_further_than_its_privacy_allows(found: tuple[tuple[Offer, ...], ...], q: Wanted) -> None:
    places = {choice.offer.place for choice in make_plan(found, q).choices}
    if q.requirements.privacy is Privacy.LOCAL:
        assert places <= {Place.LOCAL}
    if q.requirements.privacy is Privacy.OWN:
        assert places <= set(OWN)


@given(ranks, questions)
def test_no_key_gets_what_its_list_does_not_have(found: tuple[tuple[Offer, ...], ...], q: Wanted) -> None:
    for choice in make_plan(found, q).choices:
        offer = choice.offer
        named = {
            "a/*": offer.provider == "a",
            "*/m2": offer.model == "m2",
            "m1": "m1" in (offer.model, q.model),
            "auto": q.model == "auto",
        }
        assert not q.allowed or any(named[pattern] for pattern in q.allowed)


@given(ranks, questions)
def test_the_order_keeps_its_laws(found: tuple[tuple[Offer, ...], ...], q: Wanted) -> None:
    plan = make_plan(found, q)
    first_rank: dict[str, int] = {}
    for number, rank in enumerate(found):
        for offer in rank:
            first_rank.setdefault(offer.name, number)
    for before, after in itertools.pairwise(plan.choices):
        a, b = before.offer, after.offer
        assert before.rank <= after.rank
        standing = [(first_rank[o.name], o.preference, o.place not in OWN) for o in (a, b)]
        assert standing[0] <= standing[1]
        if standing[0] == standing[1]:
            assert (a.layer is not Layer.CODE) <= (b.layer is not Layer.CODE)
            if a.place not in OWN and (a.layer is Layer.CODE) == (b.layer is Layer.CODE):
                assert _known(a) or not _known(b)


def _known(offer: Offer) -> bool:
    return offer.price is not None and offer.price.input is not None and offer.price.output is not None


@given(st.lists(offers, max_size=6, unique_by=lambda offer: offer.name), questions, st.randoms())
def test_the_order_of_offers_in_a_rank_does_not_matter(found: list[Offer], q: Wanted, random: Any) -> None:
    shuffled = list(found)
    random.shuffle(shuffled)
    one, other = make_plan((tuple(found),), q), make_plan((tuple(shuffled),), q)

    def by_rank(plan: Plan) -> list[tuple[int, str]]:
        return sorted((choice.rank, choice.offer.name) for choice in plan.choices)

    assert by_rank(one) == by_rank(other)


@given(ranks, questions)
def test_a_plan_is_the_same_every_time(found: tuple[tuple[Offer, ...], ...], q: Wanted) -> None:
    assert make_plan(found, q) == make_plan(found, q)
    hash(q)
