"""Receipts reach the database behind the event loop, whatever the database does."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from receipt_samples import plain

from freehold.ground.database import Database, open_database
from freehold.ground.errors import StorageFailed
from freehold.ground.units import Seconds
from freehold.stack.clerk import Clerk
from freehold.stack.receipts import ReceiptStore, ReceiptWriter, Retention
from freehold.stack.receipts.writer import BATCH
from freehold.words.prices import Usage
from freehold.words.receipts import Receipt

Open = Callable[..., ReceiptWriter]
NEVER = Seconds(1e6)


@pytest.fixture
def writing(database: Database, database_url: str) -> Iterator[Open]:
    """Opens a writer to the database; `writer.flush()` waits for what was handed in."""
    with writers(database_url) as opened:
        yield opened


@contextmanager
def writers(where: str) -> Iterator[Open]:
    clerks: list[Clerk] = []

    def opened(**options: object) -> ReceiptWriter:
        clerk = Clerk(open_database(where))
        clerks.append(clerk)
        writer = ReceiptWriter(clerk, **{"window": NEVER} | options)  # type: ignore[arg-type]
        clerk.start()
        return writer

    yield opened
    for clerk in clerks:
        assert clerk.stop(Seconds(30))


def stored(database: Database) -> list[str]:
    return [row[0] for row in database.query("SELECT id FROM receipts ORDER BY sequence")]


@pytest.mark.parametrize("count", [1, 511, 512, 1300])
def test_every_receipt_is_written_once_and_in_order(database: Database, writing: Open, count: int) -> None:
    writer = writing(worker="w7")
    for number in range(count):
        writer.append(plain(number))
    writer.flush().result()
    assert stored(database) == [plain(number).id for number in range(count)]
    assert (writer.state.written, writer.state.waiting, writer.state.fault) == (count, 0, None)
    assert database.query("SELECT DISTINCT worker FROM receipts") == [("w7",)]


def test_a_receipt_is_written_within_the_window_without_being_asked(database: Database, writing: Open) -> None:
    writer = writing(window=Seconds(0.01))
    told = threading.Event()
    writer.on_batch(lambda batch: told.set())
    writer.append(plain(1))
    assert told.wait(timeout=10)
    writer.flush().result()
    assert stored(database) == [plain(1).id]


def test_a_full_batch_does_not_wait_for_the_window(database: Database, writing: Open) -> None:
    writer = writing()
    told = threading.Event()
    writer.on_batch(lambda batch: told.set())
    writer.flush().result()
    for number in range(BATCH):
        writer.append(plain(number))
    assert told.wait(timeout=10)


def test_listeners_hear_of_each_receipt_once_and_cannot_do_harm(
    database: Database, writing: Open, caplog: pytest.LogCaptureFixture
) -> None:
    writer = writing()
    heard: list[Receipt] = []

    def bad(batch: list[Receipt]) -> None:
        raise ZeroDivisionError

    writer.on_batch(bad)
    writer.on_batch(heard.extend)
    for number in range(700):
        writer.append(plain(number))
    writer.flush().result()
    assert heard == [plain(number) for number in range(700)]
    assert len(stored(database)) == 700
    assert "A listener failed" in caplog.text


@pytest.mark.parametrize(
    "poison",
    [
        {"usage": Usage(input=10**30)},
        {"owner": "a\ud800b"},
        {"time": None},
    ],
)
def test_a_receipt_that_cannot_be_stored_does_not_hold_up_the_others(
    database: Database, writing: Open, poison: dict[str, object]
) -> None:
    writer = writing()
    for number in range(100):
        writer.append(plain(number, **poison if number == 50 else {}))
    writer.flush().result()
    assert stored(database) == [plain(number).id for number in range(100) if number != 50]
    assert (writer.state.written, writer.state.refused, writer.state.waiting) == (99, 1, 0)


@pytest.mark.parametrize("asked", ["a\0b", "\ud800", "x" * 10_000, "line\nbreak\r", "\x1b[31mred"])
def test_any_name_a_client_asks_for_can_be_stored_and_shown(database: Database, writing: Open, asked: str) -> None:
    writer = writing()
    writer.append(plain(1, asked=asked))
    writer.flush().result()
    (found,) = ReceiptStore(database).recent()
    assert found.asked.isprintable()
    assert len(found.asked) < 2000
    assert writer.state.refused == 0


def test_a_receipt_that_is_there_already_is_not_counted_twice(database: Database, writing: Open) -> None:
    """As after a commit whose answer was lost: the batch is tried again."""
    writer = writing()
    for number in (1, 2, 1, 2, 3):
        writer.append(plain(number))
    writer.flush().result()
    assert stored(database) == [plain(number).id for number in (1, 2, 3)]


def test_the_backlog_is_bounded_and_what_is_lost_is_counted(database: Database) -> None:
    clerk = Clerk(database)
    writer = ReceiptWriter(clerk, backlog=100)
    for number in range(250):
        writer.append(plain(number))
    assert (writer.state.waiting, writer.state.dropped) == (100, 150)
    clerk.start()
    writer.flush().result()
    assert stored(database) == [plain(number).id for number in range(100)]
    clerk.stop()


def test_stopping_writes_what_waits(database: Database, database_url: str) -> None:
    clerk = Clerk(open_database(database_url))
    writer = ReceiptWriter(clerk, window=NEVER)
    clerk.start()
    writer.flush().result()
    writer.append(plain(1))
    clerk.stop()
    assert stored(database) == [plain(1).id]


def test_a_broken_database_is_seen_and_refused_only_where_receipts_are_required(
    database: Database, writing: Open
) -> None:
    lax, strict = writing(), writing(required=True)
    heard: list[Receipt] = []
    lax.on_batch(heard.extend)
    lax.admit(), strict.admit()
    database.execute("ALTER TABLE receipts RENAME TO elsewhere")
    for writer in (lax, strict):
        writer.append(plain(1))
        for _ in range(3):
            with pytest.raises(StorageFailed):
                writer.flush().result()
        assert writer.state.fault is not None
        assert (writer.state.waiting, writer.state.written) == (1, 0)
    assert heard == [plain(1)]
    lax.admit()
    with pytest.raises(StorageFailed, match="No receipt could be written"):
        strict.admit()
    database.execute("ALTER TABLE elsewhere RENAME TO receipts")
    strict.flush().result()
    strict.admit()
    assert stored(database) == [plain(1).id]


def test_old_receipts_go_and_the_newest_always_stays(database: Database, writing: Open) -> None:
    writer = writing()
    for number in range(2500):
        writer.append(plain(number))
    writer.flush().result()
    pruning = writing(retention=Retention(days=1))  # they are all years old
    pruning.flush().result()
    assert stored(database) == [plain(2499).id]


def test_receipts_beyond_the_allowed_number_go_the_oldest_first(database: Database, writing: Open) -> None:
    writer = writing()
    for number in range(2500):
        writer.append(plain(number))
    writer.flush().result()
    writing(retention=Retention(rows=300)).flush().result()
    assert stored(database) == [plain(number).id for number in range(2200, 2500)]


def test_pruning_does_not_make_followers_miss_anything(database: Database, writing: Open) -> None:
    writer = writing()
    writer.append(plain(1))
    writer.flush().result()
    writing(retention=Retention(days=1)).flush().result()
    writer.append(plain(2))
    writer.flush().result()
    assert [receipt.id for receipt in ReceiptStore(database).recent(after=plain(1).id)] == [plain(2).id]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "disk"
    path.mkdir()
    mounted = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(path)], check=False, capture_output=True
    )
    if not mounted or mounted.returncode:
        pytest.skip("mounting needs root")
    yield path
    subprocess.run(["umount", "-l", str(path)], check=True)


def test_a_full_disk_keeps_a_backlog_and_loses_nothing_of_it_once_there_is_room(small_disk: Path) -> None:
    where = small_disk / "freehold.db"
    database = open_database(where)
    database.migrate()
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(1_500_000))
    with writers(str(where)) as opened:
        writer = opened(required=True)
        number = 0
        while writer.state.fault is None:
            for number in range(number, number + 100):  # noqa: B020
                writer.append(plain(number))
            number += 1
            writer.flush().exception()
        assert "no room left" in writer.state.fault.message
        with pytest.raises(StorageFailed, match="no room left"):
            writer.admit()
        ballast.unlink()
        writer.flush().result()
        writer.admit()
        assert stored(database) == [plain(each).id for each in range(number)]
        assert writer.state.dropped == 0
    assert database.query("PRAGMA integrity_check") == [("ok",)]
    database.close()
