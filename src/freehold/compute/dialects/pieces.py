"""The hub of answers: what any dialect says, piece by piece, in the order in which it is said.

A reader turns one upstream dialect into pieces, a writer turns pieces into the client's. A whole answer is a list of
pieces, a stream hands them over one by one. Token counts are not pieces: the provider knows them (`Usage`).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec


class Stop(StrEnum):
    """Why an answer ended, in the hub's words."""

    STOP = "stop"
    LENGTH = "length"
    TOOL_CALLS = "tool_calls"
    CONTENT_FILTER = "content_filter"


class Begin(msgspec.Struct, frozen=True):
    """An answer begins."""

    id: str
    model: str


class Text(msgspec.Struct, frozen=True):
    """Words of the answer."""

    text: str
    logprobs: list[dict[str, Any]] | None = None
    """One entry per token, as Chat Completions writes them."""
    choice: int = 0


class Refusal(msgspec.Struct, frozen=True):
    """Words that say why there is no answer."""

    text: str


class Reasoning(msgspec.Struct, frozen=True):
    """Words the model thinks with."""

    text: str


class Seal(msgspec.Struct, frozen=True):
    """A stretch of reasoning is complete.

    `field` is the member in which its provider wants it back on the next turn, `details` the provider's own record of
    it where it has one (signatures, encrypted parts).
    """

    field: str
    details: list[dict[str, Any]] | None = None


class Call(msgspec.Struct, frozen=True):
    """A tool call begins; its arguments follow before anything else does."""

    id: str
    name: str


class Arguments(msgspec.Struct, frozen=True):
    """A part of the JSON text of the current tool call's arguments."""

    text: str


class Finish(msgspec.Struct, frozen=True):
    """Nothing more will be said."""

    reason: Stop
    sequence: str | None = None
    """The stop sequence that was met, where the upstream tells."""
    choice: int = 0


Piece = Begin | Text | Refusal | Reasoning | Seal | Call | Arguments | Finish
