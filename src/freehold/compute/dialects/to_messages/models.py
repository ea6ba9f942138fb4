"""What is known about Anthropic's models by their names, where the same request means different things to them."""

from __future__ import annotations

import re

_NAME = re.compile(
    r"claude-(?:(?P<old>\d)(?:-(?P<minor_old>\d))?-)?(?:[a-z]+)(?:-(?P<new>\d)(?:[-.](?P<minor_new>\d)(?!\d))?)?"
)


def generation(model: str) -> tuple[int, int] | None:
    """Major and minor version of a Claude model; None for a name that tells no version, or is nobody's we know.

    >>> generation("claude-opus-4-5-20251101"), generation("claude-3-7-sonnet-latest")
    ((4, 5), (3, 7))
    """
    match = _NAME.search(model)
    if match is None:
        return None
    major = match["new"] or match["old"]
    return (int(major), int(match["minor_new"] or match["minor_old"] or 0)) if major else None


def thinks_adaptively(model: str) -> bool:
    """Whether it takes `thinking: adaptive` with an effort; earlier ones take a budget of tokens instead."""
    known = generation(model)
    return known is None or known >= (4, 6)


def takes_late_system(model: str) -> bool:
    """Whether it takes system messages between the turns."""
    known = generation(model)
    return known is None or known >= (4, 8)
