"""What gateway and listener process tell each other: a line of JSON each, the audio's bytes after a job's line."""

from __future__ import annotations

from typing import Literal

import msgspec


class ListenOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Said once, at the start."""

    directory: str
    threads: int


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One file to listen to; `size` bytes of audio follow."""

    size: int
    container: str
    """How to read the audio: the name of one demuxer. Nothing is guessed from hostile bytes."""
    most_seconds: float
    language: str | None = None
    prompt: str | None = None
    temperature: float | None = None
    words: bool = False


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """One word; times in seconds."""

    word: str
    start: float
    end: float


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """One stretch of speech, in the words of the OpenAI API; times in seconds."""

    id: int
    seek: int
    start: float
    end: float
    text: str
    tokens: list[int]
    temperature: float
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a job, or of the order to load (then empty)."""

    fault: Literal["", "load", "audio", "length", "request", "broken"] = ""
    reason: str = ""
    language: str = ""
    seconds: float = 0.0
    """Length of the audio."""
    segments: tuple[Segment, ...] = ()
    words: tuple[Word, ...] = ()

    @property
    def text(self) -> str:
        return "".join(segment.text for segment in self.segments).strip()
