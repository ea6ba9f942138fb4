"""Reading the head of a GGUF file: what the model is, and whether the file is whole.

The reader is our own because the file may come from anywhere and llama.cpp is not made for hostile input: every count,
length and offset is checked against the file's size before it is used, and nothing big is kept. It looks at the head
only; that the weights themselves are the right ones is what digests are for.
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

import msgspec

from freehold.compute.models.errors import BrokenWeights

_MOST_PAIRS = 4096
_MOST_TENSORS = 65_536
_MOST_DIMENSIONS = 4
_LONGEST_KEY = 65_535
_LONGEST_KEPT_TEXT = 1 << 20
_LONGEST_KEPT_LIST = 4096
_VERSIONS = (2, 3)

_STRING, _ARRAY = 8, 9
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}

_BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 36),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292),
    16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82),
    23: (256, 136), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2),
    34: (256, 54), 35: (256, 66), 39: (32, 17),
}  # fmt: skip
"""Weights per block and bytes per block, by GGML type. A type that is not here is newer than this table."""

Value = int | float | bool | str | list[int | float | bool]


class GgufFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the head of a GGUF says about its model."""

    architecture: str
    parameters: int
    """Counted from the tensors' shapes, not taken from the file's word."""
    context: int | None = None
    """Tokens the model was trained for."""
    pooling: int = 0
    """llama.cpp's pooling type: 0 for a model that generates, 1 to 3 for embeddings, 4 for a reranker."""
    chat_template: bool = False
    tools: bool = False
    """The chat template knows what tools are."""
    reasoning: bool = False
    """The chat template knows thinking blocks."""
    kv_bytes_per_token: int = 0
    """Memory that one token of context takes at 16-bit precision."""


