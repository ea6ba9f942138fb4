"""The disk is full: requests are still answered, /readyz says why it should not get more, and all is well when there is room."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from gateways import Gateway, Ports, model_at, page, until
from wires import PATIENCE, Reply, ask

from freehold.stack.allowances.terms import Allowance, Period, Unit
from freehold.testing.faulty import FaultyServer

SIZE = 4 << 20
Make = Callable[[bool], Gateway]


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of `SIZE` bytes. Only root may mount one."""
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    with small_disk(tmp_path / "disk") as folder:
        yield folder


@pytest.fixture
def make(disk: Path, ports: Ports) -> Iterator[Make]:
    """Starts a gateway whose home is on the small disk."""
    begun: list[Gateway] = []

    def start(required: bool) -> Gateway:
        receipts = {"window_ms": 5, "required": required}
        begun.append(Gateway(disk, {"providers": {"a": model_at(ports.first)}, "receipts": receipts}))
        begun[-1].untoward.remove("Traceback")  # the log shows where the database said no
        return begun[-1].__enter__()

    yield start
    for gateway in begun:
        gateway.__exit__(None, None, None)


def fill(disk: Path) -> Path:
    """Leave no room at all."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            return filler


async def unready(gateway: Gateway) -> str:
    """Wait until it is; what it says."""

    async def look() -> str | None:
        assert (await ask(gateway.port, "a/m")).status in (200, 503)
        status, body = await asyncio.to_thread(page, gateway.port, "/readyz")
        return body.decode() if status == 503 else None

    return await until(look)


async def ready(gateway: Gateway) -> None:
    async def look() -> bool:
        return (await asyncio.to_thread(page, gateway.port, "/readyz"))[0] == 200

    await until(look)


async def test_it_goes_on_answering_and_writes_what_it_kept(make: Make, disk: Path, first: FaultyServer) -> None:
    gateway = make(False)
    filler = fill(disk)
    assert "receipts cannot be written" in await unready(gateway)
    answers: list[Reply] = await asyncio.gather(*(ask(gateway.port, "a/m") for _ in range(20)))
    assert {answer.status for answer in answers} == {200}
    assert (await asyncio.to_thread(page, gateway.port, "/healthz"))[0] == 200
    assert gateway.status()["receipts"]["fault"]
    filler.unlink()
    await ready(gateway)
    for answer in answers:
        assert (await gateway.receipt(answer.id)).outcome == "ok"
    assert gateway.status()["receipts"]["dropped"] == 0


async def test_where_receipts_are_required_it_refuses(make: Make, disk: Path, first: FaultyServer) -> None:
    gateway = make(True)
    filler = fill(disk)
    await unready(gateway)
    asked = len(first.exchanges)
    answer = await ask(gateway.port, "a/m")
    assert (answer.status, answer.error["code"]) == (503, "storage_failed")
    assert len(first.exchanges) == asked
    filler.unlink()
    await ready(gateway)
    assert (await ask(gateway.port, "a/m")).status == 200


async def test_a_budget_that_cannot_be_booked_is_not_spent(make: Make, disk: Path, first: FaultyServer) -> None:
    gateway = make(False)
    key = gateway.new_key("spender", Allowance(unit=Unit.REQUESTS, limit=1000, period=Period.DAY))

    async def ask_with_key() -> Reply:
        return await ask(gateway.port, "a/m", headers=[f"Authorization: Bearer {key}"])

    async def known() -> bool:
        return (await ask_with_key()).status == 200

    await until(known)
    filler = fill(disk)

    async def refused() -> Reply | None:
        answer = await ask_with_key()
        assert answer.status in (200, 503)
        return answer if answer.status == 503 else None

    refusal = await asyncio.wait_for(until(refused), PATIENCE)
    assert refusal.error["code"] == "storage_failed"
    filler.unlink()
    await until(known)
