"""Each migration runs once, whoever comes first."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from freehold.ground.database import Database, open_database
from freehold.ground.database.schema import migrate, migrations
from freehold.ground.errors import StorageFailed

MIGRATE = "import sys\nfrom freehold.ground.database import open_database\nopen_database(sys.argv[1]).migrate()"


def test_migrations_are_numbered_without_gaps() -> None:
    assert [migration.number for migration in migrations()] == list(range(1, len(migrations()) + 1))


def test_migrating_again_changes_nothing(database: Database) -> None:
    before = database.query("SELECT number, name, applied FROM schema_migrations ORDER BY number")
    database.migrate()
    assert database.query("SELECT number, name, applied FROM schema_migrations ORDER BY number") == before
    assert len(before) == len(migrations())


def test_processes_that_start_at_once_do_not_get_in_each_others_way(database_url: str) -> None:
    starting = [
        subprocess.Popen([sys.executable, "-c", MIGRATE, database_url], stderr=subprocess.PIPE, text=True)
        for _ in range(6)
    ]
    assert [(process.communicate()[1], process.returncode) for process in starting] == [("", 0)] * 6
    database = open_database(database_url)
    assert database.query("SELECT number FROM schema_migrations ORDER BY number") == [
        (migration.number,) for migration in migrations()
    ]
    database.close()


def test_a_migration_that_fails_leaves_nothing_behind(database: Database, tmp_path: Path) -> None:
    for migration in migrations():
        (tmp_path / f"{migration.name}.sql").write_text(migration.sql)
    (tmp_path / "9998_good.sql").write_text("-- It is; so far.\nCREATE TABLE good (id {sequence});\n")
    (tmp_path / "9999_bad.sql").write_text("CREATE TABLE bad (id {sequence});\nINSERT INTO nowhere VALUES (1);\n")
    with pytest.raises(StorageFailed, match="nowhere"):
        migrate(database, tmp_path)
    for table in ("good", "bad"):
        with pytest.raises(StorageFailed, match=table):
            database.query(f"SELECT * FROM {table}")
    (tmp_path / "9999_bad.sql").unlink()
    migrate(database, tmp_path)
    assert database.query("SELECT * FROM good") == []


def test_a_database_of_a_newer_freehold_is_left_alone(database: Database) -> None:
    database.execute("INSERT INTO schema_migrations VALUES (?, ?, ?)", (9999, "9999_future", 0.0))
    with pytest.raises(StorageFailed, match="newer") as caught:
        database.migrate()
    assert "Upgrade" in caught.value.advice
