"""What was heard, written down in the five formats of the OpenAI API."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import msgspec

from freehold.compute.providers.whisper.exchange import Heard, Segment
from freehold.compute.providers.whisper.request import Format, Granularity

_NAMES = {"en": "english"}
"""The verbose format names languages; where this table does not, their code stays."""


def written(heard: Heard, wanted: Format, granularities: frozenset[Granularity]) -> tuple[bytes, str]:
    """The body of the answer, and its content type."""
    if wanted == "verbose_json":
        return msgspec.json.encode(_verbose(heard, granularities)), "application/json"
    if wanted == "json":
        return msgspec.json.encode({"text": heard.text, "usage": _usage(heard)}), "application/json"
    return _PLAIN[wanted](heard).encode(), "text/plain; charset=utf-8"


def _verbose(heard: Heard, granularities: frozenset[Granularity]) -> dict[str, object]:
    body: dict[str, object] = {
        "task": "transcribe",
        "language": _NAMES.get(heard.language, heard.language),
        "duration": heard.seconds,
        "text": heard.text,
        "usage": _usage(heard),
    }
    if "segment" in granularities:
        body["segments"] = heard.segments
    if "word" in granularities:
        body["words"] = heard.words
    return body


def _usage(heard: Heard) -> dict[str, object]:
    return {"type": "duration", "seconds": math.ceil(heard.seconds)}


def _text(heard: Heard) -> str:
    return heard.text + "\n"


def _srt(heard: Heard) -> str:
    blocks = (f"{place}\n{_cue(segment, ',')}" for place, segment in enumerate(heard.segments, 1))
    return _lines(blocks)


def _vtt(heard: Heard) -> str:
    return "WEBVTT\n\n" + _lines(_cue(segment, ".") for segment in heard.segments)


_PLAIN: dict[Format, Callable[[Heard], str]] = {"text": _text, "srt": _srt, "vtt": _vtt}


def _lines(blocks: Iterable[str]) -> str:
    return "".join(f"{block}\n\n" for block in blocks)


def _cue(segment: Segment, point: str) -> str:
    return f"{_stamp(segment.start, point)} --> {_stamp(segment.end, point)}\n{segment.text.strip()}"


def _stamp(seconds: float, point: str) -> str:
    """Hours, minutes, seconds and thousandths."""
    thousandths = round(seconds * 1000)
    minutes, rest = divmod(thousandths, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{rest // 1000:02d}{point}{rest % 1000:03d}"
