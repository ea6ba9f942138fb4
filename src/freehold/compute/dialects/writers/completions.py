"""Pieces, written as (legacy) Completions: text only. Reasoning has no place in this dialect and is left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from freehold.compute.dialects.counts import chat_counts
from freehold.compute.dialects.pieces import Begin, Finish, Piece, Refusal, Stop, Text
from freehold.compute.dialects.sse import DONE, write
from freehold.compute.dialects.writers.writer import Setting
from freehold.words.prices import Usage


class CompletionsWriter:
    """Writes one answer, of one or several choices, for a Completions client."""

    def __init__(self, setting: Setting) -> None:
        options = setting.asked.get("stream_options")
        self._counted = isinstance(options, dict) and options.get("include_usage") is True
        self._created = setting.created
        self._id = setting.id
        self._model = setting.model
        self._offsets: dict[int, int] = {}

    def answer(self, pieces: Sequence[Piece], usage: Usage) -> bytes:
        choices: dict[int, dict[str, Any]] = {}
        for piece in pieces:
            if isinstance(piece, Begin):
                self._begin(piece)
            elif (choice := self._choice(piece)) is not None:
                _join(choices.setdefault(choice["index"], choice), choice)
        return self._envelope([choices[index] for index in sorted(choices)], usage=chat_counts(usage))

    def piece(self, piece: Piece) -> bytes:
        if isinstance(piece, Begin):
            self._begin(piece)
            return b""
        choice = self._choice(piece)
        return b"" if choice is None else write(self._envelope([choice]))

    def end(self, usage: Usage) -> bytes:
        counts = write(self._envelope([], usage=chat_counts(usage))) if self._counted else b""
        return counts + DONE

    def _choice(self, piece: Piece) -> dict[str, Any] | None:
        match piece:
            case Text():
                logprobs = self._logprobs(piece)
                return {"text": piece.text, "index": piece.choice, "logprobs": logprobs, "finish_reason": None}
            case Refusal():
                return {"text": piece.text, "index": 0, "logprobs": None, "finish_reason": None}
            case Finish():
                reason = Stop.STOP if piece.reason is Stop.TOOL_CALLS else piece.reason
                choice = {"text": "", "index": piece.choice, "logprobs": None, "finish_reason": reason}
                return choice if piece.sequence is None else {**choice, "stop_reason": piece.sequence}
        return None

    def _logprobs(self, piece: Text) -> dict[str, Any] | None:
        """Chat's list of tokens as this dialect's parallel lists."""
        if piece.logprobs is None:
            return None
        tokens = [str(entry.get("token", "")) for entry in piece.logprobs]
        offset = self._offsets.get(piece.choice, 0)
        offsets = []
        for token in tokens:
            offsets.append(offset)
            offset += len(token)
        self._offsets[piece.choice] = offset
        return {
            "tokens": tokens,
            "token_logprobs": [entry.get("logprob") for entry in piece.logprobs],
            "top_logprobs": [
                {str(other.get("token", "")): other.get("logprob") for other in entry.get("top_logprobs") or ()}
                for entry in piece.logprobs
            ],
            "text_offset": offsets,
        }

    def _begin(self, piece: Begin) -> None:
        self._id = piece.id or self._id
        self._model = piece.model or self._model

    def _envelope(self, choices: list[dict[str, Any]], **more: Any) -> bytes:
        head = {"id": self._id, "object": "text_completion", "created": self._created, "model": self._model}
        return msgspec.json.encode({**head, "choices": choices, **more})


def _join(choice: dict[str, Any], more: dict[str, Any]) -> None:
    if choice is more:
        return
    choice["text"] += more["text"]
    choice["finish_reason"] = more["finish_reason"] or choice["finish_reason"]
    if "stop_reason" in more:
        choice["stop_reason"] = more["stop_reason"]
    if more["logprobs"] is not None:
        before = choice["logprobs"]
        joined = {key: before[key] + value for key, value in more["logprobs"].items()} if before else more["logprobs"]
        choice["logprobs"] = joined
