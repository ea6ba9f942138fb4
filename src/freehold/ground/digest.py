"""Digests that carry their algorithm: `sha256:<hex>`."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

_BLOCK = 1 << 20


class Digest(msgspec.Struct, frozen=True):
    """A hash and how it was made. Only SHA-256 is made today; the name travels so that this can change."""

    algorithm: str
    hex: str

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.hex}"


def sha256(data: bytes) -> Digest:
    """The digest of `data`."""
    return Digest("sha256", hashlib.sha256(data).hexdigest())


def sha256_file(path: Path) -> Digest:
    """The digest of a file's bytes, read in blocks of one megabyte."""
    state = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            state.update(block)
    return Digest("sha256", state.hexdigest())


def parse_digest(text: str) -> Digest:
    """Read `sha256:<64 hex digits>`; a bare hex digest is taken as SHA-256. Raises ValueError on anything else."""
    algorithm, _, value = text.rpartition(":")
    digest = Digest(algorithm or "sha256", value.lower())
    if digest.algorithm != "sha256" or len(digest.hex) != 64 or set(digest.hex) - set("0123456789abcdef"):
        raise ValueError(f"not a SHA-256 digest: {text!r}")
    return digest
