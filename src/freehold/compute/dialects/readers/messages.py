"""Anthropic Messages, read into pieces.

Text, thinking, redacted thinking and tool use are read; blocks of tools that run at Anthropic cannot be asked for
through a translation and are skipped, as are citations (the words they annotate are kept).
"""

from __future__ import annotations

from typing import Any

import msgspec

from freehold.compute.dialects.pieces import Arguments, Begin, Call, Finish, Piece, Reasoning, Refusal, Seal, Stop, Text
from freehold.compute.dialects.reasoning import ANTHROPIC, DETAILS
from freehold.compute.dialects.sse import Event
from freehold.ground.errors import ProviderBroken

JSON_TOOL = "freehold_json_answer"
"""A tool that stands in for JSON mode, which Messages does not have: its arguments are the answer's text."""


class _Block(msgspec.Struct):
    type: str
    id: str = ""
    name: str = ""
    text: str = ""
    thinking: str = ""
    signature: str = ""
    data: str = ""
    input: dict[str, Any] | None = None


class _Details(msgspec.Struct):
    explanation: str | None = None


class _Ending(msgspec.Struct):
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: _Details | None = None


class _Message(_Ending):
    id: str = ""
    model: str = ""
    content: list[_Block] | None = None


class _Delta(_Ending):
    type: str = ""
    text: str = ""
    partial_json: str = ""
    thinking: str = ""
    signature: str = ""


class _Event(msgspec.Struct):
    type: str
    message: _Message | None = None
    content_block: _Block | None = None
    delta: _Delta | None = None


_MESSAGE = msgspec.json.Decoder(_Message)
_EVENT = msgspec.json.Decoder(_Event)
_STOPS = {
    "max_tokens": Stop.LENGTH,
    "model_context_window_exceeded": Stop.LENGTH,
    "tool_use": Stop.TOOL_CALLS,
    "refusal": Stop.CONTENT_FILTER,
}


class MessagesReader:
    """Reads one answer of a Messages provider. `json_tool`: the request made `JSON_TOOL` stand in for JSON mode."""

    def __init__(self, *, json_tool: bool = False) -> None:
        self._json_tool = json_tool
        self._block = _Block("")
        self._argued = False
        self._ended = False

    def answer(self, body: bytes) -> list[Piece]:
        try:
            message = _MESSAGE.decode(body)
        except (msgspec.DecodeError, RecursionError):
            raise ProviderBroken("Its answer is not a Messages answer.") from None
        if message.content is None or message.stop_reason is None:
            raise ProviderBroken("It answered 200 with a body that holds no finished answer.")
        pieces: list[Piece] = [Begin(message.id, message.model)]
        for block in message.content:
            pieces += self._start(block)
            pieces += self._stop()
        return pieces + self._finish(message)

    def event(self, event: Event) -> list[Piece]:
        try:
            said = _EVENT.decode(event.data)
        except (msgspec.DecodeError, RecursionError):
            raise ProviderBroken("Its stream is not a Messages stream.") from None
        match said.type:
            case "content_block_delta":
                return self._delta(said.delta or _Delta())
            case "content_block_start":
                return self._start(said.content_block or _Block(""))
            case "content_block_stop":
                return self._stop()
            case "message_start":
                message = said.message or _Message()
                return [Begin(message.id, message.model)]
            case "message_delta":
                return self._finish(said.delta) if said.delta and said.delta.stop_reason else []
            case "message_stop":
                self._ended = True
            case "error":
                raise ProviderBroken("Its stream carries an error.")
        return []

    def end(self) -> list[Piece]:
        if not self._ended:
            raise ProviderBroken("Its stream ended before the answer did.")
        return []

    def _start(self, block: _Block) -> list[Piece]:
        """A block begins. What a stream leaves for later deltas, a whole answer has here already."""
        self._block = block
        self._argued = False
        match block.type:
            case "text" if block.text:
                return [Text(block.text)]
            case "thinking" if block.thinking:
                return [Reasoning(block.thinking)]
            case "tool_use":
                begun: list[Piece] = [] if self._stands_in() else [Call(block.id, block.name)]
                return begun + (self._arguments(msgspec.json.encode(block.input).decode()) if block.input else [])
        return []

    def _delta(self, delta: _Delta) -> list[Piece]:
        match delta.type:
            case "text_delta":
                return [Text(delta.text)] if delta.text else []
            case "input_json_delta":
                return self._arguments(delta.partial_json) if delta.partial_json else []
            case "thinking_delta":
                self._block.thinking += delta.thinking
                return [Reasoning(delta.thinking)] if delta.thinking else []
            case "signature_delta":
                self._block.signature += delta.signature
        return []

    def _stop(self) -> list[Piece]:
        block, self._block = self._block, _Block("")
        match block.type:
            case "thinking":
                detail = {"type": "reasoning.text", "text": block.thinking, "signature": block.signature}
                return [Seal(DETAILS, [{**detail, "format": ANTHROPIC}])]
            case "redacted_thinking":
                return [Seal(DETAILS, [{"type": "reasoning.encrypted", "data": block.data, "format": ANTHROPIC}])]
            case "tool_use" if not self._argued:
                return [Text("{}") if block.name == JSON_TOOL and self._json_tool else Arguments("{}")]
        return []

    def _stands_in(self) -> bool:
        return self._json_tool and self._block.name == JSON_TOOL

    def _arguments(self, text: str) -> list[Piece]:
        self._argued = True
        return [Text(text) if self._stands_in() else Arguments(text)]

    def _finish(self, ending: _Ending) -> list[Piece]:
        stop = _STOPS.get(ending.stop_reason or "", Stop.STOP)
        if stop is Stop.TOOL_CALLS and self._json_tool:
            stop = Stop.STOP
        explained = ending.stop_details.explanation if ending.stop_details else None
        refusal: list[Piece] = [Refusal(explained)] if explained and stop is Stop.CONTENT_FILTER else []
        return [*refusal, Finish(stop, ending.stop_sequence)]
