"""The head of a GGUF is read with suspicion."""

from __future__ import annotations

import contextlib
import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from freehold.compute.models.errors import BrokenWeights
from freehold.compute.models.gguf import read_gguf

MANY = 1 << 62


def text(value: bytes) -> bytes:
    return struct.pack("<Q", len(value)) + value


def head(*, version: int = 3, tensors: int = 0, pairs: int = 0, rest: bytes = b"") -> bytes:
    return b"GGUF" + struct.pack("<IQQ", version, tensors, pairs) + rest


def test_a_whole_file_tells_what_it_is(tiny: Path) -> None:
    facts = read_gguf(tiny)
    assert (facts.architecture, facts.context, facts.chat_template, facts.tools) == ("llama", 512, True, False)
    assert facts.parameters > 20_000
    assert facts.kv_bytes_per_token == 1 * 4 * (8 + 8) * 2


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GG",
        b"PK\x03\x04" + bytes(100),
        head(version=1),
        head(version=0x03000000),
        head(),
        head(tensors=MANY),
        head(pairs=MANY),
        head(pairs=1, rest=struct.pack("<Q", MANY)),
        head(pairs=1, rest=text(b"key") + struct.pack("<I", 99)),
        head(pairs=1, rest=text(b"key") + struct.pack("<IQ", 8, MANY)),
        head(pairs=1, rest=text(b"key") + struct.pack("<IIQ", 9, 8, MANY)),
        head(pairs=1, rest=text(b"key") + struct.pack("<IIQ", 9, 4, MANY)),
        head(pairs=1, rest=text(b"key") + struct.pack("<IIQ", 9, 9, 1)),
        head(pairs=1, rest=text(b"\xff\xfe") + struct.pack("<II", 4, 1)),
        head(tensors=1, rest=text(b"t") + struct.pack("<I", 9)),
        head(tensors=1, rest=text(b"t") + struct.pack("<IQQIQ", 2, MANY, MANY, 0, 0)),
    ],
)  # fmt: skip
def test_what_is_no_whole_gguf_is_refused(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bad.gguf"
    path.write_bytes(data)
    with pytest.raises(BrokenWeights):
        read_gguf(path)


@given(cut=st.integers(min_value=0, max_value=10_000_000))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
def test_a_file_cut_anywhere_is_refused(cut: int, tiny: Path, tmp_path: Path) -> None:
    data = tiny.read_bytes()
    path = tmp_path / "cut.gguf"
    path.write_bytes(data[: cut % len(data)])
    with pytest.raises(BrokenWeights):
        read_gguf(path)


@given(place=st.integers(min_value=0, max_value=8000), value=st.integers(min_value=0, max_value=255))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
def test_a_flipped_byte_is_read_or_refused_but_never_worse(place: int, value: int, tiny: Path, tmp_path: Path) -> None:
    data = bytearray(tiny.read_bytes())
    data[place] = value
    path = tmp_path / "flipped.gguf"
    path.write_bytes(data)
    with contextlib.suppress(BrokenWeights):
        assert read_gguf(path).architecture
