"""Processes that are killed while they spend: nothing spent is forgotten, and little is counted that was not."""

from __future__ import annotations

import signal
import subprocess
import sys

from freehold.ground.database import open_database
from freehold.stack.allowances import spent

PRICE = 1_000
LIMIT = 10**9
SPEND = f"""
import asyncio, sys
from freehold.ground.database import open_database
from freehold.stack.allowances import *
from freehold.stack.clerk import Clerk

async def main():
    clerk = Clerk(open_database(sys.argv[1]))
    clerk.start()
    allowances = Allowances(clerk)
    terms = (Allowance(unit=Unit.USD, limit=1.0, period=Period.MONTH),)
    need = Need(nano_usd={PRICE})
    count = 0
    while True:
        for _ in range(100):
            allowances.settle(await allowances.reserve("key", terms, need), need)
            count += 1
        print(count, flush=True)
        await asyncio.sleep(0)

asyncio.run(main())
"""


def test_three_workers_killed_while_spending(database_url: str) -> None:
    database = open_database(database_url)
    database.migrate()
    workers = [
        subprocess.Popen([sys.executable, "-c", SPEND, database_url], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    told = []
    for worker in workers:
        assert worker.stdout is not None
        for line in worker.stdout:
            if int(line) >= 2_000:
                break
        worker.send_signal(signal.SIGKILL)
        told.append(int(([line, *worker.stdout])[-1].split()[0]))
        worker.wait()
        worker.stdout.close()

    (found,) = spent(database, "key")
    least = sum(told) * PRICE
    in_flight = len(workers) * 100 * PRICE
    assert least <= found.charged <= least + in_flight + len(workers) * LIMIT // 50
    assert found.used <= found.charged
    database.close()
