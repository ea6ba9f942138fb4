"""Pieces, written as OpenAI Responses, with its full grammar of stream events.

Nothing is kept on the server: `store` is false, and every reasoning item carries what is needed to continue from it in
`encrypted_content`. Reasoning is written as `reasoning_text`, since it is the model's own and no summary, except where
the request asks for a summary: such clients look for it there, and get more than they asked for. The final object is
what the events add up to, so a whole answer is written by playing the events and keeping the last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from freehold.compute.dialects.counts import responses_counts
from freehold.compute.dialects.pieces import Arguments, Begin, Call, Finish, Piece, Reasoning, Refusal, Seal, Stop, Text
from freehold.compute.dialects.reasoning import CONTENT, seal_token
from freehold.compute.dialects.sse import write
from freehold.compute.dialects.writers.response_items import CallItem, Item, MessageItem, ReasoningItem, SummaryItem
from freehold.compute.dialects.writers.writer import Setting
from freehold.words.prices import Usage

_Item = TypeVar("_Item", MessageItem, ReasoningItem)

_ECHOED: dict[str, Any] = {
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "prompt_cache_key": None,
    "reasoning": {"effort": None, "summary": None},
    "safety_identifier": None,
    "temperature": None,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_logprobs": None,
    "top_p": None,
    "truncation": "disabled",
    "user": None,
}
"""Parameters that a response repeats, and what it says where the request was silent."""

_INCOMPLETE = {Stop.LENGTH: "max_output_tokens", Stop.CONTENT_FILTER: "content_filter"}


class ResponsesWriter:
    """Writes one answer for a Responses client."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._id = setting.id
        self._model = setting.model
        self._sequence = 0
        self._items: list[Item] = []
        self._open: Item | None = None
        self._finish = Finish(Stop.STOP)
        self._thoughts = SummaryItem if _wants_summary(setting.asked) else ReasoningItem

    def answer(self, pieces: Sequence[Piece], usage: Usage) -> bytes:
        for piece in pieces:
            self.piece(piece)
        self._close()
        return msgspec.json.encode(self._response(usage))

    def piece(self, piece: Piece) -> bytes:
        match piece:
            case Begin():
                self._id = piece.id or self._id
                self._model = piece.model or self._model
                begun = self._response(None)
                return self._emit("response.created", response=begun) + self._emit(
                    "response.in_progress", response=begun
                )
            case Text():
                message, before = self._into(MessageItem)
                return before + message.say(self._emit, piece.text, piece.logprobs)
            case Refusal():
                message, before = self._into(MessageItem)
                return before + message.refuse(self._emit, piece.text)
            case Reasoning():
                reasoning, before = self._into(self._thoughts)
                return before + reasoning.think(self._emit, piece.text)
            case Seal():
                return self._seal(piece)
            case Call():
                before = self._close()
                return before + self._start(CallItem(self._name("fc"), len(self._items), piece.id, piece.name))
            case Arguments():
                return self._open.argue(self._emit, piece.text) if isinstance(self._open, CallItem) else b""
            case Finish():
                self._finish = piece
        return b""

    def end(self, usage: Usage) -> bytes:
        closed = self._close()
        kind = "response.incomplete" if self._finish.reason in _INCOMPLETE else "response.completed"
        return closed + self._emit(kind, response=self._response(usage))

    def _seal(self, seal: Seal) -> bytes:
        if seal.field == CONTENT and not isinstance(self._open, ReasoningItem):
            return b""
        reasoning, before = self._into(self._thoughts)
        reasoning.token = seal_token(self._setting.provider, seal, reasoning.text)
        return before + self._close()

    def _into(self, kind: type[_Item]) -> tuple[_Item, bytes]:
        """Make sure that an item of that kind is open."""
        if isinstance(self._open, kind):
            return self._open, b""
        before = self._close()
        item = kind(self._name(kind.prefix), len(self._items))
        return item, before + self._start(item)

    def _start(self, item: Item) -> bytes:
        self._open = item
        self._items.append(item)
        return self._emit("response.output_item.added", output_index=item.index, item=item.begun())

    def _close(self) -> bytes:
        item, self._open = self._open, None
        if item is None:
            return b""
        closed = item.close(self._emit, "incomplete" if self._finish.reason is Stop.LENGTH else "completed")
        return closed + self._emit("response.output_item.done", output_index=item.index, item=item.done())

    def _name(self, prefix: str) -> str:
        return f"{prefix}_{self._id}_{len(self._items)}"

    def _emit(self, kind: str, **members: Any) -> bytes:
        event = {"type": kind, "sequence_number": self._sequence, **members}
        self._sequence += 1
        return write(msgspec.json.encode(event), kind)

    def _response(self, usage: Usage | None) -> dict[str, Any]:
        """The response as it stands; without `usage` it has only begun."""
        reason = _INCOMPLETE.get(self._finish.reason)
        status = "in_progress" if usage is None else "incomplete" if reason else "completed"
        asked = self._setting.asked
        return {
            "id": self._id if self._id.startswith("resp_") else f"resp_{self._id}",
            "object": "response",
            "created_at": self._setting.created,
            "status": status,
            "background": False,
            "error": None,
            "incomplete_details": {"reason": reason} if reason else None,
            "model": self._model,
            "output": [item.done() for item in self._items],
            "previous_response_id": None,
            "store": False,
            "usage": None if usage is None else responses_counts(usage),
            **{name: otherwise if asked.get(name) is None else asked[name] for name, otherwise in _ECHOED.items()},
        }


def _wants_summary(asked: Mapping[str, Any]) -> bool:
    reasoning = asked.get("reasoning") or {}
    return bool(reasoning.get("summary") or reasoning.get("generate_summary"))
