"""Tools of a Messages request as chat tools."""

from __future__ import annotations

from typing import Any

from freehold.compute.dialects.members import Members, present


def chat_tools(members: Members) -> dict[str, Any]:
    """Tools and the choice among them. Tools that run at Anthropic are refused."""
    tools = [_tool(tool) for tool in members.many("tools") or ()]
    choice = _choice(members.members("tool_choice"))
    if not tools and choice.get("tool_choice") in ("auto", "none"):
        # OpenAI refuses a choice among no tools.
        return {}
    return {"tools": tools, **choice} if tools else choice


def _tool(tool: Members) -> dict[str, Any]:
    kind = tool.text("type")
    if kind not in (None, "custom"):
        tool.refuse("type", f"{kind} runs at Anthropic")
    tool.leave_out("cache_control", "eager_input_streaming")
    tool.accept_only("defer_loading", False)
    tool.accept_only("allowed_callers", ["direct"])
    function = present(
        name=tool.need_text("name"),
        description=tool.text("description"),
        parameters=tool.mapping("input_schema"),
        strict=tool.flag("strict"),
    )
    tool.finish()
    return {"type": "function", "function": function}


def _choice(choice: Members | None) -> dict[str, Any]:
    """The choice, and whether calls may run in parallel, as chat fields."""
    if choice is None:
        return {}
    chosen: Any
    match choice.need_text("type"):
        case "any":
            chosen = "required"
        case "tool":
            chosen = {"type": "function", "function": {"name": choice.need_text("name")}}
        case "auto" | "none" as same:
            chosen = same
        case _:
            choice.refuse("type")
    single = choice.flag("disable_parallel_tool_use")
    choice.finish()
    return {"tool_choice": chosen, "parallel_tool_calls": False} if single else {"tool_choice": chosen}
