"""Whether a chat request is one that code may answer, and the question in it.

A member of the request is either one that cannot change an exact answer, or has a value that asks for nothing special, or
the request is left to others. So is a conversation whose last message may be a reply ("2 weeks ago") and one with a
system message that could want the answer in some other form.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from freehold.words.asks import Ask
from freehold.words.dialects import Dialect

LARGEST_CONVERSATION = 131_072
"""Bytes of all messages; a longer conversation is not looked into."""

_NO_MATTER = frozenset(
    {
        "model",
        "messages",
        "stream",
        "temperature",
        "top_p",
        "seed",
        "user",
        "metadata",
        "store",
        "presence_penalty",
        "frequency_penalty",
        "reasoning_effort",
        "service_tier",
        "safety_identifier",
        "prompt_cache_key",
    }
)
_NOTHING_SPECIAL: Mapping[str, frozenset[bytes]] = {
    "n": frozenset({b"1"}),
    "tools": frozenset({b"[]"}),
    "tool_choice": frozenset({b'"none"', b'"auto"'}),
    "parallel_tool_calls": frozenset({b"true", b"false"}),
    "logprobs": frozenset({b"false"}),
    "top_logprobs": frozenset({b"0"}),
    "logit_bias": frozenset({b"{}"}),
    "modalities": frozenset({b'["text"]'}),
}
_PLAIN_SYSTEM = re.compile(
    r"(?:you are|you're) an? (?:helpful|friendly)(?:,? and friendly)?(?: ai)? assistant\.?", re.IGNORECASE
)


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What the answer must keep to."""

    most_tokens: int | None = None
    stops: tuple[str, ...] = ()
    object_only: bool = False
    """The answer must be a JSON object."""
    usage_wanted: bool = False

    def allows(self, text: str) -> bool:
        """Whether the answer keeps to the request. A token is at least a byte, so bytes bound the tokens."""
        if self.most_tokens is not None and len(text.encode(errors="replace")) > self.most_tokens:
            return False
        return not any(stop in text for stop in self.stops) and (not self.object_only or text.startswith("{"))


class _Message(msgspec.Struct):
    role: str
    content: msgspec.Raw = msgspec.Raw(b"null")
    tool_calls: msgspec.Raw = msgspec.Raw(b"null")


class _Part(msgspec.Struct, forbid_unknown_fields=True):
    type: str
    text: str


class _Format(msgspec.Struct):
    type: str = "text"


class _StreamOptions(msgspec.Struct):
    include_usage: bool = False


class _Limits(msgspec.Struct):
    """The members that an answer has to keep to."""

    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    stop: str | list[str] | None = None
    response_format: _Format | None = None
    stream_options: _StreamOptions | None = None


def read_question(ask: Ask) -> str | None:
    """The question of an ask that code may try, or None. `read_terms` has the last word."""
    messages = ask.fields.get("messages")
    if ask.dialect is not Dialect.CHAT or messages is None or len(memoryview(messages)) > LARGEST_CONVERSATION:
        return None
    if not all(_may_have(name, bytes(value)) for name, value in ask.fields.items() if name not in _NO_MATTER):
        return None
    try:
        return _question(msgspec.json.decode(messages, type=list[_Message]))
    except (msgspec.MsgspecError, UnicodeError):
        return None


def read_terms(ask: Ask) -> Terms | None:
    """What an answer to the ask must keep to, or None where code cannot."""
    fields = ask.fields
    try:
        stated = {name: msgspec.json.decode(fields[name]) for name in _Limits.__struct_fields__ if name in fields}
        limits = msgspec.convert(stated, _Limits)
    except (msgspec.MsgspecError, UnicodeError):
        return None
    form = limits.response_format or _Format()
    if form.type not in ("text", "json_object"):
        return None
    most = [limit for limit in (limits.max_tokens, limits.max_completion_tokens) if limit is not None]
    return Terms(
        most_tokens=min(most, default=None),
        stops=(limits.stop,) if isinstance(limits.stop, str) else tuple(limits.stop or ()),
        object_only=form.type == "json_object",
        usage_wanted=limits.stream_options is not None and limits.stream_options.include_usage,
    )


def _may_have(name: str, value: bytes) -> bool:
    return value == b"null" or name in _Limits.__struct_fields__ or value in _NOTHING_SPECIAL.get(name, ())


def _question(messages: list[_Message]) -> str | None:
    """The text of the last message, if it is the user's and nothing before it changes what it means."""
    if not messages or messages[-1].role != "user":
        return None
    for message in messages[:-1]:
        if message.role in ("system", "developer"):
            if _PLAIN_SYSTEM.fullmatch((_text(message) or "").strip()) is None:
                return None
        elif message.role not in ("user", "assistant") or message.tool_calls != msgspec.Raw(b"null"):
            return None
    if len(messages) > 1 and messages[-2].role == "assistant" and _is_asked_back(messages[-2]):
        return None
    return _text(messages[-1])


def _is_asked_back(message: _Message) -> bool:
    """Whether the assistant ended with a question, which the last message may be the answer to."""
    return (_text(message) or "?").rstrip().endswith("?")


def _text(message: _Message) -> str | None:
    """The content, if it is one plain text."""
    content = msgspec.json.decode(message.content, type=str | list[_Part] | None)
    if isinstance(content, list):
        return content[0].text if len(content) == 1 and content[0].type == "text" else None
    return content
