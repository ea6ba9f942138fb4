"""The wire dialects Freehold reads and writes, and what a model can be able to do."""

from __future__ import annotations

from enum import StrEnum


class Dialect(StrEnum):
    """How a request and its answer are written down. Each belongs to one route of the OpenAI or Anthropic API."""

    CHAT = "chat"
    """OpenAI Chat Completions: the hub through which the others are translated."""
    COMPLETIONS = "completions"
    RESPONSES = "responses"
    MESSAGES = "messages"
    """Anthropic Messages."""
    COUNT_TOKENS = "count_tokens"
    """Anthropic Messages token counting."""
    EMBEDDINGS = "embeddings"
    TRANSCRIPTIONS = "transcriptions"
    RERANK = "rerank"


GENERATIVE = frozenset({Dialect.CHAT, Dialect.COMPLETIONS, Dialect.RESPONSES, Dialect.MESSAGES})
"""Dialects that ask a language model for text, and that can stream."""


class Capability(StrEnum):
    """Something an offer can do and a request can need."""

    CHAT = "chat"
    COMPLETION = "completion"
    EMBEDDING = "embedding"
    TRANSCRIPTION = "transcription"
    RERANK = "rerank"
    TOOLS = "tools"
    STRUCTURED_OUTPUT = "structured_output"
    VISION = "vision"
    AUDIO_INPUT = "audio_input"
    LOGPROBS = "logprobs"
    REASONING = "reasoning"
