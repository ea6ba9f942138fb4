"""Writing big files: room is checked first, a full disk is named, and two pulls never meet."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from freehold.ground.errors import StorageFailed

_SPARE = 64 << 20
"""Bytes to leave free for everything else."""
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


def check_room(directory: Path, size: int | None) -> None:
    """Raises StorageFailed where `size` more bytes do not fit beside what else the disk is for."""
    free = shutil.disk_usage(directory).free
    if size is not None and size + _SPARE > free:
        raise StorageFailed(
            f"{directory} has {free >> 20} MiB free; {(size + _SPARE) >> 20} are needed.", advice=_ADVICE
        )


_ADVICE = "Free some room, or set $FREEHOLD_HOME to a larger disk; the pull goes on where it stopped."


@contextmanager
def disk_errors() -> Iterator[None]:
    """Turns what the operating system says about files into StorageFailed."""
    try:
        yield
    except OSError as error:
        advice = _ADVICE if error.errno in _NO_ROOM else None
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise StorageFailed(f"The disk refuses: {reason}.", advice=advice) from error


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file at `path`; waits for whoever has it. The kernel frees it when its holder dies."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def put_in_place(staged: Path, target: Path) -> None:
    """Make the directory `staged` be `target`, all at once; one that was there before is removed."""
    old = target.with_name(f".old-{target.name}")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    staged.rename(target)
    shutil.rmtree(old, ignore_errors=True)
