"""Token counts, written in each dialect's own way from the disjoint buckets of `Usage`. The reverse is in `usage`."""

from __future__ import annotations

from typing import Any

from freehold.words.prices import Usage


def chat_counts(usage: Usage) -> dict[str, Any]:
    """For Chat Completions and Completions: cached and reasoning tokens are inside the sums."""
    return {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.total,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read, "cache_write_tokens": usage.cache_write},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
    }


def responses_counts(usage: Usage) -> dict[str, Any]:
    """For Responses: as in Chat Completions, under other names."""
    return {
        "input_tokens": usage.prompt,
        "input_tokens_details": {"cached_tokens": usage.cache_read, "cache_write_tokens": usage.cache_write},
        "output_tokens": usage.completion,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.total,
    }


def messages_counts(usage: Usage) -> dict[str, Any]:
    """For Messages: input excludes what was read from or written to a cache."""
    counts: dict[str, Any] = {
        "input_tokens": usage.input,
        "cache_creation_input_tokens": usage.cache_write,
        "cache_read_input_tokens": usage.cache_read,
        "output_tokens": usage.completion,
    }
    if usage.reasoning:
        counts["output_tokens_details"] = {"thinking_tokens": usage.reasoning}
    return counts
