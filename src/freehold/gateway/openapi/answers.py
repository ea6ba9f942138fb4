"""Bodies of answers. A provider's own answer is passed on, so only what every one of them has is stated."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta


class Choice(msgspec.Struct, kw_only=True):
    """One answer of those asked for."""

    index: int
    message: dict[str, Any]
    finish_reason: str | None


class ChatCompletion(msgspec.Struct, kw_only=True):
    """OpenAI's `chat.completion`."""

    id: str
    object: str
    created: int
    model: str
    choices: list[Choice]
    usage: dict[str, Any] | None = None


class TextChoice(msgspec.Struct, kw_only=True):
    """One continuation of those asked for."""

    index: int
    text: str
    finish_reason: str | None


class Completion(msgspec.Struct, kw_only=True):
    """OpenAI's `text_completion`."""

    id: str
    object: str
    created: int
    model: str
    choices: list[TextChoice]
    usage: dict[str, Any] | None = None


class ResponseObject(msgspec.Struct, kw_only=True):
    """OpenAI's `response`."""

    id: str
    object: str
    status: str
    model: str
    output: list[dict[str, Any]]
    usage: dict[str, Any] | None = None


class MessageObject(msgspec.Struct, kw_only=True):
    """Anthropic's `message`."""

    id: str
    type: Literal["message"]
    role: Literal["assistant"]
    model: str
    content: list[dict[str, Any]]
    stop_reason: str | None
    usage: dict[str, Any]


class TokenCount(msgspec.Struct, kw_only=True):
    """Tokens that a request would put into the model."""

    input_tokens: int
    estimated: Annotated[
        bool, Meta(description="True where Freehold estimated it because the provider cannot count.")
    ] = False


class Embedding(msgspec.Struct, kw_only=True):
    """One vector: numbers, or base64 of little-endian float32 where that was asked for."""

    index: int
    object: str
    embedding: list[float] | str


class Embeddings(msgspec.Struct, kw_only=True):
    """OpenAI's list of embeddings, in the order of the input."""

    object: str
    model: str
    data: list[Embedding]
    usage: dict[str, Any] | None = None


class Ranked(msgspec.Struct, kw_only=True):
    """One document's place."""

    index: Annotated[int, Meta(description="Its place in the request, from 0.")]
    relevance_score: float


class Ranking(msgspec.Struct, kw_only=True):
    """Documents, the best first."""

    results: list[Ranked]


class Transcription(msgspec.Struct, kw_only=True):
    """What was said."""

    text: str


class AnthropicModel(msgspec.Struct, kw_only=True):
    """One model in Anthropic's shape."""

    type: Literal["model"]
    id: str
    display_name: str
    created_at: str


class AnthropicModelList(msgspec.Struct, kw_only=True):
    """The models in Anthropic's shape, for clients that send `anthropic-version`."""

    data: list[AnthropicModel]
    has_more: bool
    first_id: str | None
    last_id: str | None


class Alive(msgspec.Struct, kw_only=True):
    """The process answers."""

    status: Literal["ok"]


class Readiness(msgspec.Struct, kw_only=True):
    """Whether requests should be sent here."""

    status: Literal["ready", "unready"]
    reasons: Annotated[list[str], Meta(description="Why not.")]


class ErrorDetail(msgspec.Struct, kw_only=True):
    """What went wrong, with advice. `code` is stable; `message` is for people."""

    message: str
    type: str | None = None
    param: Annotated[str, Meta(description="The field at fault.")] | None = None
    code: str | int | None = None


class OpenAIError(msgspec.Struct, kw_only=True):
    """An error in OpenAI's shape. A provider's verdict on the request itself is passed on as it is."""

    error: ErrorDetail


class AnthropicErrorDetail(msgspec.Struct, kw_only=True):
    """What went wrong, with advice."""

    type: str
    message: str


class AnthropicError(msgspec.Struct, kw_only=True):
    """An error in Anthropic's shape, on its routes."""

    type: Literal["error"]
    error: AnthropicErrorDetail
    request_id: str | None = None
