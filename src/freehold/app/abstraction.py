"""Freehold as a library: the same selection, failover, budgets and receipts, without HTTP.

async with freehold.open() as compute:
    result = await compute.inference("auto", "What is the capital of France?")
    print(result.text, result.receipt.provider)
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self, TypeVar

import msgspec

from freehold.app.build import House
from freehold.compute.dialects.sse import parse
from freehold.compute.needs import needs_of
from freehold.compute.provider import Answer
from freehold.ground.errors import DeadlineExceeded, InvalidRequest, NotAvailable, ProviderBroken
from freehold.stack.calls import Call
from freehold.stack.recording import receipt_of
from freehold.stack.selection import Plan
from freehold.words.asks import NO_REQUIREMENTS, Ask, ComputeRequirements
from freehold.words.dialects import Dialect
from freehold.words.results import Delta, InferenceResult, ToolCall

Inputs = str | Sequence[Mapping[str, Any]] | Mapping[str, Any]
"""A question; or messages; or the fields of a Chat Completions request."""
_Result = TypeVar("_Result")


class _Function(msgspec.Struct):
    name: str = ""
    arguments: str = ""


class _Call(msgspec.Struct):
    id: str = ""
    function: _Function = msgspec.field(default_factory=_Function)


class _Message(msgspec.Struct):
    content: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[_Call] | None = None


class _Choice(msgspec.Struct):
    message: _Message = msgspec.field(default_factory=_Message)
    delta: _Message = msgspec.field(default_factory=_Message)
    finish_reason: str | None = None


class _Completion(msgspec.Struct):
    choices: list[_Choice] = []


_DECODER = msgspec.json.Decoder(_Completion)


class ComputeAbstractionLayer:
    """One interface over all the compute there is. Made by `freehold.open()`; used as an async context manager."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def __aenter__(self) -> Self:
        await self._house.start()
        await (
            self._house.priced()
        )  # a library may ask at once: prices, and what runs on this machine, must be known by then
        if self._house.finding is not None:
            await self._house.finding.look()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._house.stop()

    async def inference(
        self, model: str, inputs: Inputs, requirements: ComputeRequirements = NO_REQUIREMENTS, **options: Any
    ) -> InferenceResult:
        """The whole answer of the best offer that meets the requirements.

        `options` are fields of a Chat Completions request (`temperature`, `tools`, `max_tokens`, ...). Raises
        `FixRequest`, `Wait` or `GiveUp` errors; what another provider could mend has been tried there already.
        """
        call = self._open(_ask(model, inputs, requirements, {**options, "stream": False}))
        with self._closing(call):
            answer = await _in_time(call, self._house.desk.answer(call))
            if not isinstance(answer, Answer):
                raise ProviderBroken("A stream came back where a whole answer was asked for.")
            return _result(call, answer)

    async def stream(
        self, model: str, inputs: Inputs, requirements: ComputeRequirements = NO_REQUIREMENTS, **options: Any
    ) -> AsyncIterator[Delta]:
        """The answer in pieces, as they come. Leaving the loop early stops the work."""
        call = self._open(_ask(model, inputs, requirements, {**options, "stream": True}))
        with self._closing(call):
            answer = await _in_time(call, self._house.desk.answer(call))
            if isinstance(answer, Answer):
                raise ProviderBroken("A whole answer came back where a stream was asked for.")
            try:
                pieces = aiter(answer)
                while piece := await _in_time(call, anext(pieces, b"")):
                    for delta in _deltas(piece):
                        yield delta
            finally:
                call.usage, call.energy = answer.usage, answer.energy
                await answer.aclose()

    async def training(self, config: object, dataset: object, budget: object = None) -> None:
        """Train a model. Raises NotAvailable until a provider here can."""
        raise NotAvailable(
            "No provider here can train models.",
            advice="Training comes with a later release; until then train elsewhere and serve the GGUF with `freehold pull FILE`.",
        )

    async def deploy_model(self, artifact: object, target: object = None) -> None:
        """Deploy a model. Raises NotAvailable until a provider here can."""
        raise NotAvailable(
            "No provider here can deploy models.",
            advice="To serve a GGUF file on this machine, run `freehold pull FILE`.",
        )

    def explain(self, model: str, inputs: Inputs, requirements: ComputeRequirements = NO_REQUIREMENTS) -> Plan:
        """Which offers would be asked, in order, which not, and why. Asks nobody."""
        desk = self._house.desk
        ask = _ask(model, inputs, requirements, {})
        return desk.dispatch.plan(desk.open(ask, desk.owner, use_cache=None, cancel=None))

    def _open(self, ask: Ask) -> Call:
        desk = self._house.desk
        return desk.open(ask, desk.owner, use_cache=None, cancel=_nothing)

    @contextmanager
    def _closing(self, call: Call) -> Iterator[None]:
        """Close the call however the block ends."""
        error: BaseException | None = None
        try:
            yield
        except BaseException as failure:
            error = failure
            raise
        finally:
            self._house.desk.close(call, error)


def _nothing() -> None:
    """Deadlines are kept by `_in_time`: the caller's task is the caller's, and may be busy with something else."""


async def _in_time(call: Call, work: Awaitable[_Result]) -> _Result:
    try:
        async with asyncio.timeout(call.deadline - time.monotonic()):
            return await work
    except TimeoutError:
        raise DeadlineExceeded("The time that the request allows is used up.") from None


def _ask(model: str, inputs: Inputs, requirements: ComputeRequirements, options: Mapping[str, Any]) -> Ask:
    body = _body(inputs, options)
    try:
        fields = {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in body.items()}
    except TypeError as error:
        raise InvalidRequest(f"The inputs cannot be written as JSON: {error}.") from error
    if not body.get("messages"):
        raise InvalidRequest("There is no question in the inputs.", parameter="messages")
    return Ask(
        id=f"req_{secrets.token_hex(12)}",
        dialect=Dialect.CHAT,
        model=model,
        fields={**fields, "model": msgspec.Raw(msgspec.json.encode(model))},
        stream=bool(options.get("stream")),
        needs=needs_of(Dialect.CHAT, fields),
        requirements=requirements,
        size=sum(len(bytes(raw)) for raw in fields.values()),
    )


def _body(inputs: Inputs, options: Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(inputs, str):
        return {"messages": [{"role": "user", "content": inputs}], **options}
    if isinstance(inputs, Mapping):
        return {**inputs, **options}
    return {"messages": list(inputs), **options}


def _result(call: Call, answer: Answer) -> InferenceResult:
    choices = _decode(answer.body).choices
    choice = choices[0] if choices else _Choice()
    calls = choice.message.tool_calls or []
    return InferenceResult(
        text=choice.message.content or "",
        reasoning=choice.message.reasoning_content or "",
        tool_calls=tuple(ToolCall(id=c.id, name=c.function.name, arguments=c.function.arguments) for c in calls),
        finish_reason=choice.finish_reason or "",
        usage=call.usage,
        receipt=receipt_of(call, None),
        body=answer.body,
    )


def _decode(data: bytes) -> _Completion:
    try:
        return _DECODER.decode(data)
    except (msgspec.DecodeError, RecursionError):
        raise ProviderBroken("The answer is no chat completion.") from None


def _deltas(piece: bytes) -> list[Delta]:
    found = []
    for event in parse(piece):
        if event.data == b"[DONE]":
            continue
        for choice in _decode(event.data).choices:
            text, thought = choice.delta.content or "", choice.delta.reasoning_content or ""
            if text or thought or choice.finish_reason:
                found.append(Delta(text=text, reasoning=thought, finish_reason=choice.finish_reason or ""))
    return found
