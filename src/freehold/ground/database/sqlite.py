"""SQLite behind the `Database` door: write-ahead log, so that readers and the one writer do not wait for each other.

Synchronous is NORMAL: a commit survives a crash of the process; a crash of the machine may lose the latest commits, and
never harms the file.
"""

from __future__ import annotations

import math
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from freehold.ground.database.base import Database, Row, RowRefused, Value
from freehold.ground.errors import StorageFailed

BUSY_SECONDS = 5.0
_MEMORY = ":memory:"
_PRAGMAS = (
    "PRAGMA synchronous = NORMAL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA journal_size_limit = 67108864",
)
_REFUSED = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    OverflowError,
    UnicodeEncodeError,
)


class _Fault(NamedTuple):
    what: str
    advice: str


_DAMAGED = _Fault(
    "is damaged",
    "Stop Freehold and move the file with its -wal and -shm aside; a new one is made. "
    "`sqlite3 FILE .recover` saves what can still be read.",
)
_FAULTS = {
    sqlite3.SQLITE_FULL: _Fault("has no room left on its disk", "Free some disk space; writing resumes by itself."),
    sqlite3.SQLITE_BUSY: _Fault("is locked by another process", "Find what holds it open (`fuser FILE`) and end that."),
    sqlite3.SQLITE_LOCKED: _Fault("is locked", "Try again; if it stays so, restart Freehold."),
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _Fault(
        "is not a database", "Name another file, or move this one aside so that a new one is made."
    ),
    sqlite3.SQLITE_READONLY: _Fault("cannot be written", "Give the user that runs Freehold the right to write there."),
    sqlite3.SQLITE_PERM: _Fault("cannot be used", "Give the user that runs Freehold rights to the file."),
    sqlite3.SQLITE_CANTOPEN: _Fault("cannot be opened", "Check that the directory exists and can be written."),
    sqlite3.SQLITE_IOERR: _Fault("cannot be read or written", "Check the disk, its quota and file-size limits."),
}


class SqliteDatabase(Database):
    """A file, or `:memory:`. A new file is readable by its owner only."""

    sequence = "INTEGER PRIMARY KEY"
    begin = "BEGIN IMMEDIATE"
    """Takes the writer's place at once: to ask for it later, after reading, can fail without waiting."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        with self._mapped_errors():
            if path != _MEMORY:
                _make_private(Path(path))
            # Statements begin and end transactions themselves: the driver's own guesses are switched off.
            self._connection = sqlite3.connect(
                path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=64
            )
        try:
            with self._mapped_errors():
                self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        with self._lock, self._mapped_errors():
            self._connection.close()

    def lock_schema(self) -> None:
        """Nothing to do: a transaction is the only writer from its first statement."""

    def _prepare(self) -> None:
        _until_free(lambda: self._connection.execute("PRAGMA journal_mode = WAL"))
        for pragma in _PRAGMAS:
            self._connection.execute(pragma)
        try:
            self._connection.execute("SELECT floor(0.5)")
        except sqlite3.OperationalError:  # built without mathematics
            self._connection.create_function("floor", 1, math.floor, deterministic=True)

    def _execute(self, sql: str, parameters: Sequence[Value]) -> int:
        return self._connection.execute(sql, parameters).rowcount

    def _executemany(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        self._connection.executemany(sql, rows)

    def _query(self, sql: str, parameters: Sequence[Value]) -> list[Row]:
        return self._connection.execute(sql, parameters).fetchall()

    def _in_transaction(self) -> bool:
        return self._connection.in_transaction

    @contextmanager
    def _mapped_errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OverflowError, UnicodeEncodeError, OSError) as error:
            raise self._translated(error) from error

    def _translated(self, error: Exception) -> StorageFailed:
        code = getattr(error, "sqlite_errorcode", None)
        fault = _FAULTS.get(code & 0xFF) if code is not None else None
        if fault is not None:
            return StorageFailed(f"The database {self.name} {fault.what}.", advice=fault.advice)
        if isinstance(error, _REFUSED):
            return RowRefused(f"The database {self.name} refused a value: {error}")
        return StorageFailed(f"The database {self.name} failed: {error}")


def _make_private(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _until_free(change: Callable[[], object]) -> None:
    """Run `change` until nobody is in its way: SQLite does not wait by itself when the journal's mode is changed."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            change()
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
