"""From an HTTP request to an ask: what each route takes, read no deeper than needed.

The body is checked once (JSON object, valid UTF-8, bounded depth) and cut into its top-level fields, each left as the bytes it
came in. Only the fields that decide where the request goes are looked into.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from freehold.compute.needs import CONTENT, needs_of
from freehold.compute.providers.multipart import decode_form
from freehold.gateway.http import HttpRequest
from freehold.gateway.limits import requirements_of
from freehold.ground.errors import InvalidRequest
from freehold.words.asks import Ask, Upload
from freehold.words.dialects import Dialect
from freehold.words.traces import read_traceparent

ROUTES: Mapping[str, Dialect] = {
    "/v1/chat/completions": Dialect.CHAT,
    "/v1/completions": Dialect.COMPLETIONS,
    "/v1/responses": Dialect.RESPONSES,
    "/v1/messages": Dialect.MESSAGES,
    "/v1/messages/count_tokens": Dialect.COUNT_TOKENS,
    "/v1/embeddings": Dialect.EMBEDDINGS,
    "/v1/audio/transcriptions": Dialect.TRANSCRIPTIONS,
    "/v1/rerank": Dialect.RERANK,
}

_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_TEXT = msgspec.json.Decoder(str)
_NULL = msgspec.Raw(b"null")
_MAX_MODEL = 512


def read_ask(dialect: Dialect, request: HttpRequest, *, ask_id: str, owner: str) -> Ask:
    """The ask behind a request. Raises InvalidRequest, naming the field at fault."""
    upload: Upload | None = None
    if dialect is Dialect.TRANSCRIPTIONS:
        content_type = request.headers.get(b"content-type", b"").decode("latin-1")
        fields, upload = decode_form(content_type, request.body)
    else:
        fields = _read_fields(request.body)
        required = CONTENT[dialect]
        if fields.get(required, _NULL) == _NULL:
            raise InvalidRequest(f"The field {required!r} is missing.", parameter=required)
    return Ask(
        id=ask_id,
        dialect=dialect,
        model=_model(fields),
        fields=fields,
        stream="stream" in fields and _flag(fields, "stream"),
        needs=needs_of(dialect, fields),
        requirements=requirements_of(request.headers),
        owner=owner,
        size=len(request.body),
        upload=upload,
        trace=_trace(request.headers),
    )


def _trace(headers: Mapping[bytes, bytes]) -> str:
    """The client's traceparent, if it sends one that is well-formed."""
    header = headers.get(b"traceparent")
    if header is None:
        return ""
    span = read_traceparent(header.decode("latin-1"))
    return "" if span is None else span.traceparent


def _read_fields(body: bytes) -> dict[str, msgspec.Raw]:
    try:
        if not body.isascii():
            body.decode()
        return _FIELDS.decode(body)
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"The body is not valid UTF-8 (byte {error.start}).") from None
    except RecursionError:
        raise InvalidRequest("The body is nested too deeply.") from None
    except msgspec.DecodeError as error:
        raise InvalidRequest(f"The body is not a JSON object: {error}.") from None


def _model(fields: Mapping[str, msgspec.Raw]) -> str:
    raw = fields.get("model")
    try:
        model = _TEXT.decode(raw) if raw is not None else ""
    except msgspec.DecodeError:
        model = ""
    if not model or len(model) > _MAX_MODEL:
        raise InvalidRequest(
            "The field 'model' must name a model.",
            parameter="model",
            advice='Use "auto" to leave the choice to Freehold.',
        )
    return model


def _flag(fields: Mapping[str, msgspec.Raw], name: str) -> bool:
    value = bytes(fields[name])
    if value not in (b"true", b"false", b"null", b'"true"', b'"false"'):
        raise InvalidRequest(f"The field {name!r} must be true or false.", parameter=name)
    return value.strip(b'"') == b"true"
