"""What keys, budgets and receipts cost: CPU microseconds per request, the clerk's thread included.

    python benchmarks/ledger.py

Each figure is the best of several rounds, since other work on the machine only ever adds. Receipts are set against the least
that SQLite can do: `sqlite3.executemany` of the same rows, already made, into the same table.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from freehold.ground.database import open_database
from freehold.ground.units import NanoUsd, Seconds, Usd
from freehold.stack.allowances import Allowance, Allowances, Need, Period, Unit
from freehold.stack.clerk import Clerk
from freehold.stack.keys import Keyring, KeyStore
from freehold.stack.receipts import ReceiptWriter
from freehold.stack.receipts.rows import COLUMNS, row_of
from freehold.stack.receipts.writer import BATCH
from freehold.words.dialects import Dialect
from freehold.words.prices import Usage
from freehold.words.receipts import Attempt, Outcome, Receipt

ROUNDS = 7
RECEIPTS = 40 * BATCH
RESERVATIONS = 20_000
TERMS = (
    Allowance(unit=Unit.USD, limit=100_000, period=Period.MONTH),
    Allowance(unit=Unit.TOKENS, limit=1e13, period=Period.DAY),
    Allowance(unit=Unit.REQUESTS, limit=1e9, period=Period.MINUTE),
)


def a_receipt(number: int) -> Receipt:
    attempt = Attempt(
        provider="openai",
        model="gpt-4o-mini",
        started=Seconds(0.001),
        seconds=Seconds(0.4),
        outcome=Outcome.OK,
        status=200,
        usd=Usd(0.00012),
        key="OPENAI_API_KEY",
    )
    return Receipt(
        id=f"req_{number:020}",
        time=1.79e9 + number / 100,
        owner="key_0123456789ab",
        dialect=Dialect.CHAT,
        asked="auto",
        outcome=Outcome.OK,
        provider="openai",
        model="gpt-4o-mini",
        layer=6,
        place="cloud",
        usage=Usage(input=100, output=50),
        usd=Usd(0.00012),
        first_byte=Seconds(0.1),
        seconds=Seconds(0.5),
        attempts=(attempt,),
    )


def best(work: Callable[[Path], float]) -> float:
    """The least of several rounds, each in an empty folder; microseconds."""
    rounds = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            rounds.append(work(Path(folder)))
    return min(rounds) * 1e6


def cpu_of_appending(folder: Path) -> float:
    """Seconds on the event loop's side alone."""
    receipts = [a_receipt(number) for number in range(RECEIPTS)]
    database = open_database(folder / "freehold.db")
    writer = ReceiptWriter(Clerk(database))
    start = time.process_time()
    for receipt in receipts:
        writer.append(receipt)
    spent = time.process_time() - start
    database.close()
    return spent / RECEIPTS


def cpu_of_receipts(folder: Path) -> float:
    receipts = [a_receipt(number) for number in range(RECEIPTS)]
    database = open_database(folder / "freehold.db")
    database.migrate()
    clerk = Clerk(database)
    writer = ReceiptWriter(clerk)
    clerk.start()
    start = time.process_time()
    for receipt in receipts:
        writer.append(receipt)
    writer.flush().result()
    spent = time.process_time() - start
    assert writer.state.written == RECEIPTS, writer.state
    clerk.stop()
    return spent / RECEIPTS


def cpu_of_raw_rows(folder: Path) -> float:
    rows = [row_of(a_receipt(number), "worker") for number in range(RECEIPTS)]
    database = open_database(folder / "freehold.db")
    database.migrate()
    statement = f"INSERT INTO receipts ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"
    start = time.process_time()
    for first in range(0, RECEIPTS, BATCH):
        database.executemany(statement, rows[first : first + BATCH])
    spent = time.process_time() - start
    database.close()
    return spent / RECEIPTS


def cpu_of_reserving(folder: Path) -> float:
    async def reserve_and_settle() -> float:
        database = open_database(folder / "freehold.db")
        database.migrate()
        clerk = Clerk(database)
        clerk.start()
        allowances = Allowances(clerk)
        actual = Need(tokens=500, nano_usd=NanoUsd(30_000))
        start = time.process_time()
        for _ in range(RESERVATIONS):
            need = Need(tokens=1000, nano_usd=NanoUsd(50_000))
            allowances.settle(await allowances.reserve("key", TERMS, need), actual)
        spent = time.process_time() - start
        await allowances.close()
        clerk.stop()
        return spent / RESERVATIONS

    return asyncio.run(reserve_and_settle())


def cpu_of_finding_a_key(folder: Path) -> float:
    database = open_database(folder / "freehold.db")
    database.migrate()
    keyring, secret = Keyring(), KeyStore(database).create("one").secret
    keyring.refresh(database)
    start = time.process_time()
    for _ in range(RESERVATIONS):
        keyring.find(secret)
    spent = time.process_time() - start
    database.close()
    return spent / RESERVATIONS


def main() -> None:
    receipts, raw = best(cpu_of_receipts), best(cpu_of_raw_rows)
    print("CPU microseconds per request")
    print(f"  find a key                                {best(cpu_of_finding_a_key):6.2f}")
    print(f"  reserve and settle, three allowances      {best(cpu_of_reserving):6.2f}")
    print(f"  a receipt, on the event loop              {best(cpu_of_appending):6.2f}")
    print(f"  a receipt, encoded and written, in all    {receipts:6.2f}")
    print(f"  the same row by sqlite3.executemany alone {raw:6.2f}")
    print(f"  ratio                                     {receipts / raw:6.2f}")


if __name__ == "__main__":
    main()
