"""What a fake model answers: the same to the same question, and derived from it.

- It calls the tools that the last user message names, in the order in which it names them; with a forced choice, that tool;
  where some call is required and none is named, the first tool. Arguments are made up from the tool's schema.
- Where a JSON schema is asked for, it answers with a made-up instance of it.
- After a tool's result it repeats the result; otherwise it repeats the user.

A token is a word with the space before it.
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from freehold.testing.vendors.samples import sample

_TOKEN = re.compile(r"\s*\S+|\s+")


class Call(msgspec.Struct, frozen=True):
    """A tool call: the name, and the arguments as JSON text."""

    name: str
    arguments: str


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What the model says. Hand some to a vendor to have them said instead of what it would make up."""

    text: str = ""
    reasoning: str = ""
    calls: tuple[Call, ...] = ()
    refusal: str = ""
    cut: bool = False
    """Ended because the limit on tokens was reached."""
    stopped_by: str = ""
    """The stop sequence that ended it."""


class Tool(msgspec.Struct, frozen=True):
    """A tool that the model may call."""

    name: str
    schema: dict[str, Any]


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A request, in no vendor's dialect."""

    text: str = ""
    """The last thing the user said."""
    images: int = 0
    tool_results: tuple[str, ...] = ()
    """What tools returned since the user last spoke."""
    tools: tuple[Tool, ...] = ()
    must_call: bool = False
    forced_tool: str = ""
    parallel: bool = True
    schema: dict[str, Any] | None = None
    json_mode: bool = False
    thinks: bool = False
    limit: int | None = None
    stop: tuple[str, ...] = ()


def tokens(text: str) -> list[str]:
    """The text in the model's tokens; joined, they are the text."""
    return _TOKEN.findall(text)


def reply_to(question: Question) -> Reply:
    """The model's own answer."""
    reasoning = f"Let me think about: {question.text}" if question.thinks else ""
    if calls := _calls(question):
        return Reply(calls=calls, reasoning=reasoning)
    return bounded(Reply(text=_text(question), reasoning=reasoning), question)


def bounded(reply: Reply, question: Question) -> Reply:
    """`reply`, ended at a stop sequence or at the limit on tokens, whichever comes first."""
    text, stopped_by = reply.text, ""
    for sequence in question.stop:
        if sequence and sequence in text:
            text, stopped_by = text.split(sequence, 1)[0], sequence
    words = tokens(text)
    if question.limit is not None and len(words) > question.limit:
        return msgspec.structs.replace(reply, text="".join(words[: question.limit]), cut=True)
    return msgspec.structs.replace(reply, text=text, stopped_by=stopped_by)


def _text(question: Question) -> str:
    if question.schema is not None:
        return json.dumps(sample(question.schema))
    if question.json_mode:
        return json.dumps({"echo": question.text})
    if question.tool_results:
        return "The tools said: " + "; ".join(question.tool_results)
    seen = f" (and showed {question.images} images)" if question.images else ""
    return f"You said: {question.text}{seen}"


def _calls(question: Question) -> tuple[Call, ...]:
    if question.forced_tool:
        chosen = [tool for tool in question.tools if tool.name == question.forced_tool]
    elif question.tool_results and not question.must_call:
        chosen = []
    else:
        chosen = _named_in(question.text, question.tools)
        if question.must_call and not chosen:
            chosen = list(question.tools[:1])
    if not question.parallel:
        chosen = chosen[:1]
    return tuple(Call(tool.name, json.dumps(sample(tool.schema, index))) for index, tool in enumerate(chosen, 1))


def _named_in(text: str, tools: tuple[Tool, ...]) -> list[Tool]:
    found = [(match.start(), tool) for tool in tools for match in re.finditer(rf"\b{re.escape(tool.name)}\b", text)]
    return [tool for _, tool in sorted(found, key=lambda pair: pair[0])]
