"""What a stream of chat or completions has said, and how another stream takes it up. Pure.

Events are kept as they came and read only when a stream has broken, or when many have gathered: a stream that does not break
costs next to nothing.
"""

from __future__ import annotations

from typing import Any

import msgspec

from freehold.compute.dialects.counts import chat_counts
from freehold.compute.dialects.sse import DONE, parse, write
from freehold.ground.errors import ProviderBroken
from freehold.words.asks import Ask
from freehold.words.dialects import Dialect
from freehold.words.prices import Usage

_UNREAD = 64 * 1024
"""Bytes of events that are kept unread."""
_LONGEST = 4 * 1024 * 1024
"""Characters of text beyond which a stream is not continued."""
_ELABORATE = (
    *("tools", "functions", "logprobs", "top_logprobs", "n", "best_of", "modalities", "audio", "echo", "suffix"),
    "response_format",
)
"""Fields that make an answer more than one run of text, unless they say that they do not."""
_PLAIN = (b"null", b"false", b"[]", b"1", b'["text"]', b'{"type":"text"}')
_LIMITS = ("max_tokens", "max_completion_tokens")


class _Delta(msgspec.Struct):
    content: str | None = None
    tool_calls: msgspec.Raw | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct):
    delta: _Delta | None = None
    text: str | None = None
    finish_reason: str | None = None


class _Chunk(msgspec.Struct):
    id: str | None = None
    created: int | None = None
    model: str | None = None
    choices: list[_Choice] = []


class _Message(msgspec.Struct):
    role: str
    content: str | None = None


_CHUNK = msgspec.json.Decoder(_Chunk)
_MESSAGES = msgspec.json.Decoder(list[msgspec.Raw])
_MESSAGE = msgspec.json.Decoder(_Message)
_PROMPT = msgspec.json.Decoder(str)


def is_plain(ask: Ask) -> bool:
    """Whether `ask` wants one run of text, in a dialect whose streams can be continued."""
    if ask.dialect not in (Dialect.CHAT, Dialect.COMPLETIONS):
        return False
    fields = ask.fields
    return all(bytes(fields[name]).replace(b" ", b"") in _PLAIN for name in _ELABORATE if name in fields)


class Transcript:
    """One answer so far."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._unread: list[bytes] = []
        self._size = 0
        self._envelope: dict[str, Any] = {}
        self._seam = ""
        self.text = ""
        self.pieces = 0
        """How many events brought text: about as many as it has tokens."""
        self.finished = False
        """Whether the provider said why the answer ends."""
        self.readable = True
        """Whether it is text that can be taken up."""

    def add(self, events: bytes) -> None:
        """A run of whole events, as they went to the client."""
        self._unread.append(events)
        self._size += len(events)
        if self._size > _UNREAD:
            self.read()

    def read(self) -> None:
        """Bring everything else here up to date."""
        unread, self._unread, self._size = b"".join(self._unread), [], 0
        said = [self.text]
        for event in parse(unread):
            if event.data != b"[DONE]":
                said += self._read(event.data)
        self.text = "".join(said)
        self.readable = self.readable and len(self.text) <= _LONGEST

    def take_up(self) -> str:
        """The text to hand to whoever goes on: without white space at its end, which some will not have there."""
        taken = self.text.rstrip()
        self._seam = self.text[len(taken) :]
        return taken

    def rewritten(self, events: bytes, usage: Usage) -> bytes:
        """Events of another stream as parts of this one; `usage` is that of all parts together. Raises ProviderBroken."""
        return b"".join(self._rewritten(event.data, usage) for event in parse(events))

    def ending(self) -> bytes:
        """What a finished answer lacks."""
        return DONE

    def _read(self, data: bytes) -> list[str]:
        try:
            chunk = _CHUNK.decode(data)
        except (msgspec.DecodeError, RecursionError):
            self.readable = False
            return []
        if not self._envelope:
            self._envelope = {"id": chunk.id, "created": chunk.created, "model": chunk.model}
        said = []
        for choice in chunk.choices:
            delta = choice.delta or _Delta()
            self.readable = self.readable and not delta.refusal and bytes(delta.tool_calls or b"null") == b"null"
            self.finished = self.finished or bool(choice.finish_reason)
            if text := delta.content or choice.text:
                said.append(text)
                self.pieces += 1
        return said

    def _rewritten(self, data: bytes, usage: Usage) -> bytes:
        if data == b"[DONE]":
            return DONE
        try:
            chunk = msgspec.json.decode(data, type=dict[str, Any])
        except (msgspec.DecodeError, RecursionError):
            raise ProviderBroken("The stream that was to go on with a broken one makes no sense.") from None
        choices = [choice for choice in chunk.get("choices") or () if self._goes_on(choice)]
        if not choices and not chunk.get("usage"):
            return b""
        chunk = {**chunk, **self._envelope, "choices": choices}
        if chunk.get("usage"):
            chunk["usage"] = chat_counts(usage)
        return write(msgspec.json.encode(chunk))

    def _goes_on(self, choice: dict[str, Any]) -> bool:
        """Whether a choice has anything to add; its role, and white space that is there already, are taken out."""
        holder, name = (choice.get("delta") or {}, "content") if self._dialect is Dialect.CHAT else (choice, "text")
        holder.pop("role", None)
        if text := holder.get(name):
            holder[name] = self._trimmed(text)
        told = holder if self._dialect is Dialect.CHAT else {"text": holder.get("text")}
        return bool(choice.get("finish_reason")) or any(told.values())

    def _trimmed(self, text: str) -> str:
        """The first words after the seam, without the white space before it."""
        if self._seam:
            rest = text.lstrip()
            text, self._seam = rest, "" if rest else self._seam
        return text


def taken_up(ask: Ask, transcript: Transcript) -> Ask | None:
    """`ask` with the answer so far as the beginning of its answer; None where that cannot be said."""
    if not transcript.readable:
        return None
    text = transcript.take_up()
    try:
        fields = _with_prefix(ask, text) if text else dict(ask.fields)
    except (msgspec.DecodeError, KeyError, IndexError):
        return None
    for name in _LIMITS:
        if (limit := _whole(fields.get(name))) is not None:
            fields[name] = msgspec.Raw(b"%d" % max(1, limit - transcript.pieces))
    return msgspec.structs.replace(ask, fields=fields, size=ask.size + len(text.encode()))


def _with_prefix(ask: Ask, text: str) -> dict[str, msgspec.Raw]:
    fields = dict(ask.fields)
    if ask.dialect is Dialect.COMPLETIONS:
        fields["prompt"] = _raw(_PROMPT.decode(fields["prompt"]) + text)
        return fields
    messages = _MESSAGES.decode(fields["messages"])
    last = _MESSAGE.decode(messages[-1])
    if last.role == "assistant":
        text = (last.content or "") + text
        messages.pop()
    fields["messages"] = _raw([*messages, _raw({"role": "assistant", "content": text})])
    return fields


def _whole(raw: msgspec.Raw | None) -> int | None:
    try:
        return msgspec.json.decode(raw, type=int | None) if raw is not None else None
    except msgspec.DecodeError:
        return None


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))
