"""What a run of the command line is to a test."""

from __future__ import annotations

from collections.abc import Callable

Cli = Callable[..., "Outcome"]


class Outcome:
    """What a run of the command line came to."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    def __repr__(self) -> str:
        return f"exit {self.code}\n--- out\n{self.out}\n--- err\n{self.err}"
