"""Chat messages as the system prompt and turns of a Messages conversation."""

from __future__ import annotations

from typing import Any

import msgspec

from freehold.compute.dialects.members import Members
from freehold.compute.dialects.to_messages.blocks import content_blocks, thinking_blocks, tool_id
from freehold.ground.errors import InvalidRequest


def messages_turns(members: Members, *, late_system: bool) -> dict[str, Any]:
    """`system` and `messages`. Consecutive tool results and user messages become one user turn.

    `late_system`: whether the model takes system messages that come after the first turn.
    """
    system: list[dict[str, Any]] = []
    turns: list[dict[str, Any]] = []
    messages = members.many("messages")
    if messages is None:
        raise InvalidRequest("`messages` is missing.", parameter="messages")
    for message in messages:
        role = message.need_text("role")
        if role in ("system", "developer") and not turns:
            system += content_blocks(message)
        elif role in ("system", "developer"):
            if not late_system:
                message.refuse("role", "this model takes system messages at the beginning only")
            turns.append({"role": "system", "content": content_blocks(message)})
        else:
            _add(turns, *_turn(message, role))
        message.finish()
    if not turns:
        members.refuse("messages", "there must be a message of the user's, not of the system's alone")
    return {"system": system, "messages": turns} if system else {"messages": turns}


def _add(turns: list[dict[str, Any]], role: str, blocks: list[dict[str, Any]]) -> None:
    if not blocks:
        return
    if turns and turns[-1]["role"] == role:
        turns[-1]["content"] += blocks
    else:
        turns.append({"role": role, "content": blocks})


def _turn(message: Members, role: str) -> tuple[str, list[dict[str, Any]]]:
    match role:
        case "user":
            return "user", content_blocks(message)
        case "assistant":
            return "assistant", _assistant(message)
        case "tool":
            return "user", [_tool_result(message)]
        case "function":
            message.refuse("role", "it is long deprecated: use `tool`")
    raise InvalidRequest(f"`{message.name('role')}` is no role.", parameter=message.name("role"))


def _assistant(message: Members) -> list[dict[str, Any]]:
    message.leave_out("annotations", "parsed")
    blocks = thinking_blocks(message)
    blocks += content_blocks(message)
    refusal = message.text("refusal")
    if refusal:
        blocks.append({"type": "text", "text": refusal})
    for call in message.many("tool_calls") or ():
        blocks.append(_tool_use(call))
    return blocks


def _tool_use(call: Members) -> dict[str, Any]:
    call.leave_out("index")
    if (call.text("type") or "function") != "function":
        call.refuse("type", "only functions can be translated")
    function = call.need_members("function")
    function.leave_out("parsed_arguments")
    name = function.need_text("name")
    try:
        arguments = msgspec.json.decode(function.text("arguments") or "{}")
    except (msgspec.DecodeError, RecursionError):
        arguments = None
    if not isinstance(arguments, dict):
        function.refuse("arguments", "they must be a JSON object there")
    function.finish()
    identity = tool_id(call.need_text("id"))
    call.finish()
    return {"type": "tool_use", "id": identity, "name": name, "input": arguments}


def _tool_result(message: Members) -> dict[str, Any]:
    message.leave_out("name")
    identity = tool_id(message.need_text("tool_call_id"))
    blocks = content_blocks(message)
    result: dict[str, Any] = {"type": "tool_result", "tool_use_id": identity}
    mark = blocks[-1].pop("cache_control", None) if blocks else None
    if mark is not None:
        # It may stand on the result only, not inside it.
        result["cache_control"] = mark
    if len(blocks) == 1 and blocks[0]["type"] == "text":
        return {**result, "content": blocks[0]["text"]}
    return {**result, "content": blocks} if blocks else result
