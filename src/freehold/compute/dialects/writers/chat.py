"""Pieces, written as Chat Completions.

Beyond OpenAI's own words: `reasoning_content` (as most providers write it), `reasoning_details` (signatures, as
OpenRouter writes them; hand them back to continue a tool loop) and a choice's `stop_reason`, the stop sequence met (as
vLLM writes it).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from freehold.compute.dialects.counts import chat_counts
from freehold.compute.dialects.pieces import Arguments, Begin, Call, Finish, Piece, Reasoning, Refusal, Seal, Stop, Text
from freehold.compute.dialects.sse import DONE, write
from freehold.compute.dialects.writers.writer import Setting
from freehold.words.prices import Usage


class ChatWriter:
    """Writes one answer for a Chat Completions client."""

    def __init__(self, setting: Setting) -> None:
        options = setting.asked.get("stream_options")
        self._counted = isinstance(options, dict) and options.get("include_usage") is True
        self._created = setting.created
        self._id = setting.id
        self._model = setting.model
        self._calls = 0
        self._details = 0
        self._finish = Finish(Stop.STOP)

    def answer(self, pieces: Sequence[Piece], usage: Usage) -> bytes:
        message: dict[str, Any] = {"role": "assistant", "content": None, "refusal": None}
        for piece in pieces:
            self._add(message, piece)
        choice = {"index": 0, "message": message, "logprobs": None, **self._ending()}
        return msgspec.json.encode(
            {**self._envelope("chat.completion"), "choices": [choice], "usage": chat_counts(usage)}
        )

    def piece(self, piece: Piece) -> bytes:
        match piece:
            case Begin():
                self._begin(piece)
                return self._delta({"role": "assistant", "content": ""})
            case Text():
                return self._delta({"content": piece.text})
            case Reasoning():
                return self._delta({"reasoning_content": piece.text})
            case Seal(details=list(details)):
                return self._delta({"reasoning_details": self._numbered(details)})
            case Refusal():
                return self._delta({"refusal": piece.text})
            case Call():
                self._calls += 1
                function = {"name": piece.name, "arguments": ""}
                return self._call({"id": piece.id, "type": "function", "function": function})
            case Arguments():
                return self._call({"function": {"arguments": piece.text}})
            case Finish():
                self._finish = piece
        return b""

    def end(self, usage: Usage) -> bytes:
        last = self._chunk([{"index": 0, "delta": {}, "logprobs": None, **self._ending()}])
        counts = self._chunk([], usage=chat_counts(usage)) if self._counted else b""
        return last + counts + DONE

    def _add(self, message: dict[str, Any], piece: Piece) -> None:
        match piece:
            case Begin():
                self._begin(piece)
            case Text(text=text):
                message["content"] = (message["content"] or "") + text
            case Reasoning(text=text):
                message["reasoning_content"] = message.get("reasoning_content", "") + text
            case Seal(details=list(details)):
                message["reasoning_details"] = message.get("reasoning_details", []) + self._numbered(details)
            case Refusal(text=text):
                message["refusal"] = (message["refusal"] or "") + text
            case Call(id=identity, name=name):
                call = {"id": identity, "type": "function", "function": {"name": name, "arguments": ""}}
                message.setdefault("tool_calls", []).append(call)
            case Arguments(text=text):
                message["tool_calls"][-1]["function"]["arguments"] += text
            case Finish():
                self._finish = piece

    def _numbered(self, details: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Clients tell streamed entries of a list apart by their index."""
        first = self._details
        self._details += len(details)
        return [{**detail, "index": first + i} for i, detail in enumerate(details)]

    def _begin(self, piece: Begin) -> None:
        self._id = piece.id or self._id
        self._model = piece.model or self._model

    def _ending(self) -> dict[str, Any]:
        ending: dict[str, Any] = {"finish_reason": self._finish.reason}
        if self._finish.sequence is not None:
            ending["stop_reason"] = self._finish.sequence
        return ending

    def _call(self, call: dict[str, Any]) -> bytes:
        return self._delta({"tool_calls": [{"index": self._calls - 1, **call}]})

    def _delta(self, delta: dict[str, Any]) -> bytes:
        return self._chunk([{"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}])

    def _chunk(self, choices: list[dict[str, Any]], **more: Any) -> bytes:
        return write(msgspec.json.encode({**self._envelope("chat.completion.chunk"), "choices": choices, **more}))

    def _envelope(self, kind: str) -> dict[str, Any]:
        return {"id": self._id, "object": kind, "created": self._created, "model": self._model}
