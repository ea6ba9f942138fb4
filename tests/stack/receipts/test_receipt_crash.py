"""A process that is killed loses at most the stated window."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from freehold.ground.database import open_database
from freehold.stack.receipts import ReceiptStore

WINDOW = 0.25
STARVED = 1.5
"""Seconds that a busy machine may keep the writer from running; far less than the test writes for."""
WRITE = """
import sys, time
sys.path.insert(0, sys.argv[2])
from receipt_samples import plain
from freehold.ground.database import open_database
from freehold.stack.clerk import Clerk
from freehold.stack.receipts import ReceiptWriter
clerk = Clerk(open_database(sys.argv[1]))
writer = ReceiptWriter(clerk)
clerk.start()
number = 0
while True:
    for _ in range(20):
        writer.append(plain(number, first_byte=time.monotonic()))
        number += 1
    print(number, time.monotonic(), flush=True)
    time.sleep(0.005)
"""


def test_what_is_older_than_the_window_survives_a_kill(database_url: str) -> None:
    database = open_database(database_url)
    database.migrate()
    process = subprocess.Popen(
        [sys.executable, "-c", WRITE, database_url, str(Path(__file__).parent)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    first = float(process.stdout.readline().split()[1])
    for line in process.stdout:
        appended, now = int(line.split()[0]), float(line.split()[1])
        if now - first > WINDOW + 2 * STARVED:
            break
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()

    kept = [row[0] for row in database.query("SELECT id FROM receipts ORDER BY sequence")]
    assert kept == [f"req_{number:06}" for number in range(len(kept))], "there is no hole"
    oldest_lost = database.query("SELECT max(first_byte) FROM receipts")[0][0]
    assert now - oldest_lost <= WINDOW + STARVED
    assert appended >= len(kept) > 0
    if "postgres" not in database_url:
        assert database.query("PRAGMA integrity_check") == [("ok",)]
    assert len(ReceiptStore(database).recent(limit=5)) == 5
    database.close()
