"""The one door to stored rows: SQLite by path, PostgreSQL by URL, the same SQL for both.

Rules:

- SQL is written as SQL, with `?` for every value. Values never travel inside the text, and no literal holds a `?`.
- Calls block. Whoever runs an event loop calls from a thread of its own (`freehold.stack.clerk` is that thread).
- A `Database` is one connection. Any thread may call it, one at a time; a transaction holds off the others.
- The drivers' errors never leave: `RowRefused` where a value cannot be stored, `StorageFailed` for all else, with advice.
- The schema is one numbered sequence in `migrations/`, for every room, because one database has one order.

It does not map objects, build queries, pool connections, or hide the differences between SQL dialects beyond placeholders
and the type of a growing number.
"""

from __future__ import annotations

from pathlib import Path

from freehold.ground.database.base import Database, Row, RowRefused, Value

__all__ = ["Database", "Row", "RowRefused", "Value", "open_database"]

_POSTGRES = ("postgresql://", "postgres://")
_SQLITE = "sqlite:///"


def open_database(where: str | Path) -> Database:
    """A connection to `where`: a file's path, `sqlite:///path`, `:memory:` or a `postgresql://` URL. Schema untouched.

    Raises StorageFailed where it cannot be opened, NotAvailable where PostgreSQL is asked for without its driver.
    """
    text = str(where)
    if text.startswith(_POSTGRES):
        from freehold.ground.database.postgres import PostgresDatabase

        return PostgresDatabase(text)
    from freehold.ground.database.sqlite import SqliteDatabase

    return SqliteDatabase(text.removeprefix(_SQLITE))