def read_gguf(path: Path) -> GgufFacts:
    """The facts in the head of the GGUF at `path`. Raises BrokenWeights where the file is no whole GGUF."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _Head(data, path).facts()
    except (struct.error, ValueError, UnicodeDecodeError, OverflowError) as error:
        raise BrokenWeights(f"{path.name} is not a whole GGUF file: {error}") from error


class _Head:
    """A cursor over the head of one file."""

    def __init__(self, data: mmap.mmap, path: Path) -> None:
        self._data = data
        self._name = path.name
        self._at = 0

    def facts(self) -> GgufFacts:
        if self._bytes(4) != b"GGUF":
            raise BrokenWeights(f"{self._name} is not a GGUF file: it does not start with GGUF")
        version = self._number("I")
        if version not in _VERSIONS:
            raise BrokenWeights(f"{self._name} is GGUF version {version}; versions 2 and 3 can be read")
        tensors = self._count(_MOST_TENSORS, "tensors")
        pairs = self._count(_MOST_PAIRS, "metadata entries")
        metadata = dict(self._pair() for _ in range(pairs))
        return _facts(metadata, self._tensors(tensors, metadata))

    def _pair(self) -> tuple[str, Value]:
        key = self._text(_LONGEST_KEY)
        return key, self._value(self._number("I"))

    def _value(self, kind: int) -> Value:
        if kind in _SCALARS:
            return self._number(_SCALARS[kind])
        if kind == _STRING:
            return self._kept_text()
        if kind == _ARRAY:
            return self._list()
        raise ValueError(f"unknown metadata type {kind}")

    def _list(self) -> list[int | float | bool]:
        kind, length = self._number("I"), self._number("Q")
        if kind in _SCALARS:
            code = _SCALARS[kind]
            size = struct.calcsize(code) * length
            block = self._bytes(size) if length <= _LONGEST_KEPT_LIST else self._skip(size)
            return list(struct.unpack(f"<{length}{code}", block)) if block else []
        if kind != _STRING:
            raise ValueError(f"a list of metadata type {kind}")
        self._check(length * 8)
        for _ in range(length):
            self._skip(self._number("Q"))
        return []

    def _tensors(self, count: int, metadata: dict[str, Value]) -> int:
        """Check that every tensor lies within the file; the number of weights in all."""
        weights, end = 0, 0
        for _ in range(count):
            elements, last = self._tensor()
            weights += elements
            end = max(end, last)
        alignment = metadata.get("general.alignment", 32)
        if not isinstance(alignment, int) or not 0 < alignment <= 1 << 20:
            raise ValueError("bad alignment")
        start = -(-self._at // alignment) * alignment
        if start + end > len(self._data):
            raise BrokenWeights(
                f"{self._name} is cut short: its tensors need {start + end} bytes, it has {len(self._data)}"
            )
        return weights

    def _tensor(self) -> tuple[int, int]:
        self._text(_LONGEST_KEY)
        dimensions = self._number("I")
        if dimensions > _MOST_DIMENSIONS:
            raise ValueError(f"a tensor with {dimensions} dimensions")
        elements = 1
        for _ in range(dimensions):
            elements *= self._number("Q")
        kind, offset = self._number("I"), self._number("Q")
        block, size = _BLOCKS.get(kind, (1, 0))
        return elements, offset + -(-elements // block) * size

    def _text(self, limit: int) -> str:
        length = self._number("Q")
        if length > limit:
            raise ValueError(f"a name of {length} bytes")
        return self._bytes(length).decode()

    def _kept_text(self) -> str:
        length = self._number("Q")
        if length > _LONGEST_KEPT_TEXT:
            self._skip(length)
            return ""
        return self._bytes(length).decode("utf-8", "replace")

    def _count(self, limit: int, what: str) -> int:
        count = self._number("Q")
        if count > limit:
            raise ValueError(f"{count} {what}, more than {limit}")
        return count

    def _number(self, code: str) -> int:
        (value,) = struct.unpack_from(f"<{code}", self._data, self._at)
        self._at += struct.calcsize(code)
        return value  # type: ignore[no-any-return]

    def _bytes(self, length: int) -> bytes:
        self._check(length)
        start, self._at = self._at, self._at + length
        return self._data[start : self._at]

    def _skip(self, length: int) -> bytes:
        self._check(length)
        self._at += length
        return b""

    def _check(self, length: int) -> None:
        if length > len(self._data) - self._at:
            raise ValueError("its head is cut short")


def _facts(metadata: dict[str, Value], weights: int) -> GgufFacts:
    architecture = metadata.get("general.architecture")
    if not isinstance(architecture, str) or not architecture:
        raise ValueError("no architecture is named")
    template = metadata.get("tokenizer.chat_template")
    text = template if isinstance(template, str) else ""
    return GgufFacts(
        architecture=architecture,
        parameters=weights,
        context=_whole(metadata.get(f"{architecture}.context_length")),
        pooling=_whole(metadata.get(f"{architecture}.pooling_type")) or 0,
        chat_template=bool(text),
        tools="tools" in text,
        reasoning="<think>" in text,
        kv_bytes_per_token=_kv_bytes(metadata, architecture),
    )


def _kv_bytes(metadata: dict[str, Value], architecture: str) -> int:
    """Keys and values of all layers, two bytes each; 0 where the file does not say enough."""

    def get(name: str) -> Value | None:
        return metadata.get(f"{architecture}.{name}")

    layers, width = _whole(get("block_count")), _whole(get("embedding_length"))
    heads = _whole(get("attention.head_count"))
    if not layers or not width or not heads:
        return 0
    per_layer = get("attention.head_count_kv")
    kv_heads = sum(map(int, per_layer)) if isinstance(per_layer, list) else layers * (_whole(per_layer) or heads)
    head = width // heads
    key = _whole(get("attention.key_length")) or head
    value = _whole(get("attention.value_length")) or head
    return kv_heads * (key + value) * 2


def _whole(value: Value | None) -> int | None:
    """A positive whole number, or None."""
    return value if isinstance(value, int) and value > 0 else None
