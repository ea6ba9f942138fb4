"""The schema: numbered files in `migrations/`, each run once, in order, all in one transaction.

A statement ends with `;` at the end of a line; `{sequence}` stands for the dialect's growing number. A released migration
is never edited: a change is a new file with the next number.
"""

from __future__ import annotations

import time
from pathlib import Path

import msgspec

from freehold.ground.database.base import Database
from freehold.ground.errors import StorageFailed

_FOLDER = Path(__file__).parent / "migrations"
_RECORD = (
    "CREATE TABLE IF NOT EXISTS schema_migrations"
    " (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied DOUBLE PRECISION NOT NULL)"
)


class Migration(msgspec.Struct, frozen=True, kw_only=True):
    """One numbered file."""

    number: int
    name: str
    sql: str

    def statements(self, database: Database) -> list[str]:
        lines = [line for line in self.sql.splitlines() if not line.lstrip().startswith("--")]
        text = "\n".join([*lines, ""]).replace("{sequence}", database.sequence)
        return [statement for part in text.split(";\n") if (statement := part.strip())]


def migrations(folder: Path = _FOLDER) -> list[Migration]:
    """All migrations, in order."""
    return [
        Migration(number=int(path.stem.partition("_")[0]), name=path.stem, sql=path.read_text("utf-8"))
        for path in sorted(folder.glob("*.sql"))
    ]


def migrate(database: Database, folder: Path = _FOLDER) -> None:
    """Apply what is missing. Raises StorageFailed if the database was written by a newer Freehold."""
    known = migrations(folder)
    with database.transaction():
        database.lock_schema()
        database.execute(_RECORD)
        applied = {row[0] for row in database.query("SELECT number FROM schema_migrations")}
        if applied - {migration.number for migration in known}:
            raise StorageFailed(
                f"The database {database.name} was written by a newer Freehold.",
                advice="Upgrade this Freehold, or give it a database of its own.",
            )
        for migration in known:
            if migration.number not in applied:
                _apply(database, migration)


def _apply(database: Database, migration: Migration) -> None:
    for statement in migration.statements(database):
        database.execute(statement)
    database.execute(
        "INSERT INTO schema_migrations (number, name, applied) VALUES (?, ?, ?)",
        (migration.number, migration.name, time.time()),
    )
