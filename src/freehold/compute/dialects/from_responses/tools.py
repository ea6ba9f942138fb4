"""Tools of a Responses request as chat tools."""

from __future__ import annotations

from typing import Any

from freehold.compute.dialects.members import Members, present


def chat_tools(members: Members) -> dict[str, Any]:
    """Tools and the choice among them. Only functions can be translated: all else runs at OpenAI or takes free text."""
    tools = [_tool(tool) for tool in members.many("tools") or ()]
    choice = present(tool_choice=_choice(members), parallel_tool_calls=members.flag("parallel_tool_calls"))
    if not tools and choice.get("tool_choice") in ("auto", "none", None):
        # A choice among no tools is refused in a chat.
        return {}
    return {"tools": tools, **choice} if tools else choice


def _tool(tool: Members) -> dict[str, Any]:
    kind = tool.need_text("type")
    if kind != "function":
        tool.refuse("type", f"only functions can be, not {kind}")
    tool.accept_only("defer_loading", False)
    tool.accept_only("async", False)
    tool.accept_only("allowed_callers", ["direct"])
    tool.leave_out("output_schema")
    function = present(
        name=tool.need_text("name"),
        description=tool.text("description"),
        parameters=tool.mapping("parameters"),
        strict=tool.flag("strict"),
    )
    tool.finish()
    return {"type": "function", "function": function}


def _choice(members: Members) -> Any:
    choice = members.value("tool_choice")
    if choice is None or choice in ("auto", "none", "required"):
        return choice
    chosen = Members(choice, towards="Chat Completions", path="tool_choice")
    match chosen.need_text("type"):
        case "function":
            made: dict[str, Any] = {"type": "function", "function": {"name": chosen.need_text("name")}}
        case "allowed_tools":
            mode, tools = chosen.need_text("mode"), [_named(tool) for tool in chosen.many("tools") or ()]
            made = {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": tools}}
        case _:
            chosen.refuse("type")
    chosen.finish()
    return made


def _named(tool: Members) -> dict[str, Any]:
    if tool.need_text("type") != "function":
        tool.refuse("type")
    name = tool.need_text("name")
    tool.finish()
    return {"type": "function", "function": {"name": name}}
