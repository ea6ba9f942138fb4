"""What the benchmark needs from the machine, and where it keeps what it builds and installs.

Everything goes to `benchmarks/.cache`, which git ignores; deleting that folder undoes all of it but Debian packages.
"""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
CACHE = HERE.parent / ".cache"
_INSTALL_PATIENCE = 1200.0


class Missing(Exception):
    """Something that a system or the benchmark itself needs is not here and could not be installed."""


def debian(program: str, package: str) -> str:
    """The path of `program`, installed from Debian when it is missing and we are root. Raises `Missing`."""
    if found := _which(program):
        return found
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise Missing(f"`{program}` is not installed; try: sudo apt-get install {package}")
    install(["apt-get", "install", "-y", "--no-install-recommends", package], log=package)
    if found := _which(program):
        return found
    raise Missing(f"Debian's {package} brought no `{program}`")


def compiled(source: str) -> Path:
    """The program compiled from a C file beside this one; compiled again when the file is newer."""
    origin, target = HERE / source, CACHE / "bin" / Path(source).stem
    if target.exists() and target.stat().st_mtime > origin.stat().st_mtime:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    install(
        [debian("cc", "gcc libc6-dev"), "-O2", "-Wall", "-Wextra", "-Werror", "-o", str(target), str(origin)],
        log=source,
    )
    return target


def python_peer(name: str, requirements: Sequence[str]) -> Path:
    """The interpreter of a virtual environment of its own that holds a peer. Raises `Missing`."""
    folder = CACHE / f"{name}-{_stamp(requirements)}"
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        CACHE.mkdir(exist_ok=True)
        install(["python3", "-m", "venv", str(folder)], log=name)
        install([str(python), "-m", "pip", "install", "--quiet", *requirements], log=name)
        (folder / "complete").touch()
    return python


def node_peer(name: str, manifest: str) -> Path:
    """A folder whose `node_modules` holds what `manifest` (a package.json) asks for. Raises `Missing`."""
    for program in ("node", "npm"):
        debian(program, "nodejs npm")
    folder = CACHE / f"{name}-{_stamp([manifest])}"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "package.json").write_text(manifest)
        install(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder)], log=name)
        (folder / "complete").touch()
    return folder


def install(command: Sequence[str], *, log: str) -> None:
    """Runs an installing or compiling command. Raises `Missing` with the end of what it said."""
    CACHE.mkdir(exist_ok=True)
    output = CACHE / f"{log}.log"
    try:
        with output.open("ab") as sink:
            subprocess.run(command, check=True, stdout=sink, stderr=sink, timeout=_INSTALL_PATIENCE)
    except (subprocess.SubprocessError, OSError) as error:
        said = output.read_text(errors="replace")[-300:].strip() if output.exists() else ""
        raise Missing(f"{command[0]} {command[1] if len(command) > 1 else ''} failed: {said or error}") from error


def _which(program: str) -> str | None:
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")


def _stamp(parts: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:10]
