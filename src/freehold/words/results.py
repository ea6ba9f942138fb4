"""What a program that uses Freehold as a library gets back."""

from __future__ import annotations

import msgspec

from freehold.words.prices import Usage
from freehold.words.receipts import Receipt


class ToolCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call of a tool that the model asks for; `arguments` is JSON, as the model wrote it."""

    id: str = ""
    name: str
    arguments: str


class InferenceResult(msgspec.Struct, frozen=True, kw_only=True):
    """A whole answer, and its receipt."""

    text: str
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    finish_reason: str = ""
    usage: Usage
    receipt: Receipt
    body: bytes
    """The answer as it came, in OpenAI's Chat Completions form."""


class Delta(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of an answer."""

    text: str = ""
    reasoning: str = ""
    finish_reason: str = ""
