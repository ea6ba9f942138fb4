"""What a transcription request asks for, checked before a listener sees it."""

from __future__ import annotations

from typing import Literal

import msgspec

from freehold.compute.providers.whisper.exchange import Job
from freehold.ground.errors import CannotServe, InvalidRequest
from freehold.words.asks import Ask, Upload

Format = Literal["json", "text", "verbose_json", "srt", "vtt"]
Granularity = Literal["word", "segment"]

_KNOWN = frozenset(
    {"model", "language", "prompt", "response_format", "temperature", "timestamp_granularities", "stream"}
)
_MAGIC = (
    (0, b"RIFF", "wav"),
    (0, b"fLaC", "flac"),
    (0, b"OggS", "ogg"),
    (0, b"\x1aE\xdf\xa3", "matroska"),
    (4, b"ftyp", "mov"),
    (0, b"ID3", "mp3"),
)


class TranscriptionRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A job, its audio, and how to write down what was heard."""

    job: Job
    audio: bytes
    format: Format
    granularities: frozenset[Granularity]


class _Fields(msgspec.Struct):
    language: str | None = None
    prompt: str | None = None
    response_format: Format = "json"
    temperature: float | None = None
    timestamp_granularities: list[Granularity] | None = None


def read_request(ask: Ask, *, english_only: bool, most_bytes: int, most_seconds: float) -> TranscriptionRequest:
    """The request in `ask`.

    Raises InvalidRequest where it makes no sense, CannotServe for what another provider may do: streams, other fields,
    languages the model does not know, files that are too big, containers that are not known here.
    """
    upload = ask.upload
    if upload is None or not upload.data:
        raise InvalidRequest("There is no audio in the request.", parameter="file")
    fields = _fields(ask)
    granularities: frozenset[Granularity] = frozenset(fields.timestamp_granularities or ("segment",))
    if fields.timestamp_granularities and fields.response_format != "verbose_json":
        raise InvalidRequest("Timestamps come with verbose_json only.", parameter="timestamp_granularities")
    if len(upload.data) > most_bytes:
        raise CannotServe(f"The file has {len(upload.data)} bytes; at most {most_bytes} are listened to.")
    job = Job(
        size=len(upload.data),
        container=container_of(upload),
        most_seconds=most_seconds,
        language="en" if english_only else fields.language,
        prompt=fields.prompt or None,
        temperature=fields.temperature,
        words="word" in granularities,
    )
    if english_only and fields.language not in (None, "", "en", "english"):
        raise CannotServe(f"This model knows English only, not {fields.language!r}.")
    return TranscriptionRequest(job=job, audio=upload.data, format=fields.response_format, granularities=granularities)


def container_of(upload: Upload) -> str:
    """The demuxer for the file, by its first bytes: its name and type are the sender's word only. Raises CannotServe."""
    head = upload.data[:12]
    for place, magic, container in _MAGIC:
        if head[place : place + len(magic)] == magic:
            return container
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:
        return "mp3" if head[1] & 0x06 else "aac"
    raise CannotServe(
        f"{upload.filename[:100]!r} is no audio known here.", advice="Send wav, mp3, flac, ogg, webm, m4a or aac."
    )


def _fields(ask: Ask) -> _Fields:
    if ask.stream:
        raise CannotServe("Local transcription does not stream.", advice="Leave stream out.")
    if unknown := sorted(ask.fields.keys() - _KNOWN):
        raise CannotServe(f"Local transcription has no {unknown[0]!r}.")
    plain = {name: msgspec.json.decode(raw) for name, raw in ask.fields.items()}
    try:
        fields = msgspec.convert(plain, _Fields, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"The request cannot be read: {error}.") from error
    if fields.temperature is not None and not 0 <= fields.temperature <= 1:
        raise InvalidRequest("The temperature lies between 0 and 1.", parameter="temperature")
    return fields
