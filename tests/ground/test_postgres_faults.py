"""What can go wrong with a server, and what the user is told."""

from __future__ import annotations

import pytest

from freehold.ground.database import open_database
from freehold.ground.errors import StorageFailed


def test_a_server_that_does_not_run_is_told_without_the_password() -> None:
    with pytest.raises(StorageFailed, match="cannot be reached") as caught:
        open_database("postgresql://user:pa55word@127.0.0.1:1/freehold")
    assert "pa55word" not in str(caught.value) + caught.value.advice


def test_an_unreadable_url_is_told_without_quoting_it() -> None:
    with pytest.raises(StorageFailed) as caught:
        open_database("postgresql://user:pa55 word@host:port:port/x?nonsense=1")
    assert "pa55" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_database_that_does_not_exist_is_named(postgres_url: str) -> None:
    with pytest.raises(StorageFailed, match="nowhere"):
        open_database(postgres_url.replace("/postgres?", "/nowhere?"))


def test_a_password_never_shows(postgres_url: str) -> None:
    database = open_database(postgres_url.replace("postgres:@", "postgres:pa55word@"))
    assert "pa55word" not in repr(database) + database.name
    database.close()


def test_a_lost_connection_fails_once_and_is_then_made_anew(new_postgres_url: str, postgres_url: str) -> None:
    database, admin = open_database(new_postgres_url), open_database(postgres_url)
    number = database.query("SELECT pg_backend_pid()")[0][0]
    admin.query("SELECT pg_terminate_backend(?)", (number,))
    with pytest.raises(StorageFailed) as caught:
        database.query("SELECT 1")
    assert caught.value.advice
    assert database.query("SELECT 1") == [(1,)]
    database.close()
    admin.close()


def test_a_connection_lost_in_a_transaction_undoes_it(new_postgres_url: str, postgres_url: str) -> None:
    database, admin = open_database(new_postgres_url), open_database(postgres_url)
    database.migrate()
    number = database.query("SELECT pg_backend_pid()")[0][0]
    with pytest.raises(StorageFailed), database.transaction():
        database.execute("INSERT INTO spending VALUES (?, ?, ?, ?, ?)", ("a", "usd/day", 1, 1, 1))
        admin.query("SELECT pg_terminate_backend(?)", (number,))
        database.execute("INSERT INTO spending VALUES (?, ?, ?, ?, ?)", ("b", "usd/day", 1, 1, 1))
    assert database.query("SELECT * FROM spending") == []
    database.close()
    admin.close()


def test_a_lock_is_waited_for_only_so_long(new_postgres_url: str) -> None:
    holder, other = open_database(new_postgres_url), open_database(new_postgres_url)
    holder.migrate()
    other.execute("SET lock_timeout = '20ms'")
    with holder.transaction():
        holder.execute("LOCK TABLE spending")
        with pytest.raises(StorageFailed, match="locked by another client"):
            other.execute("UPDATE spending SET used = 1")
    holder.close()
    other.close()
