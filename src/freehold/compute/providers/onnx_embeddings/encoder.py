"""The model itself: text in, unit vectors out. Loads the heavy libraries; everything here blocks."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from freehold.ground.errors import CannotServe

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Vectors = NDArray[numpy.float32]

_LONGEST_TEXT = 100_000
_QUIET = 3


class Encoded(msgspec.Struct, frozen=True, kw_only=True):
    """What came out."""

    vectors: Any
    """One row per text: float32, unit length."""
    tokens: int
    cpu_seconds: float


class Encoder:
    """One loaded model. Safe to use from several threads."""

    def __init__(self, model: Path, tokenizer: Path, *, context: int, truncate: bool) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = _QUIET
        self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self._takes = {each.name for each in self._session.get_inputs()}
        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        if truncate:
            self._tokenizer.enable_truncation(context)
        self._context = context
        self._truncate = truncate

    def encode(self, texts: tuple[str, ...], stop: threading.Event) -> Encoded:
        """Embed `texts`. Each is run alone: its vector never depends on its neighbours, and nothing is padded.

        Raises CannotServe for a text longer than the context, unless texts are to be cut. Ends early once `stop` is set.
        """
        import numpy

        started = time.thread_time()
        tokens = [self._tokens(place, text) for place, text in enumerate(texts)]
        rows = [self._vector(ids) for ids in tokens if not stop.is_set()]
        return Encoded(
            vectors=numpy.array(rows, dtype=numpy.float32),
            tokens=sum(map(len, tokens)),
            cpu_seconds=time.thread_time() - started,
        )

    def _tokens(self, place: int, text: str) -> list[int]:
        if len(text) > _LONGEST_TEXT and not self._truncate:
            raise _too_long(place, f"{len(text)} characters", self._context)
        ids: list[int] = self._tokenizer.encode(text[:_LONGEST_TEXT]).ids
        if len(ids) > self._context:
            raise _too_long(place, f"{len(ids)} tokens", self._context)
        return ids

    def _vector(self, ids: list[int]) -> Vectors:
        """The mean over the tokens, at length one."""
        import numpy

        row = numpy.array([ids], dtype=numpy.int64)
        given = {"input_ids": row, "attention_mask": numpy.ones_like(row), "token_type_ids": row * 0}
        states = self._session.run(None, {name: given[name] for name in self._takes})[0]
        mean = states[0].mean(axis=0)
        vector: Vectors = mean / max(float(numpy.linalg.norm(mean)), 1e-12)
        return vector


def _too_long(place: int, length: str, context: int) -> CannotServe:
    return CannotServe(
        f"Input {place} has {length}; this model reads {context} tokens.",
        advice="Split the text, or set truncate = true to have only its beginning read.",
    )
