"""What a request itself shows that a model must be able to do. It is looked into no deeper than that takes."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from freehold.words.dialects import GENERATIVE, Capability, Dialect

CONTENT = {
    Dialect.CHAT: "messages",
    Dialect.COMPLETIONS: "prompt",
    Dialect.RESPONSES: "input",
    Dialect.MESSAGES: "messages",
    Dialect.COUNT_TOKENS: "messages",
    Dialect.EMBEDDINGS: "input",
    Dialect.RERANK: "query",
}
"""The field that holds what is asked; a request without it makes no sense. Forms have theirs in a file."""
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


def needs_of(dialect: Dialect, fields: Mapping[str, msgspec.Raw]) -> frozenset[Capability]:
    """All that such a request needs, what its route always does included."""
    always = _ALWAYS[dialect]
    if dialect not in GENERATIVE:
        return always
    content = bytes(fields.get(CONTENT[dialect], b""))
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
