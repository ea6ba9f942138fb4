"""From an HTTP request to an ask: what each route takes, read no deeper than needed.

The body is checked once (JSON object, valid UTF-8, bounded depth) and cut into its top-level fields, each left as the bytes it
came in. Only the fields that decide where the request goes are looked into.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from freehold.compute.providers.multipart import decode_form
from freehold.gateway.http import HttpRequest
from freehold.gateway.limits import requirements_of
from freehold.ground.errors import InvalidRequest
from freehold.words.asks import Ask, Upload
from freehold.words.dialects import GENERATIVE, Capability, Dialect
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

_REQUIRED = {
    Dialect.CHAT: "messages",
    Dialect.COMPLETIONS: "prompt",
    Dialect.RESPONSES: "input",
    Dialect.MESSAGES: "messages",
    Dialect.COUNT_TOKENS: "messages",
    Dialect.EMBEDDINGS: "input",
    Dialect.RERANK: "query",
}
_ALWAYS = {
    Dialect.CHAT: frozenset({Capability.CHAT}),
    Dialect.COMPLETIONS: frozenset({Capability.COMPLETION}),
    Dialect.RESPONSES: frozenset({Capability.CHAT}),
    Dialect.MESSAGES: frozenset({Capability.CHAT}),
    Dialect.COUNT_TOKENS: frozenset({Capability.CHAT}),
    Dialect.EMBEDDINGS: frozenset({Capability.EMBEDDING}),
    Dialect.TRANSCRIPTIONS: frozenset({Capability.TRANSCRIPTION}),
    Dialect.RERANK: frozenset({Capability.RERANK}),
}
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_TEXT = msgspec.json.Decoder(str)
_EMPTY = (b"null", b"[]", b"{}", b"false", b'"none"')
_TELLING_FIELDS = (
    ("tools", Capability.TOOLS),
    ("functions", Capability.TOOLS),
    ("logprobs", Capability.LOGPROBS),
    ("top_logprobs", Capability.LOGPROBS),
    ("response_format", Capability.STRUCTURED_OUTPUT),
    ("text", Capability.STRUCTURED_OUTPUT),
    ("output_config", Capability.STRUCTURED_OUTPUT),
)
_TELLING_NAMES = frozenset(name for name, _ in _TELLING_FIELDS)
# Inside a JSON string a quote is escaped, so these are found only where they are values of their own.
_ATTACHED = re.compile(rb'"(image_url|input_image|image|input_audio)"')
_ATTACHMENTS = {
    b"image_url": Capability.VISION,
    b"input_image": Capability.VISION,
    b"image": Capability.VISION,
    b"input_audio": Capability.AUDIO_INPUT,
}
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
        required = _REQUIRED[dialect]
        if fields.get(required, _NULL) == _NULL:
            raise InvalidRequest(f"The field {required!r} is missing.", parameter=required)
    return Ask(
        id=ask_id,
        dialect=dialect,
        model=_model(fields),
        fields=fields,
        stream="stream" in fields and _flag(fields, "stream"),
        needs=_needs(dialect, fields),
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


def _needs(dialect: Dialect, fields: Mapping[str, msgspec.Raw]) -> frozenset[Capability]:
    """What the request shows that the model must be able to do."""
    always = _ALWAYS[dialect]
    if dialect not in GENERATIVE:
        return always
    content = bytes(fields[_REQUIRED[dialect]])
    # Plain substring searches first: they are all that most requests, and all long ones, cost.
    attached = (b"image" in content or b"input_audio" in content) and _attached(content)
    if not attached and _TELLING_NAMES.isdisjoint(fields):
        return always
    told = {need for name, need in _TELLING_FIELDS if name in fields and _says(fields[name], need)}
    return always.union(told, attached or ())


def _attached(content: bytes) -> frozenset[Capability]:
    """What is attached to messages besides text."""
    return frozenset(_ATTACHMENTS[mark] for mark in _ATTACHED.findall(content))


def _says(raw: msgspec.Raw, need: Capability) -> bool:
    value = bytes(raw)
    return b'"json_' in value if need is Capability.STRUCTURED_OUTPUT else value not in _EMPTY
