"""Whatever database is behind the door, it behaves the same."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.ground.database import Database, RowRefused, open_database
from freehold.ground.database.base import ROWS_PER_STATEMENT, _pieces
from freehold.ground.errors import StorageFailed

COLUMNS = ("owner", "allowance", "window_number", "charged", "used")


def rows_of(database: Database) -> list[tuple[object, ...]]:
    return database.query("SELECT owner, charged FROM spending ORDER BY owner")


def put(database: Database, owner: str, charged: int = 0) -> int:
    return database.execute("INSERT INTO spending VALUES (?, ?, ?, ?, ?)", (owner, "usd/day", 1, charged, 0))


def test_values_come_back_as_they_went_in(database: Database) -> None:
    database.execute("CREATE TABLE v (t TEXT, i BIGINT, d DOUBLE PRECISION, b BOOLEAN, n BIGINT)")
    database.execute("INSERT INTO v VALUES (?, ?, ?, ?, ?)", ("100 % of ✓", -(2**63), 0.1, True, None))
    assert database.query("SELECT t, i, d, b, n FROM v WHERE t LIKE ? AND b", ("100 %",)) == [
        ("100 % of ✓", -(2**63), 0.1, True, None)
    ]


def test_a_statement_tells_how_many_rows_it_touched(database: Database) -> None:
    assert put(database, "a") == 1
    assert database.execute("UPDATE spending SET used = ? WHERE owner = ?", (1, "nobody")) == 0


def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    with pytest.raises(LookupError), database.transaction():
        put(database, "a")
        raise LookupError
    assert rows_of(database) == []
    put(database, "b")
    assert rows_of(database) == [("b", 0)]


def test_a_transaction_inside_another_shares_its_fate(database: Database) -> None:
    with pytest.raises(LookupError), database.transaction():
        with database.transaction():
            put(database, "a")
        raise LookupError
    assert rows_of(database) == []


def test_many_rows_are_written_all_or_none(database: Database) -> None:
    rows = [("a", "usd/day", 1, 1, 1), ("b", "usd/day", 1, 10**30, 1)]
    with pytest.raises(RowRefused):
        database.executemany("INSERT INTO spending VALUES (?, ?, ?, ?, ?)", rows)
    with pytest.raises(RowRefused):
        database.insert("spending", COLUMNS, rows)
    assert rows_of(database) == []


def test_a_transaction_holds_off_other_threads(database: Database) -> None:
    inside, seen = threading.Event(), []

    def other() -> None:
        inside.wait()
        seen.append(rows_of(database))

    thread = threading.Thread(target=other)
    thread.start()
    with database.transaction():
        put(database, "a")
        inside.set()
        put(database, "b")
    thread.join()
    assert seen == [[("a", 0), ("b", 0)]]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 63, 64, 65, 127, 200])
def test_a_batch_of_any_size_is_inserted_whole(database: Database, count: int) -> None:
    rows = [(f"{number:04}", "usd/day", 1, number, 0) for number in range(count)]
    assert database.insert("spending", COLUMNS, rows) == count
    assert rows_of(database) == [(row[0], row[3]) for row in rows]


def test_a_row_that_is_there_already_is_skipped(database: Database) -> None:
    put(database, "a", charged=7)
    rows = [("a", "usd/day", 1, 1, 1), ("b", "usd/day", 1, 2, 1)]
    assert database.insert("spending", COLUMNS, rows) == 1
    assert rows_of(database) == [("a", 7), ("b", 2)]


@given(st.integers(0, 5000))
def test_pieces_cover_a_batch_once_and_need_few_statements(total: int) -> None:
    pieces = list(_pieces(total))
    assert [start for start, _ in pieces] == [sum(size for _, size in pieces[:n]) for n in range(len(pieces))]
    assert sum(size for _, size in pieces) == total
    assert {size for _, size in pieces} <= {2**n for n in range(ROWS_PER_STATEMENT.bit_length())}


@pytest.mark.parametrize("value", [10**30, None])
def test_a_value_that_cannot_be_stored_is_told_apart_from_a_broken_database(database: Database, value: object) -> None:
    with pytest.raises(RowRefused) as caught:
        database.execute("INSERT INTO spending VALUES (?, ?, ?, ?, ?)", ("secret-owner", "usd/day", 1, value, 0))  # type: ignore[arg-type]
    assert "secret-owner" not in str(caught.value)
    put(database, "a")
    assert rows_of(database) == [("a", 0)]


def test_a_lone_surrogate_is_refused_not_fatal(database: Database) -> None:
    with pytest.raises(RowRefused):
        put(database, "\ud800")


def test_a_constraint_is_kept_and_its_breach_does_not_quote_the_row(database: Database) -> None:
    put(database, "secret-owner")
    with pytest.raises(RowRefused) as caught:
        put(database, "secret-owner")
    assert "secret-owner" not in str(caught.value)


def test_a_wrong_statement_is_an_error_with_its_reason(database: Database) -> None:
    with pytest.raises(StorageFailed, match="nowhere"):
        database.query("SELECT 1 FROM nowhere")


def test_closing_twice_is_harmless(database_url: str) -> None:
    database = open_database(database_url)
    database.close()
    database.close()


def test_the_postgresql_driver_is_not_loaded_for_sqlite() -> None:
    code = (
        "import sys\nfrom freehold.ground.database import open_database\n"
        "open_database(':memory:').migrate()\nsys.exit('psycopg' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
