"""Request bodies, as far as they have names here. Fields that are not listed are passed on to the provider as they are."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

Model = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=512,
        description="`auto`, an alias, a wildcard such as `local/*`, or the name of an offer: `provider/model`.",
        examples=["auto"],
    ),
]
Stream = Annotated[bool, Meta(description="Answer with server-sent events.")]
MaxTokens = Annotated[int, Meta(ge=1, description="Most tokens the answer may have.")]
Temperature = Annotated[
    float, Meta(ge=0, le=2, description="0 leaves nothing to chance, and lets the exact cache answer.")
]
Share = Annotated[float, Meta(ge=0, le=1)]
Text = Annotated[str, Meta(min_length=1)]


class Message(msgspec.Struct, kw_only=True):
    """One turn. `content` is text, or parts: text, `image_url`, `input_audio`."""

    role: Annotated[str, Meta(examples=["user"])]
    content: str | list[dict[str, Any]] | None = None


class StreamOptions(msgspec.Struct, kw_only=True):
    """What a stream carries besides the answer."""

    include_usage: Annotated[bool, Meta(description="Close the stream with an event that holds the token counts.")] = (
        False
    )


class ChatRequest(msgspec.Struct, kw_only=True):
    """OpenAI Chat Completions. Translated where the provider speaks another dialect."""

    model: Model
    messages: Annotated[list[Message], Meta(min_length=1, examples=[[{"role": "user", "content": "What is 17 * 23?"}]])]
    stream: Stream | None = None
    stream_options: StreamOptions | None = None
    max_completion_tokens: MaxTokens | None = None
    max_tokens: MaxTokens | None = None
    temperature: Temperature | None = None
    top_p: Share | None = None
    stop: str | list[str] | None = None
    tools: Annotated[list[dict[str, Any]], Meta(description="Functions the model may call.")] | None = None
    tool_choice: Annotated[str | dict[str, Any], Meta(examples=["auto"])] | None = None
    response_format: Annotated[dict[str, Any], Meta(examples=[{"type": "json_object"}])] | None = None
    logprobs: bool | None = None
    reasoning_effort: Annotated[str, Meta(examples=["low"])] | None = None


class CompletionRequest(msgspec.Struct, kw_only=True):
    """OpenAI Completions: text in, its continuation out."""

    model: Model
    prompt: Annotated[
        str | list[str | int | list[int]],
        Meta(description="Text, texts, tokens, or lists of tokens.", examples=["Once upon a time"]),
    ]
    stream: Stream | None = None
    stream_options: StreamOptions | None = None
    max_tokens: MaxTokens | None = None
    temperature: Temperature | None = None
    top_p: Share | None = None
    stop: str | list[str] | None = None


class ResponsesRequest(msgspec.Struct, kw_only=True):
    """OpenAI Responses. Items that live on the provider's side are refused by name where nobody else has them."""

    model: Model
    input: Annotated[
        str | list[dict[str, Any]], Meta(description="Text, or items.", examples=["What is the capital of France?"])
    ]
    instructions: str | None = None
    stream: Stream | None = None
    max_output_tokens: MaxTokens | None = None
    temperature: Temperature | None = None
    top_p: Share | None = None
    tools: list[dict[str, Any]] | None = None
    text: Annotated[dict[str, Any], Meta(examples=[{"format": {"type": "text"}}])] | None = None


class MessagesRequest(msgspec.Struct, kw_only=True):
    """Anthropic Messages. Translated where the provider speaks another dialect."""

    model: Model
    messages: Annotated[list[Message], Meta(min_length=1, examples=[[{"role": "user", "content": "Hello"}]])]
    max_tokens: Annotated[MaxTokens, Meta(examples=[256])]
    system: str | list[dict[str, Any]] | None = None
    stream: Stream | None = None
    temperature: Share | None = None
    top_p: Share | None = None
    stop_sequences: list[str] | None = None
    tools: list[dict[str, Any]] | None = None


class CountTokensRequest(msgspec.Struct, kw_only=True):
    """Anthropic token counting. An estimate, and called one, where the provider cannot count."""

    model: Model
    messages: Annotated[list[Message], Meta(min_length=1, examples=[[{"role": "user", "content": "Hello"}]])]
    system: str | list[dict[str, Any]] | None = None
    tools: list[dict[str, Any]] | None = None


class EmbeddingsRequest(msgspec.Struct, kw_only=True):
    """OpenAI Embeddings."""

    model: Model
    input: Annotated[
        Text | Annotated[list[Text | int | list[int]], Meta(min_length=1)],
        Meta(description="Text, texts, tokens, or lists of tokens.", examples=["The quick brown fox"]),
    ]
    encoding_format: Annotated[str, Meta(examples=["float"])] | None = None
    dimensions: Annotated[int, Meta(ge=1)] | None = None


class RerankRequest(msgspec.Struct, kw_only=True):
    """Documents in the order of how well they answer a query, as Cohere, Jina, vLLM and llama.cpp take it."""

    model: Model
    query: Annotated[str, Meta(min_length=1, examples=["What is a gateway?"])]
    documents: Annotated[
        list[str | dict[str, Any]],
        Meta(min_length=1, examples=[["A gateway stands between networks.", "Cats sleep a lot."]]),
    ]
    top_n: Annotated[int, Meta(ge=1)] | None = None
    return_documents: bool | None = None


class TranscriptionForm(msgspec.Struct, kw_only=True):
    """OpenAI Audio Transcriptions: a form with a file."""

    model: Model
    file: Annotated[str, Meta(description="The sound, with a file name.", extra_json_schema={"format": "binary"})]
    language: Annotated[str, Meta(description="ISO 639-1", examples=["en"])] | None = None
    prompt: str | None = None
    response_format: Annotated[str, Meta(examples=["json"])] | None = None
    temperature: Share | None = None
    stream: Stream | None = None
