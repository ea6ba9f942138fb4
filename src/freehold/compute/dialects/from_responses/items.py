"""The input items of a Responses request as chat messages."""

from __future__ import annotations

from typing import Any

from freehold.compute.dialects.limits import text_only
from freehold.compute.dialects.members import Members
from freehold.compute.dialects.reasoning import hand_back, open_token
from freehold.ground.errors import InvalidRequest

_MARKS = ("prompt_cache_breakpoint", "annotations", "logprobs", "parsed")
"""Members of a part that change nothing about what it says."""


def chat_messages(members: Members, provider: str) -> list[dict[str, Any]]:
    """Instructions and input. What an assistant said, thought and called in a row becomes one message."""
    messages: list[dict[str, Any]] = []
    instructions = members.text("instructions")
    if instructions:
        messages.append({"role": "system", "content": instructions})
    items = members.text_or_many("input")
    if items is None:
        raise InvalidRequest("`input` is missing.", parameter="input")
    if isinstance(items, str):
        return [*messages, {"role": "user", "content": items}]
    for item in items:
        _item(item, messages, provider)
    for message in messages:
        if message["role"] == "assistant" and "tool_calls" not in message and message["content"] is None:
            message["content"] = ""
    return messages


def _item(item: Members, messages: list[dict[str, Any]], provider: str) -> None:
    kind = item.text("type") or "message"
    item.leave_out("id", "status", "phase")
    match kind:
        case "message":
            _message(item, messages)
        case "function_call":
            _assistant(messages).setdefault("tool_calls", []).append(_call(item))
        case "function_call_output":
            messages.append(_output(item))
        case "reasoning":
            item.leave_out("summary", "content")
            token = open_token(item.text("encrypted_content"), provider)
            if token is not None:
                hand_back(_assistant(messages), token)
        case "item_reference":
            item.refuse_all("nothing is kept between requests, so there is no item to refer to")
        case _:
            item.refuse_all(f"Chat Completions has nothing like {kind}")
    item.finish()


def _assistant(messages: list[dict[str, Any]]) -> dict[str, Any]:
    """The assistant message that is being put together."""
    if not messages or messages[-1]["role"] != "assistant":
        messages.append({"role": "assistant", "content": None})
    return messages[-1]


def _message(item: Members, messages: list[dict[str, Any]]) -> None:
    role = item.need_text("role")
    content = item.text_or_many("content")
    if content is None:
        raise InvalidRequest(f"`{item.name('content')}` is missing.", parameter=item.name("content"))
    match role:
        case "assistant":
            message = _assistant(messages)
            if message["content"] is not None or "tool_calls" in message:
                messages.append(message := {"role": "assistant", "content": None})
            message["content"] = _words(content, "")
        case "system" | "developer":
            messages.append({"role": "system", "content": _words(content, "\n\n")})
        case "user":
            parts = content if isinstance(content, str) else text_only([_part(part) for part in content])
            messages.append({"role": "user", "content": parts})
        case _:
            raise InvalidRequest(f"`{item.name('role')}` is no role.", parameter=item.name("role"))


def _words(content: str | list[Members], between: str) -> str:
    """Content that may hold nothing but text."""
    if isinstance(content, str):
        return content
    return between.join(_text(part) for part in content)


def _text(part: Members) -> str:
    kind = part.need_text("type")
    part.leave_out(*_MARKS)
    match kind:
        case "input_text" | "output_text" | "text":
            words = part.need_text("text")
        case "refusal":
            words = part.need_text("refusal")
        case _:
            part.refuse_all(f"there is no place for {kind} there")
    part.finish()
    return words


def _part(part: Members) -> dict[str, Any]:
    kind = part.need_text("type")
    part.leave_out(*_MARKS)
    made: dict[str, Any]
    match kind:
        case "input_text" | "output_text" | "text":
            made = {"type": "text", "text": part.need_text("text")}
        case "input_image":
            made = {"type": "image_url", "image_url": _image(part)}
        case "input_file":
            made = {"type": "file", "file": _file(part)}
        case "input_audio":
            made = {"type": "input_audio", "input_audio": part.mapping("input_audio") or {}}
        case _:
            part.refuse_all(f"Chat Completions has nothing like {kind}")
    part.finish()
    return made


def _image(part: Members) -> dict[str, Any]:
    if part.value("file_id") is not None:
        part.refuse("file_id", "a file stored at OpenAI cannot be read elsewhere")
    url = {"url": part.need_text("image_url")}
    detail = part.text("detail")
    return {**url, "detail": detail} if detail not in (None, "auto") else url


def _file(part: Members) -> dict[str, Any]:
    part.leave_out("detail")
    for name in ("file_id", "file_url"):
        if part.value(name) is not None:
            part.refuse(name, "Chat Completions takes a file's own bytes only")
    return {"filename": part.text("filename") or "file", "file_data": part.need_text("file_data")}


def _call(item: Members) -> dict[str, Any]:
    item.accept_only("async", False)
    item.leave_out("parsed_arguments")
    _accept_direct_caller(item)
    function = {"name": item.need_text("name"), "arguments": item.need_text("arguments")}
    return {"id": item.need_text("call_id"), "type": "function", "function": function}


def _output(item: Members) -> dict[str, Any]:
    item.leave_out("name")
    _accept_direct_caller(item)
    words = _words(item.text_or_many("output") or "", "\n")
    return {"role": "tool", "tool_call_id": item.need_text("call_id"), "content": words}


def _accept_direct_caller(item: Members) -> None:
    caller = item.members("caller")
    if caller is not None:
        caller.accept_only("type", "direct")
