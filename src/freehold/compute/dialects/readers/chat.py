"""Chat Completions, read into pieces, with what the imitators of OpenAI add and leave out.

- Reasoning comes as `reasoning_content`, `reasoning`, `reasoning_details` or as a list of parts in `content`.
- Tool calls may lack an id or an index, share an index, or repeat their id with every part.
- `stop_reason` (vLLM) or `matched_stop` (SGLang) tell which stop sequence was met; others do not tell.
- Some end a stream without `[DONE]`: a finish reason is a proper end too.
"""

from __future__ import annotations

from typing import Any

import msgspec

from freehold.compute.dialects.pieces import Arguments, Begin, Call, Finish, Piece, Reasoning, Refusal, Seal, Stop, Text
from freehold.compute.dialects.reasoning import CONTENT, DETAILS, merge_details
from freehold.compute.dialects.sse import Event
from freehold.ground.errors import ProviderBroken


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: str | dict[str, Any] | None = None


class _ToolCall(msgspec.Struct):
    index: int | None = None
    id: str | None = None
    function: _Function | None = None


class _Message(msgspec.Struct):
    """A whole message or a delta of one."""

    content: str | list[dict[str, Any]] | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    reasoning_details: list[dict[str, Any]] | None = None
    tool_calls: list[_ToolCall] | None = None


class _Logprobs(msgspec.Struct):
    content: list[dict[str, Any]] | None = None


class _Choice(msgspec.Struct):
    index: int = 0
    message: _Message | None = None
    delta: _Message | None = None
    finish_reason: str | None = None
    logprobs: _Logprobs | None = None
    stop_reason: int | str | None = None
    matched_stop: int | str | None = None


class _Answer(msgspec.Struct):
    """A whole answer or a chunk of one."""

    id: str | None = None
    model: str | None = None
    choices: list[_Choice] | None = None
    error: msgspec.Raw = msgspec.Raw(b"null")


_DECODER = msgspec.json.Decoder(_Answer)
_STOPS = {
    "stop": Stop.STOP,
    "length": Stop.LENGTH,
    "tool_calls": Stop.TOOL_CALLS,
    "function_call": Stop.TOOL_CALLS,
    "content_filter": Stop.CONTENT_FILTER,
    # Imitators pass on words of other dialects.
    "end_turn": Stop.STOP,
    "eos": Stop.STOP,
    "stop_sequence": Stop.STOP,
    "max_tokens": Stop.LENGTH,
    "model_length": Stop.LENGTH,
    "tool_use": Stop.TOOL_CALLS,
    "sensitive": Stop.CONTENT_FILTER,
    "safety": Stop.CONTENT_FILTER,
}


class ChatReader:
    """Reads one answer of a Chat Completions provider."""

    def __init__(self) -> None:
        self._began = False
        self._finished: set[int] = set()
        self._done = False
        self._field = ""
        self._details: list[dict[str, Any]] = []
        self._call: tuple[int | None, str] | None = None
        self._calls = 0
        self._id = ""

    def answer(self, body: bytes) -> list[Piece]:
        pieces = self._read(body)
        if not self._finished:
            raise ProviderBroken("It answered 200 with a body that holds no finished answer.")
        return pieces

    def event(self, event: Event) -> list[Piece]:
        if event.data == b"[DONE]":
            self._done = True
            return []
        if event.name == "error":
            raise ProviderBroken("Its stream carries an error.")
        return self._read(event.data) if event.data else []

    def end(self) -> list[Piece]:
        if not self._began or not (self._finished or self._done):
            raise ProviderBroken("Its stream ended before the answer did.")
        return [] if self._finished else [*self._sealed(), Finish(Stop.STOP)]

    def _read(self, data: bytes) -> list[Piece]:
        try:
            answer = _DECODER.decode(data)
        except (msgspec.DecodeError, RecursionError):
            raise ProviderBroken("Its answer is not Chat Completions.") from None
        if bytes(answer.error) != b"null":
            raise ProviderBroken("Its answer carries an error.")
        pieces: list[Piece] = [] if self._began else [self._begin(answer)]
        for choice in answer.choices or ():
            message = choice.message or choice.delta
            if message is not None:
                pieces += self._message(message, choice)
            if choice.finish_reason and choice.index not in self._finished:
                pieces += self._finish(choice)
        return pieces

    def _begin(self, answer: _Answer) -> Begin:
        self._began = True
        self._id = answer.id or ""
        return Begin(self._id, answer.model or "")

    def _message(self, message: _Message, choice: _Choice) -> list[Piece]:
        pieces: list[Piece] = []
        thought, said = _split(message.content)
        thought = message.reasoning_content or message.reasoning or thought
        if thought or message.reasoning_details:
            self._field = self._field or (
                CONTENT if message.reasoning_content or not message.reasoning else "reasoning"
            )
            merge_details(self._details, message.reasoning_details or [])
            if thought:
                pieces.append(Reasoning(thought))
        if said or message.refusal or message.tool_calls:
            pieces += self._sealed()
        if said:
            self._call = None
            logprobs = choice.logprobs.content if choice.logprobs else None
            pieces.append(Text(said, logprobs, choice.index))
        if message.refusal:
            pieces.append(Refusal(message.refusal))
        for call in message.tool_calls or ():
            pieces += self._tool_call(call)
        return pieces

    def _sealed(self) -> list[Piece]:
        """Close the reasoning that is open, if any is."""
        field, details = self._field, self._details
        self._field, self._details = "", []
        if not field:
            return []
        return [Seal(DETAILS, details) if details else Seal(field)]

    def _tool_call(self, call: _ToolCall) -> list[Piece]:
        function = call.function or _Function()
        pieces: list[Piece] = []
        if self._is_new(call, function):
            if not function.name:
                raise ProviderBroken("Its tool calls have no name, or arrive mixed with each other.")
            self._calls += 1
            identity = call.id or f"call_{self._id}_{self._calls}"
            self._call = (call.index, identity)
            pieces.append(Call(identity, function.name))
        arguments = function.arguments
        if isinstance(arguments, dict):
            arguments = msgspec.json.encode(arguments).decode()
        if arguments:
            pieces.append(Arguments(arguments))
        return pieces

    def _is_new(self, call: _ToolCall, function: _Function) -> bool:
        """Whether this part begins another call, or goes on with the current one."""
        if self._call is None:
            return True
        index, identity = self._call
        if call.index is not None and call.index != index:
            return True
        if call.id and function.name:
            return call.id != identity
        return call.index is None and bool(function.name)

    def _finish(self, choice: _Choice) -> list[Piece]:
        self._finished.add(choice.index)
        word = (choice.finish_reason or "").lower()
        if word == "error":
            raise ProviderBroken("Its answer ended with an error.")
        stop = _STOPS.get(word, Stop.STOP)
        if self._calls and stop is Stop.STOP:
            stop = Stop.TOOL_CALLS
        met = choice.stop_reason if isinstance(choice.stop_reason, str) else choice.matched_stop
        return [*self._sealed(), Finish(stop, met if isinstance(met, str) else None, choice.index)]


def _split(content: str | list[dict[str, Any]] | None) -> tuple[str, str]:
    """Reasoning and words of a message's content; Mistral writes both as a list of parts."""
    if not isinstance(content, list):
        return "", content or ""
    thought, said = [], []
    for part in content:
        if part.get("type") == "thinking":
            inner = part.get("thinking")
            thought.append(_split(inner)[1] if isinstance(inner, list) else str(inner or ""))
        elif isinstance(part.get("text"), str):
            said.append(part["text"])
    return "".join(thought), "".join(said)
