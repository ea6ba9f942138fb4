"""What a client saw of an answer, in no client's words, so that one judge can judge them all."""

from __future__ import annotations

from typing import Any

import msgspec


class Called(msgspec.Struct, frozen=True, array_like=True):
    """A tool call, its arguments decoded."""

    name: str
    arguments: dict[str, Any]


class Counts(msgspec.Struct, frozen=True, array_like=True):
    """Tokens in and out."""

    prompt: int
    completion: int


class Observed(msgspec.Struct, frozen=True, kw_only=True):
    """Whatever of an answer a feature is about; the rest stays at its default."""

    text: str = ""
    pieces: int = 1
    """How many pieces the text (or the arguments of the calls) came in."""
    reasoning: str = ""
    finish: str = ""
    """In the client's own words."""
    usage: Counts | None = None
    calls: tuple[Called, ...] = ()
    parsed: Any = None
    """The object that a client made of a structured answer, as plain values."""
    logprobs: tuple[str, ...] = ()
    """The tokens that probabilities were given for."""
    alternatives: int = 0
    """How many candidates were listed for the first of them."""
    choices: tuple[str, ...] = ()
    vectors: tuple[tuple[float, ...], ...] = ()
    ranking: tuple[int, ...] = ()
    """Places of the documents, best first."""
    names: tuple[str, ...] = ()
    """Models that were listed."""


class Refused(Exception):
    """The gateway's error as the client's own exception showed it."""

    def __init__(
        self,
        kind: str,
        *,
        status: int | None = None,
        code: str | None = None,
        parameter: str | None = None,
        message: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"{kind} {status} {code} {parameter}: {message}")
        self.kind = kind
        """Name of the exception's class, such as BadRequestError."""
        self.status = status
        self.code = code
        self.parameter = parameter
        self.message = message
        self.retry_after = retry_after
