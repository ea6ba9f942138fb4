"""Requests of every route, as they go out."""

import base64
import json
from typing import Any

import pytest
from dialect_clients import CHAT_OFFER, MESSAGES_OFFER, accumulated, chunks, offer, request, streamed, translation

from freehold.ground.errors import CannotServe, InvalidRequest
from freehold.words.dialects import Capability, Dialect

PIXEL = "iVBORw0KGgo="
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}
HI = [{"role": "user", "content": "hi"}]


def from_messages(to: Any = CHAT_OFFER, **fields: Any) -> dict[str, Any]:
    return request(Dialect.MESSAGES, {"max_tokens": 100, "messages": HI, **fields}, to)


def from_responses(to: Any = CHAT_OFFER, **fields: Any) -> dict[str, Any]:
    return request(Dialect.RESPONSES, {"input": "hi", **fields}, to)


def from_chat(to: Any = MESSAGES_OFFER, **fields: Any) -> dict[str, Any]:
    return request(Dialect.CHAT, {"messages": HI, **fields}, to)


def test_a_messages_conversation_becomes_a_chat():
    sent = from_messages(
        system=[
            {"type": "text", "text": "Be", "cache_control": {"type": "ephemeral"}},
            {"type": "text", "text": "brief."},
        ],
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is this?"},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}},
                    {"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}},
                    {
                        "type": "document",
                        "title": "a.pdf",
                        "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERg=="},
                    },
                    {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "words"}},
                ],
            },
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "hm", "signature": "someone else's"},
                    {"type": "text", "text": "I will look."},
                    {"type": "tool_use", "id": "t1", "name": "look", "input": {"at": 1}},
                    {"type": "tool_use", "id": "t2", "name": "now", "input": {}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "a cat"}]},
                    {"type": "tool_result", "tool_use_id": "t2", "content": "no clock", "is_error": True},
                    {"type": "text", "text": "Well?"},
                ],
            },
        ],
        stop_sequences=["END"],
        temperature=0.5,
        top_k=40,
        metadata={"user_id": "u"},
    )
    assert sent == {
        "max_tokens": 100,
        "stop": ["END"],
        "temperature": 0.5,
        "top_k": 40,
        "messages": [
            {"role": "system", "content": "Be\n\nbrief."},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is this?"},
                    {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}},
                    {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
                    {
                        "type": "file",
                        "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERg=="},
                    },
                    {"type": "text", "text": "words"},
                ],
            },
            {
                "role": "assistant",
                "content": "I will look.",
                "tool_calls": [
                    {"id": "t1", "type": "function", "function": {"name": "look", "arguments": '{"at":1}'}},
                    {"id": "t2", "type": "function", "function": {"name": "now", "arguments": "{}"}},
                ],
            },
            {"role": "tool", "tool_call_id": "t1", "content": "a cat"},
            {"role": "tool", "tool_call_id": "t2", "content": "Error: no clock"},
            {"role": "user", "content": "Well?"},
        ],
    }


@pytest.mark.parametrize(
    ("choice", "wanted"),
    [
        ({"type": "auto"}, {"tool_choice": "auto"}),
        ({"type": "none"}, {"tool_choice": "none"}),
        ({"type": "any"}, {"tool_choice": "required"}),
        ({"type": "tool", "name": "f"}, {"tool_choice": {"type": "function", "function": {"name": "f"}}}),
        ({"type": "auto", "disable_parallel_tool_use": True}, {"tool_choice": "auto", "parallel_tool_calls": False}),
    ],
)
def test_messages_tools_become_functions(choice, wanted):
    tool = {
        "name": "f",
        "description": "d",
        "input_schema": SCHEMA,
        "strict": True,
        "cache_control": {"type": "ephemeral"},
    }
    sent = from_messages(tools=[tool], tool_choice=choice)
    function = {"name": "f", "description": "d", "parameters": SCHEMA, "strict": True}
    assert sent == {"max_tokens": 100, "messages": HI, "tools": [{"type": "function", "function": function}], **wanted}


@pytest.mark.parametrize(
    ("fields", "effort"),
    [
        ({"thinking": {"type": "enabled", "budget_tokens": 2000}}, "low"),
        ({"thinking": {"type": "enabled", "budget_tokens": 10_000}}, "medium"),
        ({"thinking": {"type": "enabled", "budget_tokens": 32_000}}, "high"),
        ({"thinking": {"type": "adaptive"}}, None),
        ({"thinking": {"type": "adaptive"}, "output_config": {"effort": "xhigh"}}, "xhigh"),
        ({"thinking": {"type": "disabled"}}, "none"),
    ],
)
def test_thinking_becomes_an_effort(fields, effort):
    assert from_messages(**fields).get("reasoning_effort") == effort


