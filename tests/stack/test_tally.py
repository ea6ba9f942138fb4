"""Totals over receipts."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from freehold.ground.units import Joules, Seconds, Usd
from freehold.stack.tally import OTHER, Histogram, Tally
from freehold.words.dialects import Dialect
from freehold.words.prices import Usage
from freehold.words.receipts import Attempt, Basis, Energy, Outcome, Receipt

# Money and joules in halves, whose sums are exact in any order.
halves = st.integers(0, 8).map(lambda count: count / 2)
attempts = st.builds(
    Attempt,
    provider=st.sampled_from(["a", "b"]),
    model=st.just("m"),
    started=st.just(Seconds(0.0)),
    seconds=halves.map(Seconds),
    outcome=st.sampled_from(list(Outcome)),
    error=st.sampled_from(["", "provider_broken"]),
)
receipts = st.builds(
    Receipt,
    id=st.just("req"),
    time=st.just(0.0),
    dialect=st.sampled_from(list(Dialect)),
    asked=st.just("auto"),
    outcome=st.sampled_from(list(Outcome)),
    provider=st.sampled_from(["", "a", "b"]),
    model=st.sampled_from(["m", "n"]),
    layer=st.none() | st.integers(2, 6),
    cached=st.booleans(),
    usage=st.builds(Usage, input=st.integers(0, 9), output=st.integers(0, 9)),
    usd=st.none() | halves.map(Usd),
    energy=st.none() | st.builds(Energy, joules=halves.map(Joules), basis=st.sampled_from(list(Basis))),
    first_byte=st.none() | halves.map(Seconds),
    seconds=halves.map(Seconds),
    attempts=st.lists(attempts, max_size=2).map(tuple),
)


@given(st.lists(receipts), st.lists(receipts))
def test_two_who_count_come_to_the_same_as_one(some: list[Receipt], others: list[Receipt]) -> None:
    one, two, all_at_once = Tally(), Tally(), Tally()
    one.add(some)
    two.add(others)
    one.absorb(two)
    all_at_once.add([*some, *others])
    assert one == all_at_once


@given(st.lists(receipts))
def test_a_tally_survives_being_written_down(some: list[Receipt]) -> None:
    tally = Tally()
    tally.add(some)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(tally), type=Tally) == tally


def test_names_cannot_fill_the_memory() -> None:
    tally = Tally(seconds={("p", str(number)): Histogram() for number in range(5_000)})
    tally.add([Receipt(id="r", time=0, dialect=Dialect.CHAT, asked="x", outcome=Outcome.OK, provider="p", model="new")])
    assert ("p", OTHER) in tally.seconds
    assert ("p", "new") not in tally.seconds
