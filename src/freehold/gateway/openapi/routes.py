"""Every route, by path: what it is for, what it takes and what it gives."""

from __future__ import annotations

from typing import Any

import msgspec

from freehold.app.report import StatusReport
from freehold.gateway.openapi import answers, requests
from freehold.gateway.pages import ModelCard, ModelList


class ModelRoute(msgspec.Struct, frozen=True, kw_only=True):
    """A route that is answered by a model. Takes POST."""

    operation: str
    summary: str
    takes: type[Any]
    gives: type[Any]
    streams: str = ""
    """What its server-sent events are; empty where it does not stream."""
    anthropic: bool = False
    """Whether errors are in Anthropic's shape."""
    form: bool = False
    """Whether it takes multipart/form-data rather than JSON."""
    gives_text: bool = False
    """Whether the answer may be something else than JSON, as the request asks."""


class PageRoute(msgspec.Struct, frozen=True, kw_only=True):
    """A route that tells about the gateway. Takes GET and HEAD."""

    operation: str
    summary: str
    gives: tuple[Any, ...] = ()
    """Shapes of its JSON; empty where it is an object of another standard."""
    content_types: tuple[str, ...] = ("application/json",)
    unready: bool = False
    """Whether 503 with the same body is an answer too."""
    key: str = ""
    """Who may see it: empty for everyone, `client` for holders of a key, `admin` for the owner."""
    parameter: str = ""
    """Name of its path parameter."""


MODEL_ROUTES: dict[str, ModelRoute] = {
    "/v1/chat/completions": ModelRoute(
        operation="createChatCompletion",
        summary="Answer a conversation (OpenAI Chat Completions).",
        takes=requests.ChatRequest,
        gives=answers.ChatCompletion,
        streams="`chat.completion.chunk` objects, then `[DONE]`.",
    ),
    "/v1/completions": ModelRoute(
        operation="createCompletion",
        summary="Continue a text (OpenAI Completions).",
        takes=requests.CompletionRequest,
        gives=answers.Completion,
        streams="`text_completion` objects, then `[DONE]`.",
    ),
    "/v1/responses": ModelRoute(
        operation="createResponse",
        summary="Answer a conversation (OpenAI Responses).",
        takes=requests.ResponsesRequest,
        gives=answers.ResponseObject,
        streams="`response.*` events, the last of them `response.completed`, `.incomplete` or `.failed`.",
    ),
    "/v1/messages": ModelRoute(
        operation="createMessage",
        summary="Answer a conversation (Anthropic Messages).",
        takes=requests.MessagesRequest,
        gives=answers.MessageObject,
        streams="`message_start` to `message_stop`.",
        anthropic=True,
    ),
    "/v1/messages/count_tokens": ModelRoute(
        operation="countMessageTokens",
        summary="Count the tokens of a conversation (Anthropic).",
        takes=requests.CountTokensRequest,
        gives=answers.TokenCount,
        anthropic=True,
    ),
    "/v1/embeddings": ModelRoute(
        operation="createEmbedding",
        summary="Turn texts into vectors (OpenAI Embeddings).",
        takes=requests.EmbeddingsRequest,
        gives=answers.Embeddings,
    ),
    "/v1/audio/transcriptions": ModelRoute(
        operation="createTranscription",
        summary="Write down speech (OpenAI Audio).",
        takes=requests.TranscriptionForm,
        gives=answers.Transcription,
        streams="`transcript.text.delta` and `transcript.text.done` events.",
        form=True,
        gives_text=True,
    ),
    "/v1/rerank": ModelRoute(
        operation="rerank",
        summary="Put documents in the order of how well they answer a query.",
        takes=requests.RerankRequest,
        gives=answers.Ranking,
    ),
}

PAGES: dict[str, PageRoute] = {
    "/v1/models": PageRoute(
        operation="listModels",
        summary="Models that the asking key may use; in Anthropic's shape for clients that send `anthropic-version`.",
        gives=(ModelList, answers.AnthropicModelList),
        key="client",
    ),
    "/v1/models/{model}": PageRoute(
        operation="getModel",
        summary="One model.",
        gives=(ModelCard, answers.AnthropicModel),
        key="client",
        parameter="model",
    ),
    "/healthz": PageRoute(operation="health", summary="Whether the process answers.", gives=(answers.Alive,)),
    "/readyz": PageRoute(
        operation="readiness",
        summary="Whether requests should be sent here; 503 with the reasons where not.",
        gives=(answers.Readiness,),
        unready=True,
    ),
    "/metrics": PageRoute(
        operation="metrics",
        summary="Counts of all workers for Prometheus; OpenMetrics where `Accept` asks for it.",
        content_types=("text/plain", "application/openmetrics-text"),
    ),
    "/openapi.json": PageRoute(operation="openapi", summary="This document."),
    "/admin/status": PageRoute(
        operation="status", summary="How the gateway fares, in detail.", gives=(StatusReport,), key="admin"
    ),
}
