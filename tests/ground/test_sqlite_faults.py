"""What can go wrong with a file, and what the user is told."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from freehold.ground.database import open_database, sqlite
from freehold.ground.errors import StorageFailed


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """A closed database of many pages."""
    path = tmp_path / "freehold.db"
    database = open_database(path)
    database.migrate()
    database.executemany(
        "INSERT INTO spending VALUES (?, ?, ?, ?, ?)",
        [(f"{number:0200}", "usd/day", 1, 0, 0) for number in range(2000)],
    )
    database.close()
    return path


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of two megabytes."""
    path = tmp_path / "disk"
    path.mkdir()
    mounted = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(path)], check=False, capture_output=True
    )
    if not mounted or mounted.returncode:
        pytest.skip("mounting needs root")
    yield path
    subprocess.run(["umount", "-l", str(path)], check=True)


def everything(path: Path) -> list[tuple[object, ...]]:
    database = open_database(path)
    try:
        database.migrate()
        return database.query("SELECT count(*) FROM spending WHERE used = 0")
    finally:
        database.close()


def test_a_new_file_and_its_log_are_private(tmp_path: Path) -> None:
    path = tmp_path / "new" / "freehold.db"
    database = open_database(f"sqlite:///{path}")
    database.migrate()
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    database.close()


def test_a_file_that_is_no_database_is_named_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(b"Dear diary, " * 100)
    with pytest.raises(StorageFailed, match=r"notes\.txt is not a database") as caught:
        open_database(path)
    assert "aside" in caught.value.advice
    assert path.read_bytes() == b"Dear diary, " * 100


def test_a_truncated_file_is_called_damaged(filled: Path) -> None:
    os.truncate(filled, filled.stat().st_size // 3)
    with pytest.raises(StorageFailed, match="is damaged") as caught:
        everything(filled)
    assert ".recover" in caught.value.advice


def test_a_file_with_overwritten_pages_is_called_damaged(filled: Path) -> None:
    with filled.open("r+b") as file:
        file.seek(8192)
        file.write(b"\xde\xad\xbe\xef" * (filled.stat().st_size // 4 - 2048))
    with pytest.raises(StorageFailed, match="is damaged"):
        everything(filled)


def test_a_locked_file_is_told_after_a_bounded_wait(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.01)
    holder, other = open_database(filled), open_database(filled)
    with holder.transaction(), pytest.raises(StorageFailed, match="locked by another process"):
        other.execute("UPDATE spending SET used = 1")
    other.execute("UPDATE spending SET used = 1")
    holder.close()
    other.close()


def test_a_folder_in_place_of_the_file_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(StorageFailed, match="cannot be opened"):
        open_database(tmp_path)


def test_a_file_in_place_of_the_folder_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageFailed):
        open_database(tmp_path / "file" / "freehold.db")


def test_a_full_disk_is_told_and_writing_resumes_once_there_is_room(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(1_400_000))
    database = open_database(small_disk / "freehold.db")
    database.migrate()

    def fill(start: int) -> None:
        rows = [(f"{number:0500}", "usd/day", 1, 0, 0) for number in range(start, start + 100)]
        database.executemany("INSERT INTO spending VALUES (?, ?, ?, ?, ?)", rows)

    written = 0
    with pytest.raises(StorageFailed, match="no room left") as caught:
        while True:
            fill(written)
            written += 100
    assert "Free some disk space" in caught.value.advice
    assert database.query("SELECT count(*) FROM spending") == [(written,)]
    ballast.unlink()
    fill(written)
    assert database.query("SELECT count(*) FROM spending") == [(written + 100,)]
    assert database.query("PRAGMA integrity_check") == [("ok",)]
    database.close()


LIMITED = """
import resource, sys
from freehold.ground.database import open_database
from freehold.ground.errors import StorageFailed
database = open_database(sys.argv[1])
database.migrate()
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
written = 0
try:
    while written < 100_000:
        database.executemany(
            "INSERT INTO spending VALUES (?, ?, ?, ?, ?)",
            [(f"{number:0500}", "usd/day", 1, 0, 0) for number in range(written, written + 100)],
        )
        written += 100
except StorageFailed as error:
    print(written, error.advice)
"""


def test_a_limit_on_file_size_is_told_and_what_was_written_stays(tmp_path: Path) -> None:
    path = tmp_path / "freehold.db"
    ran = subprocess.run([sys.executable, "-c", LIMITED, str(path)], capture_output=True, text=True, check=True)
    written, advice = ran.stdout.split(maxsplit=1)
    assert "disk" in advice
    assert everything(path) == [(int(written),)]
