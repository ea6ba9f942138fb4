"""What is on disk: one directory per model, each with a manifest.

    model_zoo/
    └── smollm2-135m-instruct/
        ├── manifest.json
        └── SmolLM2-135M-Instruct.Q4_1.gguf

A directory appears whole (it is renamed into place) or not at all; names that start with a dot are work in progress.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

import msgspec

from freehold.compute.models.gguf import GgufFacts
from freehold.ground.errors import InvalidRequest
from freehold.ground.paths import Home

MANIFEST = "manifest.json"
_LARGEST_MANIFEST = 1 << 20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class Kind(StrEnum):
    """Which engine reads the weights."""

    GGUF = "gguf"
    ONNX = "onnx"
    WHISPER = "whisper"


class Task(StrEnum):
    """What a model is for."""

    CHAT = "chat"
    EMBEDDING = "embedding"
    TRANSCRIPTION = "transcription"


class FileRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One file, pinned."""

    sha256: str
    """64 hex digits."""
    size: int
    """Bytes."""


class Defaults(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What suits a model best where a request does not say."""

    temperature: float | None = None
    top_p: float | None = None
    chat_template: str = ""
    """Takes the place of the template in the file, where it is not empty."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a model is, where it came from, and what its files must hash to."""

    name: str
    kind: Kind
    task: Task
    files: Mapping[str, FileRecord]
    """By path inside the model's directory."""
    source: str
    """Where it came from, for people: a package, a hub's file, a URL, a path."""
    licence: str = ""
    """SPDX identifier; empty where unknown."""
    parameters: float | None = None
    context: int | None = None
    dimensions: int | None = None
    """Length of an embedding."""
    defaults: Defaults = Defaults()
    facts: GgufFacts | None = None
    """Read once, when the file came in."""
    link: str = ""
    """Absolute path of a file that is used where it lies, instead of being copied here."""


class Installed(msgspec.Struct, frozen=True, kw_only=True):
    """A model on disk."""

    manifest: Manifest
    directory: Path

    @property
    def name(self) -> str:
        return self.manifest.name

    def path(self, name: str) -> Path:
        """Where the file of that name lies."""
        return Path(self.manifest.link) if self.manifest.link else self.directory / name

    def only(self, suffix: str) -> Path:
        """The one file whose name ends so. Raises KeyError where there is none."""
        for name in sorted(self.manifest.files):
            if name.endswith(suffix):
                return self.path(name)
        raise KeyError(suffix)


def check_name(name: str) -> str:
    """`name`, if it can be a model's directory. Raises InvalidRequest."""
    if not _NAME.fullmatch(name):
        raise InvalidRequest(
            f"{name!r} cannot be a model's name.",
            advice="Use up to 100 letters, digits, dots, dashes and underscores, starting with a letter or digit.",
        )
    return name


def installed(home: Home) -> tuple[Installed, ...]:
    """Every model with a readable manifest, by name."""
    found = (read_manifest(path.parent) for path in sorted(home.models.glob(f"[!.]*/{MANIFEST}")))
    return tuple(model for model in found if model is not None)


def find_installed(home: Home, name: str) -> Installed | None:
    """The model of that name, if it is on disk."""
    return read_manifest(home.models / check_name(name))


def read_manifest(directory: Path) -> Installed | None:
    """The model in `directory`; None where there is none, or its manifest cannot be read."""
    path = directory / MANIFEST
    try:
        if path.stat().st_size > _LARGEST_MANIFEST:
            return None
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError):
        return None
    return Installed(manifest=manifest, directory=directory)


def write_manifest(directory: Path, manifest: Manifest) -> None:
    """Write `manifest` into `directory`, which must exist."""
    (directory / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")
