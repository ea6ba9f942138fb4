"""Pieces, written as Anthropic Messages.

Reasoning becomes thinking blocks whose signature is an opaque token of Freehold's (see `reasoning`). Where the upstream
does not tell which stop sequence was met, the answer says `end_turn`. Chat upstreams count tokens at the end only, so
`message_start` says zero and `message_delta` has the true counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from freehold.compute.dialects.counts import messages_counts
from freehold.compute.dialects.pieces import Arguments, Begin, Call, Finish, Piece, Reasoning, Refusal, Seal, Stop, Text
from freehold.compute.dialects.reasoning import seal_token
from freehold.compute.dialects.sse import write
from freehold.compute.dialects.writers.writer import Setting
from freehold.ground.errors import ProviderBroken
from freehold.words.prices import NO_USAGE, Usage

_REASONS = {
    Stop.STOP: "end_turn",
    Stop.LENGTH: "max_tokens",
    Stop.TOOL_CALLS: "tool_use",
    Stop.CONTENT_FILTER: "refusal",
}


class MessagesWriter:
    """Writes one answer for a Messages client."""

    def __init__(self, setting: Setting) -> None:
        thinking = setting.asked.get("thinking")
        self._hidden = isinstance(thinking, dict) and thinking.get("display") == "omitted"
        self._provider = setting.provider
        self._id = setting.id
        self._model = setting.model
        self._index = -1
        self._open = ""
        self._finish = Finish(Stop.STOP)

    def answer(self, pieces: Sequence[Piece], usage: Usage) -> bytes:
        blocks: list[dict[str, Any]] = []
        for piece in pieces:
            self._add(blocks, piece)
        for block in blocks:
            if block["type"] == "tool_use":
                block["input"] = _parsed(block["input"])
        return msgspec.json.encode({**self._message(blocks, usage), **self._ending()})

    def piece(self, piece: Piece) -> bytes:
        match piece:
            case Begin():
                self._begin(piece)
                message = {**self._message([], NO_USAGE), "stop_reason": None, "stop_sequence": None}
                return _event("message_start", message=message)
            case Text() | Refusal():
                return self._into("text") + self._delta("text_delta", text=piece.text)
            case Reasoning() if not self._hidden:
                return self._into("thinking") + self._delta("thinking_delta", thinking=piece.text)
            case Seal() if not self._hidden:
                signature = seal_token(self._provider, piece)
                return self._into("thinking") + self._delta("signature_delta", signature=signature) + self._close()
            case Call():
                return self._close() + self._start(
                    {"type": "tool_use", "id": piece.id, "name": piece.name, "input": {}}
                )
            case Arguments():
                return self._delta("input_json_delta", partial_json=piece.text)
            case Finish():
                self._finish = piece
        return b""

    def end(self, usage: Usage) -> bytes:
        delta = _event("message_delta", delta=self._ending(), usage=messages_counts(usage))
        return self._close() + delta + _event("message_stop")

    def _add(self, blocks: list[dict[str, Any]], piece: Piece) -> None:
        last = blocks[-1] if blocks else {"type": ""}
        match piece:
            case Begin():
                self._begin(piece)
            case Text(text=text) | Refusal(text=text):
                _extend(blocks, last, _empty("text"), "text", text)
            case Reasoning(text=text) if not self._hidden:
                _extend(blocks, last, _empty("thinking"), "thinking", text)
            case Seal() if not self._hidden:
                _extend(blocks, last, _empty("thinking"), "signature", seal_token(self._provider, piece))
            case Call(id=identity, name=name):
                blocks.append({"type": "tool_use", "id": identity, "name": name, "input": ""})
            case Arguments(text=text):
                last["input"] += text
            case Finish():
                self._finish = piece

    def _begin(self, piece: Begin) -> None:
        self._id = piece.id or self._id
        self._model = piece.model or self._model

    def _message(self, content: list[dict[str, Any]], usage: Usage) -> dict[str, Any]:
        return {
            "id": self._id,
            "type": "message",
            "role": "assistant",
            "model": self._model,
            "content": content,
            "usage": messages_counts(usage),
        }

    def _ending(self) -> dict[str, Any]:
        met = self._finish.sequence
        return {"stop_reason": _REASONS[self._finish.reason] if met is None else "stop_sequence", "stop_sequence": met}

    def _into(self, kind: str) -> bytes:
        """Make sure that a block of that kind is open."""
        return b"" if self._open == kind else self._close() + self._start(_empty(kind))

    def _start(self, block: dict[str, Any]) -> bytes:
        self._index += 1
        self._open = block["type"]
        return _event("content_block_start", index=self._index, content_block=block)

    def _delta(self, kind: str, **words: str) -> bytes:
        return _event("content_block_delta", index=self._index, delta={"type": kind, **words})

    def _close(self) -> bytes:
        if not self._open:
            return b""
        self._open = ""
        return _event("content_block_stop", index=self._index)


def _empty(kind: str) -> dict[str, Any]:
    return {"type": "text", "text": ""} if kind == "text" else {"type": "thinking", "thinking": "", "signature": ""}


def _extend(blocks: list[dict[str, Any]], last: dict[str, Any], fresh: dict[str, Any], key: str, text: str) -> None:
    """Add to the last block if it is of the same kind and still open (a signature closes thinking)."""
    if last["type"] != fresh["type"] or last.get("signature"):
        blocks.append(last := fresh)
    last[key] += text


def _parsed(arguments: str) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(arguments or "{}")
    except (msgspec.DecodeError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise ProviderBroken("Its model called a tool with arguments that are not a JSON object.")
    return value


def _event(kind: str, **members: Any) -> bytes:
    return write(msgspec.json.encode({"type": kind, **members}), kind)
