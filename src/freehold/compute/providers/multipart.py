"""multipart/form-data, out and in, for the one route that carries a file (RFC 7578)."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from email.message import Message

import msgspec

from freehold.ground.errors import InvalidRequest
from freehold.words.asks import Upload

_MAX_PARTS = 64


def encode_form(fields: Mapping[str, msgspec.Raw], upload: Upload) -> tuple[bytes, bytes]:
    """Content type and body of a form. String fields are sent bare, lists as repeated `name[]` parts."""
    boundary = secrets.token_hex(16).encode()
    parts: list[bytes] = []
    for name, raw in fields.items():
        value = msgspec.json.decode(raw)
        values = value if isinstance(value, list) else [value]
        label = f"{name}[]" if isinstance(value, list) else name
        parts += [_part(boundary, f'name="{_quoted(label)}"', b"", _text(item)) for item in values]
    disposition = f'name="file"; filename="{_quoted(upload.filename)}"'
    content_type = upload.content_type.replace("\r", "").replace("\n", "").encode("latin-1", "replace")
    parts.append(_part(boundary, disposition, b"content-type: %b\r\n" % content_type, upload.data))
    parts.append(b"--%b--\r\n" % boundary)
    return b"multipart/form-data; boundary=" + boundary, b"".join(parts)


def decode_form(content_type: str, body: bytes) -> tuple[dict[str, msgspec.Raw], Upload]:
    """Fields and the one file of a form. Raises InvalidRequest on anything malformed."""
    header = Message()
    header["content-type"] = content_type
    boundary = header.get_param("boundary")
    if header.get_content_type() != "multipart/form-data" or not isinstance(boundary, str) or not boundary:
        raise InvalidRequest("This route takes multipart/form-data with a boundary.", parameter="content-type")
    pieces = (b"\r\n" + body).split(b"\r\n--" + boundary.encode("latin-1", "replace"), _MAX_PARTS + 2)
    if len(pieces) < 3 or len(pieces) > _MAX_PARTS + 1 or not pieces[-1].startswith(b"--"):
        raise InvalidRequest("The multipart body is malformed, cut short, or has too many parts.")
    fields: dict[str, list[str]] = {}
    upload: Upload | None = None
    for piece in pieces[1:-1]:
        head, separator, data = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        if not separator:
            raise InvalidRequest("A part of the multipart body has no headers.")
        name, filename, kind = _describe(head)
        if filename is not None and name == "file":
            upload = Upload(filename=filename, content_type=kind, data=data)
        else:
            fields.setdefault(name, []).append(data.decode("utf-8", "replace"))
    if upload is None:
        raise InvalidRequest("The form has no file.", parameter="file")
    return {name.removesuffix("[]"): _raw(name, values) for name, values in fields.items()}, upload


def _describe(head: bytes) -> tuple[str, str | None, str]:
    message = Message()
    for line in head.decode("utf-8", "replace").split("\r\n"):
        key, _, value = line.partition(":")
        if key.strip().lower() in ("content-disposition", "content-type"):
            message[key.strip()] = value.strip()
    name = message.get_param("name", header="content-disposition")
    if not isinstance(name, str) or not re.fullmatch(r"[\w\[\].-]{1,64}", name):
        raise InvalidRequest("A part of the form has no usable name.")
    return name, message.get_filename(), message.get_content_type()


def _raw(name: str, values: list[str]) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(values if name.endswith("[]") else values[-1]))


def _part(boundary: bytes, disposition: str, extra: bytes, data: bytes) -> bytes:
    return b"--%b\r\ncontent-disposition: form-data; %b\r\n%b\r\n%b\r\n" % (
        boundary, disposition.encode(), extra, data,
    )  # fmt: skip


def _text(value: object) -> bytes:
    return value.encode() if isinstance(value, str) else msgspec.json.encode(value)


def _quoted(text: str) -> str:
    return text.replace("\\", "%5C").replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