def test_effort_is_not_asked_of_a_model_that_does_not_reason():
    plain = offer(Dialect.CHAT, capabilities=frozenset({Capability.CHAT}))
    sent = from_messages(plain, thinking={"type": "disabled"}, output_config={"effort": "high"})
    assert "reasoning_effort" not in sent


@pytest.mark.parametrize("member", ["output_config", "output_format"])
def test_messages_structured_output_becomes_a_response_format(member):
    shape = {"type": "json_schema", "schema": SCHEMA}
    sent = from_messages(**{member: {"format": shape} if member == "output_config" else shape})
    described = {"name": "answer", "schema": SCHEMA, "strict": True}
    assert sent["response_format"] == {"type": "json_schema", "json_schema": described}


def test_the_bound_on_tokens_fits_the_offer():
    assert from_messages(offer(Dialect.CHAT, max_output=50))["max_tokens"] == 50
    assert "max_tokens" not in from_messages(offer(Dialect.CHAT, context=100))
    assert from_chat()["max_tokens"] == 8192
    assert from_chat(offer(Dialect.MESSAGES, max_output=4000))["max_tokens"] == 4000
    assert from_chat(offer(Dialect.MESSAGES, max_output=4000), max_tokens=9000)["max_tokens"] == 4000
    assert from_chat(max_completion_tokens=70, max_tokens=60)["max_tokens"] == 70


def test_a_chat_becomes_a_messages_conversation():
    text = base64.b64encode(b"words").decode()
    sent = from_chat(
        messages=[
            {"role": "system", "content": "Be brief."},
            {
                "role": "developer",
                "content": [{"type": "text", "text": "Really.", "cache_control": {"type": "ephemeral"}}],
            },
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What?", "prompt_cache_breakpoint": {"mode": "explicit"}},
                    {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}", "detail": "high"}},
                    {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
                    {"type": "file", "file": {"filename": "a", "file_data": "data:application/pdf;base64,JVBERg=="}},
                    {"type": "file", "file": {"file_data": f"data:text/plain;base64,{text}"}},
                ],
            },
            {
                "role": "assistant",
                "content": None,
                "reasoning_content": "unsigned",
                "annotations": [],
                "parsed": {"once": "more"},
                "tool_calls": [
                    {
                        "id": "functions.f:0",
                        "type": "function",
                        "function": {"name": "f", "arguments": '{"a": 1}', "parsed_arguments": {"a": 1}},
                    },
                    {"id": "c2", "type": "function", "function": {"name": "g", "arguments": ""}},
                ],
            },
            {"role": "tool", "tool_call_id": "functions.f:0", "content": "one"},
            {
                "role": "tool",
                "tool_call_id": "c2",
                "content": [{"type": "text", "text": "two"}, {"type": "text", "text": "2"}],
            },
            {"role": "user", "content": "And?"},
            {"role": "system", "content": "Mind the time."},
        ],
        user="u",
        stop="END",
        temperature=1,
        top_p=0.9,
    )
    mark = {"type": "ephemeral"}
    assert sent == {
        "max_tokens": 8192,
        "metadata": {"user_id": "u"},
        "stop_sequences": ["END"],
        "top_p": 0.9,
        "system": [
            {"type": "text", "text": "Be brief."},
            {"type": "text", "text": "Really.", "cache_control": mark},
        ],
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What?", "cache_control": mark},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}},
                    {"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}},
                    {
                        "type": "document",
                        "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERg=="},
                        "title": "a",
                    },
                    {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "words"}},
                ],
            },
            {
                "role": "assistant",
                "content": [
                    {"type": "tool_use", "id": "functions_f_0", "name": "f", "input": {"a": 1}},
                    {"type": "tool_use", "id": "c2", "name": "g", "input": {}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "functions_f_0", "content": "one"},
                    {
                        "type": "tool_result",
                        "tool_use_id": "c2",
                        "content": [{"type": "text", "text": "two"}, {"type": "text", "text": "2"}],
                    },
                    {"type": "text", "text": "And?"},
                ],
            },
            {"role": "system", "content": [{"type": "text", "text": "Mind the time."}]},
        ],
    }


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"tool_choice": "auto"}, {"type": "auto"}),
        ({"tool_choice": "none"}, {"type": "none"}),
        ({"tool_choice": "none", "parallel_tool_calls": False}, {"type": "none"}),
        ({"tool_choice": "required"}, {"type": "any"}),
        ({"tool_choice": {"type": "function", "function": {"name": "f"}}}, {"type": "tool", "name": "f"}),
        ({"parallel_tool_calls": False}, {"type": "auto", "disable_parallel_tool_use": True}),
        ({"parallel_tool_calls": True}, None),
    ],
)
def test_functions_become_messages_tools(fields, wanted):
    function = {"name": "f", "description": "d", "parameters": SCHEMA, "strict": True}
    bare = {"name": "g"}
    tools = [{"type": "function", "function": function}, {"type": "function", "function": bare}]
    sent = from_chat(tools=tools, **fields)
    assert sent["tools"] == [
        {"name": "f", "description": "d", "input_schema": SCHEMA, "strict": True},
        {"name": "g", "input_schema": {"type": "object", "properties": {}}},
    ]
    assert sent.get("tool_choice") == wanted


