"""Token counts where a provider does not say what it counted: estimates, and called so.

Without them a stream that is left before its last event, where the counts are, would cost nothing on paper.
"""

from __future__ import annotations

import msgspec

from freehold.words.dialects import GENERATIVE, Dialect
from freehold.words.prices import NO_USAGE, Usage

_BYTES_PER_TOKEN = 4
"""Of JSON around English text, roughly."""


def estimate(dialect: Dialect, *, asked: int, answered: int) -> Usage:
    """What a request of `asked` bytes and an answer of `answered` bytes consumed; only text is estimated."""
    if dialect not in GENERATIVE:
        return NO_USAGE
    return Usage(input=asked // _BYTES_PER_TOKEN, output=answered // _BYTES_PER_TOKEN, estimated=True)


def estimate_part(dialect: Dialect, known: Usage | None, *, asked: int, events: int) -> Usage:
    """The same for a stream that was left early, after so many events: about one token each. What is `known` stands."""
    if dialect not in GENERATIVE:
        return known or NO_USAGE
    if known is None:
        return Usage(input=asked // _BYTES_PER_TOKEN, output=events, estimated=True)
    return msgspec.structs.replace(known, output=max(known.output, events - known.reasoning), estimated=True)
