"""The content of a chat message as Messages blocks."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from freehold.compute.dialects.members import Members

_DATA_URL = re.compile(r"data:(?P<type>[\w.+-]+/[\w.+-]+)(?:;[\w.+-]+=[\w.+-]+)*;base64,")
_BAD_IN_ID = re.compile(r"[^a-zA-Z0-9_-]")


def tool_id(identity: str) -> str:
    """A tool call's id in the letters that Anthropic takes; other providers use more."""
    return _BAD_IN_ID.sub("_", identity)


def content_blocks(message: Members) -> list[dict[str, Any]]:
    """The message's `content`. Empty text is no block: Anthropic refuses it, and it says nothing."""
    content = message.text_or_many("content")
    if isinstance(content, list):
        blocks = [block for part in content if (block := _block(part)) is not None]
    else:
        blocks = [{"type": "text", "text": content}] if content else []
    mark = message.mapping("cache_control")
    if mark is not None and blocks:
        blocks[-1]["cache_control"] = mark
    return blocks


def _block(part: Members) -> dict[str, Any] | None:
    kind = part.need_text("type")
    mark = _cache_mark(part)
    block: dict[str, Any]
    match kind:
        case "text":
            block = {"type": "text", "text": part.need_text("text")}
        case "refusal":
            block = {"type": "text", "text": part.need_text("refusal")}
        case "image_url":
            block = {"type": "image", "source": _image(part)}
        case "file":
            block = _file(part)
        case _:
            part.refuse_all(f"Anthropic Messages has nothing like {kind}")
    part.finish()
    if block.get("text") == "":
        return None
    return block if mark is None else {**block, "cache_control": mark}


def _cache_mark(part: Members) -> dict[str, Any] | None:
    """Anthropic's own mark, or OpenAI's, whose lifetimes have no counterpart and become the default."""
    mark = part.mapping("cache_control")
    if mark is None and part.value("prompt_cache_breakpoint") is not None:
        mark = {"type": "ephemeral"}
    return mark


def _image(part: Members) -> dict[str, Any]:
    image = part.need_members("image_url")
    image.leave_out("detail")
    url = image.need_text("url")
    image.finish()
    match = _DATA_URL.match(url)
    if match is not None:
        return {"type": "base64", "media_type": match["type"], "data": url[match.end() :]}
    if not url.startswith(("http://", "https://")):
        image.refuse("url", "it is neither a web address nor base64 data")
    return {"type": "url", "url": url}


def _file(part: Members) -> dict[str, Any]:
    file = part.need_members("file")
    if file.value("file_id") is not None:
        file.refuse("file_id", "a file stored at OpenAI cannot be read elsewhere")
    title, data = file.text("filename"), file.need_text("file_data")
    file.finish()
    match = _DATA_URL.match(data)
    if match is None or match["type"] not in ("application/pdf", "text/plain"):
        file.refuse("file_data", "only PDF and plain text can be, as base64 data")
    encoded = data[match.end() :]
    source = {"type": "base64", "media_type": match["type"], "data": encoded}
    if match["type"] == "text/plain":
        source = {"type": "text", "media_type": "text/plain", "data": _decoded(file, encoded)}
    block = {"type": "document", "source": source}
    return {**block, "title": title} if title else block


def _decoded(file: Members, encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        file.refuse("file_data", "it is not UTF-8 text in base64")


def thinking_blocks(message: Members) -> list[dict[str, Any]]:
    """Signed reasoning of an assistant message; words without a signature are left out."""
    message.leave_out("reasoning_content", "reasoning")
    blocks = [block for detail in message.many("reasoning_details") or () if (block := _thinking(detail)) is not None]
    signed = message.value("thinking_blocks")
    return blocks or (signed if isinstance(signed, list) else [])


def _thinking(detail: Members) -> dict[str, Any] | None:
    kind, origin = detail.text("type"), detail.text("format") or "anthropic"
    if not origin.startswith("anthropic"):
        return None
    signature, data = detail.text("signature"), detail.text("data")
    if kind == "reasoning.text" and signature:
        return {"type": "thinking", "thinking": detail.text("text") or "", "signature": signature}
    return {"type": "redacted_thinking", "data": data} if kind == "reasoning.encrypted" and data else None
