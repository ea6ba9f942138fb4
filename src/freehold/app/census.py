"""What all workers of a gateway have counted, whichever of them is asked.

Each worker has a seat: a file that it writes anew every second, and whenever someone asks. Whoever asks adds up all seats. What
a worker has told is in its file before it is told, so that a sum never goes back. A worker that takes over a seat goes on
counting from where the one before it was last seen; what that one counted in its last second is lost.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from freehold.app.levels import levels_of
from freehold.app.recent import Recent
from freehold.app.report import process_lives
from freehold.app.standing import Counts, Levels, Standing, together
from freehold.ground.paths import Home
from freehold.ground.units import Seconds

if TYPE_CHECKING:
    from freehold.app.build import House

PUBLISH_SECONDS = Seconds(1.0)
_FOLDER = "workers-"
_log = logging.getLogger("freehold.app")
_NEW = ".new"
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Standing).decode


class Seat(msgspec.Struct, frozen=True):
    """One worker's place among those that serve together."""

    folder: Path
    number: int

    @property
    def file(self) -> Path:
        return self.folder / str(self.number)


class Census:
    """Counts this process; together with the others where it has a seat."""

    def __init__(self, house: House, seat: Seat | None) -> None:
        self._house = house
        self._seat = seat
        self._recent = Recent()
        self._published = b""
        self._writing = asyncio.Lock()
        before = _read(seat.file) if seat is not None else None
        self._began = before.began if before is not None else time.monotonic()
        self._before = before.counts if before is not None else Counts()
        house.desk.tally.absorb(self._before.tally)
        house.desk.receipts.on_batch(self._recent.add)
        if seat is not None:
            house.ticker.every(PUBLISH_SECONDS, self.publish)

    async def publish(self) -> None:
        """Leave word for the others, if there is anything new."""
        async with self._writing:
            await asyncio.to_thread(self._publish, self._standing())

    async def take(self) -> Standing:
        """All workers together, each as it was at most a second ago."""
        async with self._writing:
            return await asyncio.to_thread(self._take, self._standing())

    def _publish(self, own: Standing) -> None:
        processor, own.counts.processor = own.counts.processor, self._before.processor
        news = _encode(own)  # time that goes by is none
        if self._seat is not None and news != self._published:
            self._published = news
            own.counts.processor = processor
            _write(self._seat.file, _encode(own))

    def _take(self, own: Standing) -> Standing:
        # Encoding runs in one go, so that the clerk's thread cannot change what is counted meanwhile.
        encoded = _encode(own)
        seat = self._seat
        if seat is None:
            return _decode(encoded)
        _write(seat.file, encoded)
        files = [file for file in seat.folder.iterdir() if file != seat.file and file.suffix != _NEW]
        others = [found for file in files if (found := _read(file)) is not None]
        return together([_decode(encoded), *others])

    def _standing(self) -> Standing:
        desk, before, now = self._house.desk, self._before, time.monotonic()
        receipts = desk.receipts.state
        counts = Counts(
            tally=desk.tally,
            cache_hits=before.cache_hits + desk.cache.hits,
            cache_misses=before.cache_misses + desk.cache.misses,
            receipts_dropped=before.receipts_dropped + receipts.dropped + receipts.refused,
            processor=self._processor(),
        )
        levels = levels_of(self._house, self._recent, now=now, began=self._began)
        return Standing(began=self._began, counts=counts, levels=levels)

    def _processor(self) -> Seconds:
        return Seconds(self._before.processor + time.process_time())


def open_seats(home: Home) -> Path:
    """The folder for the seats of this process's workers, empty. What dead gateways left is taken away."""
    for folder in home.state.glob(f"{_FOLDER}*"):
        pid = folder.name.removeprefix(_FOLDER)
        if pid == str(os.getpid()) or not (pid.isdigit() and process_lives(int(pid))):
            shutil.rmtree(folder, ignore_errors=True)
    folder = home.state / f"{_FOLDER}{os.getpid()}"
    folder.mkdir(mode=0o700)
    return folder


def close_seats(folder: Path) -> None:
    """The workers have ended."""
    shutil.rmtree(folder, ignore_errors=True)


def _write(file: Path, content: bytes) -> None:
    """At once or not at all: a reader sees the old or the new. A full disk keeps nobody from being told."""
    draft = file.with_suffix(_NEW)
    try:
        draft.write_bytes(content)
        draft.replace(file)
    except OSError as error:
        _log.warning("This worker cannot tell the others what it counted: %s.", error.strerror)


def _read(file: Path) -> Standing | None:
    """What a worker left; without levels if it lives no more. None for what cannot be read."""
    try:
        found = _decode(file.read_bytes())
    except (OSError, msgspec.DecodeError):
        return None
    if not all(process_lives(pid) for pid in found.levels.processes):
        found.levels = Levels()
    return found
