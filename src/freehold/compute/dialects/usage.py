"""Token counts, read from answers and stream events of every dialect into disjoint buckets.

Only the members that hold counts are decoded; the rest of a body is skipped over. A provider that does not
say yields None, never zero. Counts that contradict each other are clamped, so that no bucket is negative.

What the dialects mean by their counts differs, and is settled here and nowhere else:

- OpenAI's prompt count includes cached tokens, its completion count includes reasoning. Anthropic's input
  excludes both cache reads and cache writes.
- Gemini and xAI leave reasoning out of the completion count, but in the total: what the total has beyond
  prompt and completion is reasoning.
- DeepSeek names cache hits `prompt_cache_hit_tokens`; Moonshot has `cached_tokens` beside the counts; Groq
  streams usage inside `x_groq`; rerankers and Voyage give a total only; Cohere counts under `meta`.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from freehold.words.dialects import Dialect
from freehold.words.prices import Usage


class _PromptDetails(msgspec.Struct):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class _CompletionDetails(msgspec.Struct):
    reasoning_tokens: int | None = None


_NO_PROMPT_DETAILS = _PromptDetails()
_NO_COMPLETION_DETAILS = _CompletionDetails()


class _ChatUsage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    prompt_tokens_details: _PromptDetails | None = None
    completion_tokens_details: _CompletionDetails | None = None
    prompt_cache_hit_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None

    def read(self) -> Usage | None:
        if self.prompt_tokens is None and self.completion_tokens is None:
            return None
        prompt, completion = self.prompt_tokens or 0, self.completion_tokens or 0
        details = self.prompt_tokens_details or _NO_PROMPT_DETAILS
        cached = details.cached_tokens or self.prompt_cache_hit_tokens or self.cached_tokens or 0
        thought = self.completion_tokens_details or _NO_COMPLETION_DETAILS
        inside = thought.reasoning_tokens or self.reasoning_tokens or 0
        outside = max(0, (self.total_tokens or 0) - prompt - completion)
        written = details.cache_write_tokens or 0
        return _disjoint(prompt, cached, written, completion + outside, max(inside, outside))

    def read_input(self) -> Usage | None:
        count = self.total_tokens if self.prompt_tokens is None else self.prompt_tokens
        return None if count is None else Usage(input=count)


class _Groq(msgspec.Struct):
    usage: _ChatUsage | None = None


class _Chat(msgspec.Struct):
    usage: _ChatUsage | None = None
    x_groq: _Groq | None = None


class _InputDetails(msgspec.Struct):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class _ResponsesUsage(msgspec.Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    input_tokens_details: _InputDetails | None = None
    output_tokens_details: _CompletionDetails | None = None

    def read(self) -> Usage | None:
        if self.input_tokens is None and self.output_tokens is None:
            return None
        details = self.input_tokens_details or _InputDetails()
        thought = self.output_tokens_details or _CompletionDetails()
        return _disjoint(
            self.input_tokens or 0,
            details.cached_tokens or 0,
            details.cache_write_tokens or 0,
            self.output_tokens or 0,
            thought.reasoning_tokens or 0,
        )


class _Response(msgspec.Struct):
    usage: _ResponsesUsage | None = None


class _ResponseEvent(msgspec.Struct):
    response: _Response | None = None


class _ThinkingDetails(msgspec.Struct):
    thinking_tokens: int | None = None


class _MessagesUsage(msgspec.Struct):
    input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    output_tokens: int | None = None
    output_tokens_details: _ThinkingDetails | None = None

    def read(self, sofar: Usage | None) -> Usage | None:
        """Counts are running totals; one that is left out keeps its earlier value."""
        if self.input_tokens is None and self.output_tokens is None:
            return sofar
        before = sofar or Usage()
        thought = self.output_tokens_details or _ThinkingDetails()
        reasoning = _or(thought.thinking_tokens, before.reasoning)
        return Usage(
            input=_or(self.input_tokens, before.input),
            cache_read=_or(self.cache_read_input_tokens, before.cache_read),
            cache_write=_or(self.cache_creation_input_tokens, before.cache_write),
            output=max(0, _or(self.output_tokens, before.completion) - reasoning),
            reasoning=reasoning,
        )


class _Message(msgspec.Struct):
    usage: _MessagesUsage | None = None


class _MessageEvent(msgspec.Struct):
    usage: _MessagesUsage | None = None
    message: _Message | None = None


class _AudioUsage(msgspec.Struct):
    seconds: float | None = None
    prompt_audio_seconds: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Transcription(msgspec.Struct):
    usage: _AudioUsage | None = None
    duration: float | str | None = None
    """Some servers write it as a string."""


class _Billed(msgspec.Struct):
    input_tokens: float | None = None


class _RerankMeta(msgspec.Struct):
    tokens: _Billed | None = None
    billed_units: _Billed | None = None


class _Rerank(msgspec.Struct):
    usage: _ChatUsage | None = None
    meta: _RerankMeta | None = None


def _or(value: int | None, otherwise: int) -> int:
    return otherwise if value is None else value


def _disjoint(prompt: int, cache_read: int, cache_write: int, completion: int, reasoning: int) -> Usage:
    """Take parts out of the sums that include them."""
    return Usage(
        input=max(0, prompt - cache_read - cache_write),
        cache_read=cache_read,
        cache_write=cache_write,
        output=max(0, completion - reasoning),
        reasoning=reasoning,
    )


_CHAT = msgspec.json.Decoder(_Chat)
_RESPONSE = msgspec.json.Decoder(_Response)
_RESPONSE_EVENT = msgspec.json.Decoder(_ResponseEvent)
_MESSAGE = msgspec.json.Decoder(_Message)
_MESSAGE_EVENT = msgspec.json.Decoder(_MessageEvent)
_TRANSCRIPTION = msgspec.json.Decoder(_Transcription)
_RERANK = msgspec.json.Decoder(_Rerank)


def _chat(body: bytes) -> Usage | None:
    found = _CHAT.decode(body)
    usage = found.usage or (found.x_groq and found.x_groq.usage)
    return usage.read() if usage else None


def _responses(body: bytes) -> Usage | None:
    usage = _RESPONSE.decode(body).usage
    return usage.read() if usage else None


def _messages(body: bytes) -> Usage | None:
    usage = _MESSAGE.decode(body).usage
    return usage.read(None) if usage else None


def _embeddings(body: bytes) -> Usage | None:
    usage = _CHAT.decode(body).usage
    return usage.read_input() if usage else None


def _transcriptions(body: bytes) -> Usage | None:
    found = _TRANSCRIPTION.decode(body)
    usage = found.usage or _AudioUsage()
    counted = Usage(
        input=usage.input_tokens or usage.prompt_tokens or 0,
        output=usage.output_tokens or usage.completion_tokens or 0,
        audio_seconds=usage.seconds or usage.prompt_audio_seconds or _seconds(found.duration),
    )
    return counted if counted.total or counted.audio_seconds else None


def _seconds(duration: float | str | None) -> float:
    try:
        return float(duration or 0.0)
    except ValueError:
        return 0.0


def _rerank(body: bytes) -> Usage | None:
    found = _RERANK.decode(body)
    if found.usage is not None:
        return found.usage.read_input()
    meta = found.meta or _RerankMeta()
    billed = meta.tokens or meta.billed_units
    return Usage(input=int(billed.input_tokens)) if billed and billed.input_tokens is not None else None


def _count_tokens(body: bytes) -> Usage | None:
    """Counting is free."""
    return None


_ANSWERS: dict[Dialect, Callable[[bytes], Usage | None]] = {
    Dialect.CHAT: _chat,
    Dialect.COMPLETIONS: _chat,
    Dialect.RESPONSES: _responses,
    Dialect.MESSAGES: _messages,
    Dialect.COUNT_TOKENS: _count_tokens,
    Dialect.EMBEDDINGS: _embeddings,
    Dialect.TRANSCRIPTIONS: _transcriptions,
    Dialect.RERANK: _rerank,
}


def usage_of_answer(dialect: Dialect, body: bytes) -> Usage | None:
    """What a whole answer says it consumed; None if it does not say, or is no JSON."""
    try:
        return _ANSWERS[dialect](body)
    except msgspec.DecodeError:
        return None


def usage_of_event(dialect: Dialect, data: bytes, sofar: Usage | None) -> Usage | None:
    """What is known after a stream event with this data, given what was known before it.

    Costs a substring search for an event that has no counts.
    """
    if b'"usage"' not in data:
        return sofar
    try:
        if dialect is Dialect.MESSAGES:
            return _messages_event(data, sofar)
        if dialect is Dialect.RESPONSES:
            response = _RESPONSE_EVENT.decode(data).response
            return (response.usage.read() if response and response.usage else None) or sofar
        return _ANSWERS[dialect](data) or sofar
    except msgspec.DecodeError:
        return sofar


def _messages_event(data: bytes, sofar: Usage | None) -> Usage | None:
    event = _MESSAGE_EVENT.decode(data)
    usage = event.usage or (event.message and event.message.usage)
    return usage.read(sofar) if usage else sofar
