"""The turns of a Messages conversation as chat messages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from freehold.compute.dialects.limits import text_only
from freehold.compute.dialects.members import Members
from freehold.compute.dialects.reasoning import hand_back, open_token
from freehold.ground.errors import InvalidRequest

_MARKS = ("cache_control", "citations")
"""Members of a block that change nothing about what it says."""


def chat_messages(members: Members, provider: str) -> list[dict[str, Any]]:
    """System prompt and turns."""
    messages: list[dict[str, Any]] = []
    system = members.text_or_many("system")
    if system:
        messages.append({"role": "system", "content": _words(system, "\n\n")})
    turns = members.many("messages")
    if turns is None:
        raise InvalidRequest("`messages` is missing.", parameter="messages")
    for turn in turns:
        messages += _turn(turn, provider)
    if messages and messages[-1]["role"] == "assistant":
        turns[-1].refuse_all("a chat model starts a turn of its own instead of continuing this one")
    return messages


def _turn(turn: Members, provider: str) -> list[dict[str, Any]]:
    role = turn.need_text("role")
    content = turn.text_or_many("content")
    if content is None:
        raise InvalidRequest(f"`{turn.name('content')}` is missing.", parameter=turn.name("content"))
    turn.finish()
    match role:
        case "user":
            return [{"role": "user", "content": content}] if isinstance(content, str) else list(_user(content))
        case "assistant":
            return [
                {"role": "assistant", "content": content} if isinstance(content, str) else _assistant(content, provider)
            ]
        case "system":
            return [{"role": "system", "content": _words(content, "\n\n")}]
    raise InvalidRequest(f"`{turn.name('role')}` is none of user, assistant, system.", parameter=turn.name("role"))


def _words(content: str | list[Members], between: str) -> str:
    """Content that may hold nothing but text."""
    if isinstance(content, str):
        return content
    return between.join(_text(block) for block in content)


def _text(block: Members) -> str:
    kind = block.need_text("type")
    if kind != "text":
        block.refuse_all(f"there is no place for {kind} there")
    block.leave_out(*_MARKS)
    text = block.need_text("text")
    block.finish()
    return text


def _user(content: list[Members]) -> Iterator[dict[str, Any]]:
    """Tool results become messages of their own, which come first, as they do in Messages."""
    parts = []
    for block in content:
        kind = block.need_text("type")
        if kind == "tool_result":
            yield _tool_result(block)
        else:
            parts.append(_part(block, kind))
    if parts:
        yield {"role": "user", "content": text_only(parts)}


def _tool_result(block: Members) -> dict[str, Any]:
    block.leave_out(*_MARKS)
    identity = block.need_text("tool_use_id")
    words = _words(block.text_or_many("content") or "", "\n")
    if block.flag("is_error"):
        # A chat tool message has no flag for it, so it is said in words.
        words = f"Error: {words}"
    block.finish()
    return {"role": "tool", "tool_call_id": identity, "content": words}


def _part(block: Members, kind: str) -> dict[str, Any]:
    block.leave_out("cache_control")
    match kind:
        case "text":
            block.leave_out("citations")
            part: dict[str, Any] = {"type": "text", "text": block.need_text("text")}
        case "image":
            part = {"type": "image_url", "image_url": {"url": _image(block.need_members("source"))}}
        case "document":
            part = _document(block)
        case _:
            block.refuse_all(f"Chat Completions has nothing like {kind}")
    block.finish()
    return part


def _image(source: Members) -> str:
    kind = source.need_text("type")
    if kind == "base64":
        url = f"data:{source.need_text('media_type')};base64,{source.need_text('data')}"
    elif kind == "url":
        url = source.need_text("url")
    else:
        source.refuse("type", "a file stored at Anthropic cannot be read elsewhere")
    source.finish()
    return url


def _document(block: Members) -> dict[str, Any]:
    source = block.need_members("source")
    title, context = block.text("title"), block.text("context")
    citations = block.members("citations")
    if citations is not None:
        citations.accept_only("enabled", False)
    match source.need_text("type"):
        case "base64":
            if context:
                block.refuse("context")
            media_type = source.need_text("media_type")
            data = f"data:{media_type};base64,{source.need_text('data')}"
            part = {"type": "file", "file": {"filename": title or "document.pdf", "file_data": data}}
        case "text":
            source.leave_out("media_type")
            words = "\n\n".join(filter(None, (title, context, source.need_text("data"))))
            part = {"type": "text", "text": words}
        case _:
            source.refuse("type")
    source.finish()
    return part


def _assistant(content: list[Members], provider: str) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": None}
    for block in content:
        kind = block.need_text("type")
        match kind:
            case "text":
                block.leave_out(*_MARKS)
                message["content"] = (message["content"] or "") + block.need_text("text")
            case "tool_use":
                message.setdefault("tool_calls", []).append(_tool_use(block))
            case "thinking":
                text = block.text("thinking") or ""
                token = open_token(block.text("signature"), provider)
                if token is not None:
                    hand_back(message, token, text)
            case "redacted_thinking":
                block.leave_out("data")
            case _:
                block.refuse_all(f"Chat Completions has nothing like {kind}")
        block.finish()
    if message["content"] is None and "tool_calls" not in message:
        message["content"] = ""
    return message


def _tool_use(block: Members) -> dict[str, Any]:
    block.leave_out("cache_control")
    caller = block.members("caller")
    if caller is not None:
        caller.accept_only("type", "direct")
    arguments = msgspec.json.encode(block.mapping("input") or {}).decode()
    function = {"name": block.need_text("name"), "arguments": arguments}
    return {"id": block.need_text("id"), "type": "function", "function": function}