def test_allowed_tools_are_the_only_ones_sent():
    tools = [{"type": "function", "function": {"name": name}} for name in ("f", "g")]
    allowed = {"mode": "required", "tools": [{"type": "function", "function": {"name": "g"}}]}
    sent = from_chat(tools=tools, tool_choice={"type": "allowed_tools", "allowed_tools": allowed})
    assert [tool["name"] for tool in sent["tools"]] == ["g"]
    assert sent["tool_choice"] == {"type": "any"}


@pytest.mark.parametrize(
    ("model", "fields", "wanted"),
    [
        ("claude-opus-4-8", {"reasoning_effort": "high"}, ({"type": "adaptive"}, {"effort": "high"})),
        ("claude-opus-4-8", {"reasoning_effort": "minimal"}, ({"type": "adaptive"}, {"effort": "low"})),
        ("claude-sonnet-4-6", {"reasoning": {"effort": "max"}}, ({"type": "adaptive"}, {"effort": "max"})),
        ("claude-fable-5", {"reasoning_effort": "none"}, ({"type": "disabled"}, None)),
        (
            "claude-sonnet-4-5-20250929",
            {"reasoning_effort": "medium"},
            ({"type": "enabled", "budget_tokens": 4096}, None),
        ),
        (
            "claude-3-7-sonnet-latest",
            {"reasoning": {"max_tokens": 2000}},
            ({"type": "enabled", "budget_tokens": 2000}, None),
        ),
        ("any", {"thinking": {"type": "adaptive"}}, ({"type": "adaptive"}, None)),
        ("any", {"reasoning": {"enabled": True}}, ({"type": "adaptive"}, {"effort": "medium"})),
    ],
)
def test_an_effort_becomes_thinking_as_the_model_takes_it(model, fields, wanted):
    sent = from_chat(offer(Dialect.MESSAGES, model=model), **fields)
    assert (sent.get("thinking"), sent.get("output_config")) == wanted


def test_a_json_schema_becomes_an_output_format():
    described = {"name": "n", "description": "what", "schema": SCHEMA, "strict": True}
    sent = from_chat(response_format={"type": "json_schema", "json_schema": described}, reasoning_effort="low")
    shape = {"type": "json_schema", "schema": {**SCHEMA, "description": "what"}}
    assert sent["output_config"] == {"effort": "low", "format": shape}


def test_json_mode_is_a_forced_tool_whose_arguments_are_the_answer():
    fields = {"messages": HI, "response_format": {"type": "json_object"}}
    made = translation(Dialect.CHAT, fields, MESSAGES_OFFER, stream=True)
    sent = request(Dialect.CHAT, fields, MESSAGES_OFFER)
    assert sent["tool_choice"] == {"type": "tool", "name": sent["tools"][0]["name"]}
    block = {"type": "tool_use", "id": "t", "name": sent["tools"][0]["name"], "input": {}}
    upstream = [
        b'data: {"type":"message_start","message":{"id":"m","model":"c"}}\n\n',
        b'data: {"type":"content_block_start","index":0,"content_block":' + json.dumps(block).encode() + b"}\n\n",
        b'data: {"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\\"a\\""}}\n\n',
        b'data: {"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":":1}"}}\n\n',
        b'data: {"type":"content_block_stop","index":0}\n\n',
        b'data: {"type":"message_delta","delta":{"stop_reason":"tool_use"}}\n\n',
        b'data: {"type":"message_stop"}\n\n',
    ]
    choice = accumulated(Dialect.CHAT, streamed(made, upstream)).choices[0]
    assert (choice.message.content, choice.finish_reason, choice.message.tool_calls) == ('{"a":1}', "stop", None)


