"""What a client can ask for. Each value is the name of the adapter method that asks."""

from __future__ import annotations

from enum import StrEnum


class Feature(StrEnum):
    """A row of the matrix."""

    WHOLE = "whole"
    STREAM = "stream"
    STREAM_USAGE = "stream_usage"
    TOOLS = "tools"
    TOOLS_STREAM = "tools_stream"
    STRUCTURED = "structured"
    VISION = "vision"
    REASONING = "reasoning"
    REASONING_STREAM = "reasoning_stream"
    STOP = "stop"
    LOGPROBS = "logprobs"
    CHOICES = "choices"
    COMPLETION = "completion"
    EMBEDDINGS = "embeddings"
    COUNT_TOKENS = "count_tokens"
    TRANSCRIPTION = "transcription"
    RERANK = "rerank"
    MODELS = "models"


TITLES = {
    Feature.WHOLE: "Whole answer, with usage",
    Feature.STREAM: "Streaming",
    Feature.STREAM_USAGE: "Usage in the stream",
    Feature.TOOLS: "Tools: parallel calls, results handed back",
    Feature.TOOLS_STREAM: "Tools: streamed arguments, results handed back",
    Feature.STRUCTURED: "Structured output (JSON schema)",
    Feature.VISION: "Image in the question",
    Feature.REASONING: "Reasoning shown",
    Feature.REASONING_STREAM: "Reasoning, streamed",
    Feature.STOP: "Stop sequence",
    Feature.LOGPROBS: "Log probabilities",
    Feature.CHOICES: "Several choices (`n`)",
    Feature.COMPLETION: "`/v1/completions`",
    Feature.EMBEDDINGS: "`/v1/embeddings`",
    Feature.COUNT_TOKENS: "`/v1/messages/count_tokens` (an estimate where nobody counts)",
    Feature.TRANSCRIPTION: "`/v1/audio/transcriptions`",
    Feature.RERANK: "`/v1/rerank`",
    Feature.MODELS: "`/v1/models`, list and one",
}
