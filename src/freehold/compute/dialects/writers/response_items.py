"""The items of a Responses answer, each knowing its own events."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol


class Emit(Protocol):
    """Writes one event of the given kind."""

    def __call__(self, kind: str, **members: Any) -> bytes: ...


class Item:
    """One output item while it is being written. `id` and `index` tell it apart from its siblings."""

    prefix: ClassVar[str]

    def __init__(self, id: str, index: int) -> None:
        self.id = id
        self.index = index

    def begun(self) -> dict[str, Any]:
        """The item as it is announced."""
        raise NotImplementedError

    def done(self) -> dict[str, Any]:
        """The item as it stands now; complete once it has been closed."""
        raise NotImplementedError

    def close(self, emit: Emit, status: str) -> bytes:
        """The events that end what is inside the item; `status` is how the item itself ended."""
        raise NotImplementedError


class _Parts(Item):
    """An item made of parts, of which the last may be open."""

    part: ClassVar[str] = "content_part"
    place: ClassVar[str] = "content_index"

    def __init__(self, id: str, index: int) -> None:
        super().__init__(id, index)
        self.parts: list[dict[str, Any]] = []
        self._words: list[str] = []

    def _place(self) -> dict[str, Any]:
        return {"item_id": self.id, "output_index": self.index, self.place: len(self.parts) - 1}

    def _event(self, kind: str) -> str:
        """What events call a part of that type."""
        return kind

    def _say(self, emit: Emit, kind: str, key: str, words: str, **more: Any) -> bytes:
        """Add words to the open part, which is of type `kind` and holds them in `key`."""
        before = b""
        if not self.parts or self.parts[-1]["type"] != kind:
            before = self._close_part(emit)
            part: dict[str, Any] = {"type": kind, key: ""}
            if kind == "output_text":
                part |= {"annotations": [], "logprobs": []}
            self.parts.append(part)
            before += emit(f"response.{self.part}.added", **self._place(), part=dict(part))
        self._words.append(words)
        return before + emit(f"response.{self._event(kind)}.delta", **self._place(), delta=words, **more)

    def _close_part(self, emit: Emit) -> bytes:
        if not self.parts:
            return b""
        part = self.parts[-1]
        kind = part["type"]
        key = "refusal" if kind == "refusal" else "text"
        part[key] = "".join(self._words)
        self._words = []
        more = {"logprobs": part["logprobs"]} if kind == "output_text" else {}
        said = emit(f"response.{self._event(kind)}.done", **self._place(), **{key: part[key]}, **more)
        return said + emit(f"response.{self.part}.done", **self._place(), part=part)

    def close(self, emit: Emit, status: str) -> bytes:
        return self._close_part(emit)


def _probability(entry: dict[str, Any]) -> dict[str, Any]:
    """A chat log probability as Responses writes it: there, the bytes of a token are always told."""
    others = [_token(other) for other in entry.get("top_logprobs") or ()]
    return {**_token(entry), "top_logprobs": others}


def _token(entry: dict[str, Any]) -> dict[str, Any]:
    token = str(entry.get("token") or "")
    spelled = entry.get("bytes")
    return {
        "token": token,
        "logprob": entry.get("logprob"),
        "bytes": list(token.encode()) if spelled is None else spelled,
    }


class MessageItem(_Parts):
    """What the model says to the user."""

    prefix = "msg"

    def __init__(self, id: str, index: int) -> None:
        super().__init__(id, index)
        self._status = "in_progress"

    def say(self, emit: Emit, words: str, logprobs: list[dict[str, Any]] | None) -> bytes:
        told = [_probability(entry) for entry in logprobs or ()]
        said = self._say(emit, "output_text", "text", words, logprobs=told)
        self.parts[-1]["logprobs"] += told
        return said

    def refuse(self, emit: Emit, words: str) -> bytes:
        return self._say(emit, "refusal", "refusal", words)

    def begun(self) -> dict[str, Any]:
        return {"type": "message", "id": self.id, "role": "assistant", "status": "in_progress", "content": []}

    def done(self) -> dict[str, Any]:
        return {**self.begun(), "status": self._status, "content": self.parts}

    def close(self, emit: Emit, status: str) -> bytes:
        self._status = status
        return super().close(emit, status)


class ReasoningItem(_Parts):
    """What the model thinks."""

    prefix = "rs"

    def __init__(self, id: str, index: int) -> None:
        super().__init__(id, index)
        self.token: str | None = None

    @property
    def text(self) -> str:
        return "".join(self._words)

    def think(self, emit: Emit, words: str) -> bytes:
        return self._say(emit, "reasoning_text", "text", words)

    def begun(self) -> dict[str, Any]:
        return {"type": "reasoning", "id": self.id, "summary": [], "content": [], "encrypted_content": None}

    def done(self) -> dict[str, Any]:
        return {**self.begun(), "content": self.parts, "encrypted_content": self.token}


class SummaryItem(ReasoningItem):
    """The same for a client that asked for a summary, who looks for it there and nowhere else."""

    part = "reasoning_summary_part"
    place = "summary_index"

    def _event(self, kind: str) -> str:
        return f"reasoning_{kind}"

    def think(self, emit: Emit, words: str) -> bytes:
        return self._say(emit, "summary_text", "text", words)

    def done(self) -> dict[str, Any]:
        return {**self.begun(), "summary": self.parts, "encrypted_content": self.token}


class CallItem(Item):
    """A function that the model wants called."""

    prefix = "fc"

    def __init__(self, id: str, index: int, call_id: str, name: str) -> None:
        super().__init__(id, index)
        self._call_id = call_id
        self._name = name
        self._words: list[str] = []
        self._status = "in_progress"

    def argue(self, emit: Emit, words: str) -> bytes:
        self._words.append(words)
        return emit("response.function_call_arguments.delta", item_id=self.id, output_index=self.index, delta=words)

    def begun(self) -> dict[str, Any]:
        named = {"call_id": self._call_id, "name": self._name}
        return {"type": "function_call", "id": self.id, **named, "arguments": "", "status": "in_progress"}

    def done(self) -> dict[str, Any]:
        return {**self.begun(), "arguments": "".join(self._words), "status": self._status}

    def close(self, emit: Emit, status: str) -> bytes:
        self._status = status
        place = {"item_id": self.id, "output_index": self.index}
        arguments = "".join(self._words)
        return emit("response.function_call_arguments.done", **place, name=self._name, arguments=arguments)