def test_responses_items_become_a_chat():
    sent = from_responses(
        instructions="Be brief.",
        input=[
            {"role": "developer", "content": "Really."},
            {
                "type": "message",
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "What?"},
                    {"type": "input_image", "image_url": "https://example.org/a.png", "detail": "low"},
                    {"type": "input_image", "image_url": f"data:image/png;base64,{PIXEL}", "detail": "auto"},
                    {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERg=="},
                ],
            },
            {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "OpenAI's"},
            {
                "type": "message",
                "id": "msg_1",
                "role": "assistant",
                "status": "completed",
                "content": [{"type": "output_text", "text": "I look.", "annotations": [], "parsed": {"once": "more"}}],
            },
            {
                "type": "function_call",
                "id": "fc_1",
                "call_id": "c1",
                "name": "f",
                "arguments": "{}",
                "parsed_arguments": {},
                "status": "completed",
            },
            {"type": "function_call", "call_id": "c2", "name": "g", "arguments": '{"a":1}'},
            {"type": "function_call_output", "call_id": "c1", "output": "one"},
            {"type": "function_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "two"}]},
        ],
        max_output_tokens=50,
        reasoning={"effort": "low", "summary": "auto"},
        text={"format": {"type": "json_schema", "name": "n", "schema": SCHEMA, "strict": True}, "verbosity": "low"},
        tools=[{"type": "function", "name": "f", "parameters": SCHEMA, "strict": True, "description": "d"}],
        tool_choice={"type": "function", "name": "f"},
        parallel_tool_calls=False,
        include=["reasoning.encrypted_content", "message.output_text.logprobs"],
        top_logprobs=2,
        store=False,
        metadata={"a": "b"},
    )
    assert sent == {
        "max_tokens": 50,
        "reasoning_effort": "low",
        "verbosity": "low",
        "logprobs": True,
        "top_logprobs": 2,
        "parallel_tool_calls": False,
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA, "strict": True}},
        "tools": [
            {"type": "function", "function": {"name": "f", "description": "d", "parameters": SCHEMA, "strict": True}}
        ],
        "tool_choice": {"type": "function", "function": {"name": "f"}},
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "system", "content": "Really."},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What?"},
                    {"type": "image_url", "image_url": {"url": "https://example.org/a.png", "detail": "low"}},
                    {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}},
                    {
                        "type": "file",
                        "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERg=="},
                    },
                ],
            },
            {
                "role": "assistant",
                "content": "I look.",
                "tool_calls": [
                    {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}},
                    {"id": "c2", "type": "function", "function": {"name": "g", "arguments": '{"a":1}'}},
                ],
            },
            {"role": "tool", "tool_call_id": "c1", "content": "one"},
            {"role": "tool", "tool_call_id": "c2", "content": "two"},
        ],
    }


def test_responses_reach_messages_through_the_hub():
    sent = from_responses(MESSAGES_OFFER, instructions="Be brief.", max_output_tokens=50, reasoning={"effort": "high"})
    assert sent == {
        "max_tokens": 50,
        "system": [{"type": "text", "text": "Be brief."}],
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": "high"},
    }


def test_a_completion_becomes_a_chat():
    fields = {"prompt": ["hi"], "max_tokens": 5, "logprobs": 2, "n": 2, "seed": 7, "echo": False, "user": "u"}
    assert request(Dialect.COMPLETIONS, fields, CHAT_OFFER) == {
        "messages": HI,
        "max_tokens": 5,
        "logprobs": True,
        "top_logprobs": 2,
        "n": 2,
        "seed": 7,
        "user": "u",
    }
    assert request(Dialect.COMPLETIONS, {"prompt": "hi"}, MESSAGES_OFFER)["messages"][0]["role"] == "user"


