"""Embeddings and transcriptions as OpenAI answers them."""

from __future__ import annotations

import base64
import hashlib
import re
import struct
from collections.abc import Iterator
from typing import Any

from freehold.testing.vendors.loopback import Json
from freehold.testing.vendors.openai import fields as known
from freehold.testing.vendors.openai.errors import invalid, missing
from freehold.testing.vendors.replies import tokens

_DIMENSIONS = {"text-embedding-3-large": 3072}
_DEFAULT_DIMENSIONS = 1536
_BOUNDARY = re.compile(r'boundary="?([^";]+)')
_PARAMETER = re.compile(r'\b(name|filename)="([^"]*)"')
_FORMATS = ("json", "text", "srt", "verbose_json", "vtt", "diarized_json")


def embeddings(body: Json) -> Json:
    """An embedding list: unit vectors, the same for the same text and unlike for unlike texts."""
    if unknown := sorted(body.keys() - known.EMBEDDINGS):
        raise invalid(f"Unrecognized request argument supplied: {unknown[0]}")
    inputs = _inputs(body.get("input"))
    size = body.get("dimensions") or _DIMENSIONS.get(body["model"], _DEFAULT_DIMENSIONS)
    as_base64 = body.get("encoding_format") == "base64"
    data = [
        {"object": "embedding", "index": index, "embedding": _encoded(vector(text, size), as_base64)}
        for index, text in enumerate(inputs)
    ]
    count = sum(len(tokens(text)) for text in inputs)
    return {
        "object": "list",
        "data": data,
        "model": body["model"],
        "usage": {"prompt_tokens": count, "total_tokens": count},
    }


def vector(text: str, size: int) -> list[float]:
    """The embedding of a text."""
    raw = hashlib.shake_256(text.encode()).digest(size)
    centred = [byte - 127.5 for byte in raw]
    length = sum(value * value for value in centred) ** 0.5
    return [value / length for value in centred]


def _inputs(given: Any) -> list[str]:
    if given is None or given in ("", []):
        raise missing("input")
    items = [given] if isinstance(given, str) or isinstance(given[0], int) else given
    return [item if isinstance(item, str) else " ".join(map(str, item)) for item in items]


def _encoded(values: list[float], as_base64: bool) -> list[float] | str:
    if not as_base64:
        return values
    return base64.b64encode(struct.pack(f"<{len(values)}f", *values)).decode()


def read_form(content_type: str, body: bytes) -> tuple[dict[str, str], str, bytes]:
    """Fields, file name and file of a multipart upload."""
    boundary = _BOUNDARY.search(content_type)
    if not content_type.startswith("multipart/form-data") or boundary is None:
        raise invalid("We could not parse your request: it has to be multipart/form-data.")
    fields: dict[str, str] = {}
    name, data = "", b""
    for part in body.split(b"--" + boundary[1].encode())[1:-1]:
        head, _, content = part.removeprefix(b"\r\n").removesuffix(b"\r\n").partition(b"\r\n\r\n")
        said = dict(_PARAMETER.findall(head.decode()))
        if "filename" in said:
            name, data = said["filename"], content
        else:
            fields[said.get("name", "")] = content.decode()
    return fields, name, data


def check_transcription(fields: dict[str, str], name: str, data: bytes) -> None:
    """Raises the Failure with which OpenAI turns such an upload away."""
    if not name or not data:
        raise missing("file")
    wanted = fields.get("response_format", "json")
    if wanted not in _FORMATS:
        raise invalid(f"Invalid value: '{wanted}'.", "response_format", "invalid_value")
    if not fields["model"].startswith("whisper") and wanted not in ("json", "diarized_json"):
        message = f"response_format '{wanted}' is not compatible with model '{fields['model']}'."
        raise invalid(message, "response_format", "unsupported_value")


def heard(name: str, data: bytes) -> str:
    """What is "heard" in a file: its name and size."""
    return f"This is {name}, which is {len(data)} bytes long."


def seconds(data: bytes) -> float:
    """Length of a WAV file; of anything else, as if it were 16 kB a second."""
    if data[:4] == b"RIFF" and len(data) >= 44:
        rate = struct.unpack_from("<I", data, 28)[0]
        return round((len(data) - 44) / rate, 3) if rate else 0.0
    return round(len(data) / 16_000, 3)


def transcription(fields: dict[str, str], name: str, data: bytes) -> Json | str:
    """The answer in the asked-for format: JSON, or plain text."""
    text, length = heard(name, data), seconds(data)
    match fields.get("response_format", "json"):
        case "text":
            return text + "\n"
        case "srt":
            return f"1\n{_stamp(0, ',')} --> {_stamp(length, ',')}\n{text}\n\n"
        case "vtt":
            return f"WEBVTT\n\n{_stamp(0, '.')} --> {_stamp(length, '.')}\n{text}\n\n"
        case "verbose_json":
            return _verbose(fields, text, length)
    return {"text": text, "usage": _usage(fields["model"], text, length)}


def transcription_events(fields: dict[str, str], name: str, data: bytes) -> Iterator[Json]:
    """The answer as a stream of events."""
    text = heard(name, data)
    for token in tokens(text):
        yield {"type": "transcript.text.delta", "delta": token}
    yield {"type": "transcript.text.done", "text": text, "usage": _usage(fields["model"], text, seconds(data))}


def _verbose(fields: dict[str, str], text: str, length: float) -> Json:
    segment = {
        "id": 0,
        "seek": 0,
        "start": 0.0,
        "end": length,
        "text": text,
        "tokens": [1],
        "temperature": 0.0,
        "avg_logprob": -0.25,
        "compression_ratio": 1.0,
        "no_speech_prob": 0.0,
    }
    return {
        "task": "transcribe",
        "language": fields.get("language", "english"),
        "duration": length,
        "text": text,
        "segments": [segment],
        "usage": _usage(fields["model"], text, length),
    }


def _usage(model: str, text: str, length: float) -> Json:
    if model.startswith("whisper"):
        return {"type": "duration", "seconds": int(-(-length // 1))}
    audio, output = int(length * 10), len(tokens(text))
    return {
        "type": "tokens",
        "input_tokens": audio,
        "output_tokens": output,
        "total_tokens": audio + output,
        "input_token_details": {"text_tokens": 0, "audio_tokens": audio},
    }


def _stamp(moment: float, point: str) -> str:
    whole, milliseconds = divmod(round(moment * 1000), 1000)
    minutes, rest = divmod(whole, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest:02}{point}{milliseconds:03}"
