"""Tools of a chat request as Messages tools."""

from __future__ import annotations

from typing import Any

from freehold.compute.dialects.members import Members, present

_NO_PARAMETERS = {"type": "object", "properties": {}}
"""Members that Anthropic wants even where OpenAI does not."""


def messages_tools(members: Members) -> dict[str, Any]:
    """`tools` and `tool_choice`, where the request has tools."""
    single = members.flag("parallel_tool_calls") is False
    choice, allowed = _choice(members)
    tools = [_tool(tool) for tool in members.many("tools") or ()]
    if allowed is not None:
        tools = [tool for tool in tools if tool["name"] in allowed]
    if not tools:
        # A choice among no tools: harmless, or for Anthropic to refuse.
        return {} if choice is None or choice["type"] in ("auto", "none") else {"tool_choice": choice}
    if single:
        choice = choice or {"type": "auto"}
        if choice["type"] != "none":
            choice["disable_parallel_tool_use"] = True
    return present(tools=tools, tool_choice=choice)


def _tool(tool: Members) -> dict[str, Any]:
    if tool.need_text("type") != "function":
        tool.refuse("type", "only functions can be translated")
    function = tool.need_members("function")
    made = present(
        name=function.need_text("name"),
        description=function.text("description"),
        input_schema={**_NO_PARAMETERS, **(function.mapping("parameters") or {})},
        strict=function.flag("strict") or None,
        cache_control=tool.mapping("cache_control") or function.mapping("cache_control"),
    )
    function.finish()
    tool.finish()
    return made


def _choice(members: Members) -> tuple[dict[str, Any] | None, set[str] | None]:
    """The choice, and the names of the tools it is confined to, if it is."""
    choice = members.value("tool_choice")
    match choice:
        case None:
            return None, None
        case "auto" | "none":
            return {"type": choice}, None
        case "required":
            return {"type": "any"}, None
    chosen = Members(choice, towards="Anthropic Messages", path="tool_choice")
    match chosen.need_text("type"):
        case "function":
            named = chosen.need_members("function")
            made: tuple[dict[str, Any], set[str] | None] = ({"type": "tool", "name": named.need_text("name")}, None)
            named.finish()
        case "allowed_tools":
            made = _confined(chosen.need_members("allowed_tools"))
        case _:
            chosen.refuse("type")
    chosen.finish()
    return made


def _confined(allowed: Members) -> tuple[dict[str, Any], set[str]]:
    """Messages has no list of allowed tools, but leaving the others out comes to the same."""
    mode = allowed.need_text("mode")
    names = set()
    for tool in allowed.many("tools") or ():
        if tool.need_text("type") != "function":
            tool.refuse("type")
        names.add(tool.need_members("function").need_text("name"))
    allowed.finish()
    return {"type": "any" if mode == "required" else "auto"}, names
