"""What was written is what is read, and sums are exact."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from receipt_samples import plain, receipts, words

from freehold.ground.database import Database
from freehold.ground.errors import NotFound
from freehold.ground.units import nanos
from freehold.stack.receipts import Group, ReceiptFilter, ReceiptStore
from freehold.stack.receipts.rows import COLUMNS, row_of
from freehold.words.receipts import Outcome, Receipt

many = settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def keep(database: Database, kept: list[Receipt]) -> None:
    database.execute("DELETE FROM receipts")
    database.insert("receipts", COLUMNS, [row_of(receipt, "worker") for receipt in kept])


def matches(wanted: ReceiptFilter, receipt: Receipt) -> bool:
    return (
        all(
            getattr(wanted, name) in (None, getattr(receipt, name))
            for name in ("owner", "provider", "model", "asked", "outcome", "layer")
        )
        and (wanted.since is None or receipt.time >= wanted.since)
        and (wanted.until is None or receipt.time < wanted.until)
    )


filters = st.builds(
    ReceiptFilter,
    owner=st.none() | words,
    provider=st.none() | words,
    model=st.none() | words,
    asked=st.none() | words,
    outcome=st.none() | st.sampled_from(Outcome),
    layer=st.none() | st.integers(0, 7),
    since=st.none() | st.floats(1.7e9, 1.7e9 + 10 * 86_400),
    until=st.none() | st.floats(1.7e9, 1.7e9 + 10 * 86_400),
)


@many
@given(kept=st.lists(receipts, max_size=10))
def test_a_receipt_comes_back_as_it_was(database: Database, kept: list[Receipt]) -> None:
    keep(database, kept)
    store = ReceiptStore(database)
    assert [store.get(receipt.id) for receipt in kept] == kept
    assert store.recent(limit=100) == kept[::-1]


@many
@given(kept=st.lists(receipts, max_size=20), wanted=filters, limit=st.integers(1, 10))
def test_a_filter_finds_the_latest_that_match(
    database: Database, kept: list[Receipt], wanted: ReceiptFilter, limit: int
) -> None:
    keep(database, kept)
    expected = [receipt for receipt in reversed(kept) if matches(wanted, receipt)]
    assert ReceiptStore(database).recent(wanted, limit=limit) == expected[:limit]


@many
@given(kept=st.lists(receipts, max_size=20), wanted=filters, by=st.sampled_from(Group))
def test_totals_add_up(database: Database, kept: list[Receipt], wanted: ReceiptFilter, by: Group) -> None:
    keep(database, kept)
    groups: dict[object, list[Receipt]] = defaultdict(list)
    for receipt in kept:
        if matches(wanted, receipt):
            groups[int(receipt.time // 86_400) if by is Group.DAY else getattr(receipt, by)].append(receipt)
    totals = {total.group: total for total in ReceiptStore(database).totals(by, wanted)}
    assert totals.keys() == groups.keys()
    for group, members in groups.items():
        total = totals[group]
        assert total.requests == len(members)
        assert total.ok == sum(member.outcome is Outcome.OK for member in members)
        assert total.cached == sum(member.cached for member in members)
        assert nanos(total.usd) == sum(nanos(member.usd) for member in members if member.usd is not None)
        assert total.unpriced == sum(member.usd is None for member in members)
        for bucket in ("input", "cache_read", "cache_write", "output", "reasoning"):
            assert getattr(total, bucket) == sum(getattr(member.usage, bucket) for member in members)
        assert math.isclose(
            total.joules, sum(member.energy.joules for member in members if member.energy), abs_tol=1e-6
        )
        assert math.isclose(total.seconds, sum(member.seconds for member in members), abs_tol=1e-6)


@pytest.fixture
def store(database: Database) -> Iterator[ReceiptStore]:
    keep(database, [plain(number) for number in range(10)])
    return ReceiptStore(database)


def ids(found: list[Receipt]) -> list[int]:
    return [int(receipt.id.removeprefix("req_")) for receipt in found]


def test_who_follows_gets_each_receipt_once_and_misses_none(store: ReceiptStore) -> None:
    assert ids(store.recent(after="req_000003", limit=4)) == [7, 6, 5, 4]
    assert ids(store.recent(after="req_000007", limit=4)) == [9, 8]
    assert ids(store.recent(after="req_000009", limit=4)) == []


def test_who_pages_back_goes_on_where_the_page_ended(store: ReceiptStore) -> None:
    assert ids(store.recent(limit=4)) == [9, 8, 7, 6]
    assert ids(store.recent(limit=4, before="req_000006")) == [5, 4, 3, 2]


@pytest.mark.parametrize("id", ["req_x", "", "a\0b"[:1], "'; DROP TABLE receipts; --"])
def test_an_unknown_receipt_is_told(store: ReceiptStore, id: str) -> None:
    with pytest.raises(NotFound):
        store.get(id)
    if id:
        with pytest.raises(NotFound):
            store.recent(after=id)
    assert len(store.recent()) == 10


def test_the_busiest_group_comes_first_and_the_newest_day(database: Database, store: ReceiptStore) -> None:
    keep(database, [plain(n, owner="b" if n else "a", time=1.7e9 + 86_400 * (n // 2)) for n in range(6)])
    assert [(total.group, total.requests) for total in store.totals(Group.OWNER)] == [("b", 5), ("a", 1)]
    days = [total.group for total in store.totals(Group.DAY)]
    assert days == sorted(days, reverse=True)  # type: ignore[type-var]
    assert len(store.totals(Group.DAY, limit=2)) == 2
