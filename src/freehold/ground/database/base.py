"""What both kinds of database do alike: locking, transactions, inserts of many rows, and the promise about errors."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import lru_cache
from itertools import chain
from typing import Any, TypeAlias

from freehold.ground.errors import StorageFailed

Value: TypeAlias = str | int | float | bool | bytes | None
Row: TypeAlias = tuple[Any, ...]

ROWS_PER_STATEMENT = 64


class RowRefused(StorageFailed):
    """The database is well, but a value cannot be stored: too large, not text, or it breaks a constraint."""

    advice = "Storage is fine; the value itself is at fault. Trying again will not help."


class Database(ABC):
    """One connection. `name` says which database in messages, and never holds a password.

    `sequence` is the column type of a number that grows by itself, the one word that migrations need per dialect; `begin` is
    the statement that opens a transaction.
    """

    sequence: str
    begin = "BEGIN"

    def __init__(self, name: str) -> None:
        self.name = name
        self._lock = threading.RLock()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    def execute(self, sql: str, parameters: Sequence[Value] = ()) -> int:
        """Run one statement; gives the number of rows it touched."""
        with self._lock, self._mapped_errors():
            return self._execute(sql, parameters)

    def executemany(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        """Run one statement for each row, all or nothing."""
        with self.transaction(), self._mapped_errors():
            self._executemany(sql, rows)

    def query(self, sql: str, parameters: Sequence[Value] = ()) -> list[Row]:
        """Run one statement; gives the rows it answers with."""
        with self._lock, self._mapped_errors():
            return self._query(sql, parameters)

    def insert(self, table: str, columns: tuple[str, ...], rows: Sequence[Sequence[Value]]) -> int:
        """Insert `rows`, skipping those whose key is already there; gives how many were new. All or nothing.

        Many rows go in one statement: SQLite's driver lets go of the interpreter once per statement, and to win it back
        in a busy process takes longer than the insert.
        """
        added = 0
        with self.transaction(), self._mapped_errors():
            for start, count in _pieces(len(rows)):
                values = list(chain.from_iterable(rows[start : start + count]))
                added += self._execute(_insert(table, columns, count), values)
        return added

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All statements inside take effect together, or none does. Inside another transaction it is part of that one.

        Let errors out of it: PostgreSQL accepts nothing more in a transaction in which a statement has failed.
        """
        with self._lock:
            if self._in_transaction():
                yield
                return
            self.execute(self.begin)
            try:
                yield
                self.execute("COMMIT")
            except BaseException:
                self._roll_back()
                raise

    def _roll_back(self) -> None:
        # A full disk, a damaged file or a lost connection has rolled back by itself.
        with suppress(StorageFailed):
            if self._in_transaction():
                self.execute("ROLLBACK")

    def migrate(self) -> None:
        """Bring the schema up to date. Safe for any number of processes at once; each migration runs exactly once."""
        from freehold.ground.database.schema import migrate

        migrate(self)

    @abstractmethod
    def close(self) -> None:
        """Let the connection go. May be called twice."""

    @abstractmethod
    def lock_schema(self) -> None:
        """Inside a transaction: wait until no other process changes the schema, and keep it so until the end."""

    @abstractmethod
    def _execute(self, sql: str, parameters: Sequence[Value]) -> int: ...

    @abstractmethod
    def _executemany(self, sql: str, rows: Iterable[Sequence[Value]]) -> None: ...

    @abstractmethod
    def _query(self, sql: str, parameters: Sequence[Value]) -> list[Row]: ...

    @abstractmethod
    def _in_transaction(self) -> bool: ...

    @abstractmethod
    def _mapped_errors(self) -> AbstractContextManager[None]: ...


def _pieces(total: int) -> Iterator[tuple[int, int]]:
    """Split rows into runs of 64, then 32, 16 ... 1, so that seven statements, compiled once, serve every batch size."""
    start, size = 0, ROWS_PER_STATEMENT
    while start < total:
        while size > total - start:
            size //= 2
        yield start, size
        start += size


@lru_cache(maxsize=64)
def _insert(table: str, columns: tuple[str, ...], count: int) -> str:
    row = f"({', '.join('?' * len(columns))})"
    values = ", ".join([row] * count)
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES {values} ON CONFLICT DO NOTHING"  # noqa: S608
