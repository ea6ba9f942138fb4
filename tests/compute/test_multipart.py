"""Forms with a file, out and in again, and hostile ones refused."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.compute.providers.multipart import decode_form, encode_form
from freehold.ground.errors import InvalidRequest
from freehold.words.asks import Upload

UPLOAD = Upload(filename="a.wav", content_type="audio/wav", data=b"RIFF\r\n--data\x00\xff")


def raw(**values: object) -> dict[str, msgspec.Raw]:
    return {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in values.items()}


def round_trip(fields: dict[str, msgspec.Raw], upload: Upload) -> tuple[dict[str, object], Upload]:
    content_type, body = encode_form(fields, upload)
    found, file = decode_form(content_type.decode(), body)
    return {name: msgspec.json.decode(value) for name, value in found.items()}, file


def test_fields_and_file_come_back_as_they_went_out() -> None:
    fields, upload = round_trip(raw(model="whisper-1", timestamp_granularities=["word", "segment"]), UPLOAD)
    assert fields == {"model": "whisper-1", "timestamp_granularities": ["word", "segment"]}
    assert upload == UPLOAD


def test_numbers_and_flags_go_out_as_json_writes_them() -> None:
    fields, _ = round_trip(raw(temperature=0.5, stream=True), UPLOAD)
    assert fields == {"temperature": "0.5", "stream": "true"}


@given(st.binary(max_size=300), st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30))
def test_any_bytes_under_any_name(data: bytes, name: str) -> None:
    _, upload = round_trip(raw(model="m"), Upload(filename=name, content_type="audio/wav", data=data))
    assert upload.data == data
    assert "\r" not in upload.filename


@pytest.mark.parametrize("name", ['a"; filename="b', "a\r\nx-injected: yes", "a\nb"])
def test_a_file_name_cannot_break_out_of_its_header(name: str) -> None:
    _, body = encode_form(raw(model="m"), Upload(filename=name, content_type="audio/wav\r\nx-injected: yes", data=b""))
    assert b"\r\nx-injected" not in body
    assert body.count(b"filename=") == body.count(b'filename="') == 1 or b"%22" in body


def form(*parts: bytes, boundary: bytes = b"b") -> tuple[str, bytes]:
    body = b"".join(b"--%b\r\n%b\r\n" % (boundary, part) for part in parts) + b"--%b--\r\n" % boundary
    return f"multipart/form-data; boundary={boundary.decode()}", body


FILE = b'content-disposition: form-data; name="file"; filename="a.wav"\r\ncontent-type: audio/wav\r\n\r\nRIFF'


def test_what_other_clients_send_is_read_too() -> None:
    quoted = 'multipart/form-data; charset=utf-8; boundary="b"'
    _, body = form(b'Content-Disposition: form-data; name="model"\r\n\r\nm', FILE)
    fields, upload = decode_form(quoted, b"a preamble\r\n" + body)
    assert fields == {"model": msgspec.Raw(b'"m"')}
    assert upload.data == b"RIFF"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b""),
        ("multipart/form-data; boundary=", b""),
        ("multipart/form-data; boundary=b", b""),
        ("multipart/form-data; boundary=b", b"--b\r\n\r\n"),
        form(b'content-disposition: form-data; name="model"\r\n\r\nm'),  # no file
        form(b"no headers here"),
        form(b"content-disposition: form-data\r\n\r\nm", FILE),  # no name
        form(b'content-disposition: form-data; name="a b\x00"\r\n\r\nm', FILE),
        form(*[b'content-disposition: form-data; name="x"\r\n\r\n1'] * 65, FILE),
        (form(FILE)[0], form(FILE)[1][:-8]),
    ],
)
def test_malformed_forms_are_refused(content_type: str, body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        decode_form(content_type, body)


@given(st.binary(max_size=400), st.text(max_size=60))
def test_nothing_else_is_ever_raised(body: bytes, content_type: str) -> None:
    for kind in (content_type, "multipart/form-data; boundary=b"):
        for content in (body, b"--b\r\n" + body + b"\r\n--b--\r\n"):
            try:
                decode_form(kind, content)
            except InvalidRequest:
                continue