def thought(dialect: Dialect, to: Any, field: str = "reasoning_content") -> Any:
    """An answer with reasoning and a call, as a client gets it."""
    deltas = ({field: "hm"}, {"tool_calls": [{"index": 0, "id": "c1", "function": {"name": "f", "arguments": "{}"}}]})
    fields = {"max_tokens": 9, "messages": HI} if dialect is Dialect.MESSAGES else {"input": "hi"}
    made = translation(dialect, fields, to, stream=True)
    return accumulated(dialect, streamed(made, chunks(*deltas, finish="tool_calls")))


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_reasoning_goes_back_to_its_provider_where_it_came_from(field):
    said = thought(Dialect.MESSAGES, CHAT_OFFER, field)
    turns = [*HI, {"role": "assistant", "content": [block.model_dump(exclude_none=True) for block in said.content]}]
    turns.append({"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "x"}]})
    assert from_messages(messages=turns)["messages"][1][field] == "hm"
    elsewhere = from_messages(offer(Dialect.CHAT, provider="other"), messages=turns)
    assert set(elsewhere["messages"][1]) == {"role", "content", "tool_calls"}


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_a_responses_client_hands_reasoning_back_too(field):
    said = thought(Dialect.RESPONSES, CHAT_OFFER, field)
    items = [item.model_dump(exclude_none=True) for item in said.output]
    # Some clients keep the opaque part only.
    items[0].pop("content")
    output = {"type": "function_call_output", "call_id": "c1", "output": "x"}
    sent = from_responses(input=[*HI, *items, output])
    assert sent["messages"][1][field] == "hm"
    assert sent["messages"][1]["tool_calls"][0]["id"] == "c1"


SIGNED = b"""data: {"type":"message_start","message":{"id":"m","model":"c"}}

data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}

data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}

data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"c2ln"}}

data: {"type":"content_block_stop","index":0}

data: {"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":"eA=="}}

data: {"type":"content_block_stop","index":1}

data: {"type":"content_block_start","index":2,"content_block":{"type":"text","text":"ok"}}

data: {"type":"content_block_stop","index":2}

data: {"type":"message_delta","delta":{"stop_reason":"end_turn"}}

data: {"type":"message_stop"}

"""


def test_signed_thinking_survives_the_way_to_a_client_and_back():
    wanted = [
        {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "eA=="},
        {"type": "text", "text": "ok"},
    ]
    chat = translation(Dialect.CHAT, {"messages": HI}, MESSAGES_OFFER, stream=True)
    message = accumulated(Dialect.CHAT, streamed(chat, [SIGNED])).choices[0].message.model_dump(exclude_none=True)
    assert from_chat(messages=[*HI, message, *HI])["messages"][1]["content"] == wanted

    responses = translation(Dialect.RESPONSES, {"input": "hi"}, MESSAGES_OFFER, stream=True)
    output = accumulated(Dialect.RESPONSES, streamed(responses, [SIGNED])).output
    items = [item.model_dump(exclude_none=True) for item in output]
    sent = from_responses(MESSAGES_OFFER, input=[*HI, *items, *HI])
    assert sent["messages"][1]["content"] == wanted


@pytest.mark.parametrize(
    ("dialect", "fields", "parameter"),
    [
        (Dialect.MESSAGES, {"max_tokens": 9}, "messages"),
        (Dialect.MESSAGES, {"messages": [{"role": "user"}]}, "messages[0].content"),
        (Dialect.MESSAGES, {"messages": [{"role": "robot", "content": ""}]}, "messages[0].role"),
        (Dialect.MESSAGES, {"messages": HI, "max_tokens": "many"}, "max_tokens"),
        (Dialect.MESSAGES, {"messages": HI, "max_tokens": 1.5}, "max_tokens"),
        (Dialect.MESSAGES, {"messages": "hi"}, "messages"),
        (Dialect.MESSAGES, {"messages": ["hi"]}, "messages[0]"),
        (Dialect.RESPONSES, {}, "input"),
        (
            Dialect.RESPONSES,
            {"input": [{"role": "user", "content": [{"type": "input_text"}]}]},
            "input[0].content[0].text",
        ),
        (Dialect.COMPLETIONS, {"prompt": 5}, "prompt"),
    ],
)
def test_a_malformed_request_is_told_where(dialect, fields, parameter):
    with pytest.raises(InvalidRequest) as caught:
        translation(dialect, fields, CHAT_OFFER)
    assert caught.value.parameter == parameter


def test_there_is_no_way_between_some_dialects():
    with pytest.raises(CannotServe):
        translation(Dialect.EMBEDDINGS, {}, CHAT_OFFER)
    with pytest.raises(CannotServe):
        translation(Dialect.CHAT, {}, offer(Dialect.EMBEDDINGS))
