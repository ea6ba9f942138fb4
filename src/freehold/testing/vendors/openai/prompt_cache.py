"""OpenAI's automatic prompt cache: a long prefix seen before is billed as cached, in steps."""

from __future__ import annotations

from collections import deque
from itertools import takewhile

_MINIMUM = 1024
_STEP = 128
_REMEMBERED = 16


class PromptCache:
    """Remembers the latest prompts of each model."""

    def __init__(self) -> None:
        self._seen: dict[str, deque[list[str]]] = {}

    def cached(self, model: str, prompt: list[str]) -> int:
        """How many of the prompt's first tokens were seen before; remembers the prompt."""
        seen = self._seen.setdefault(model, deque(maxlen=_REMEMBERED))
        longest = max((_common(prompt, earlier) for earlier in seen), default=0)
        if len(prompt) >= _MINIMUM:
            seen.append(prompt)
        return longest // _STEP * _STEP if longest >= _MINIMUM else 0


def _common(one: list[str], other: list[str]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
