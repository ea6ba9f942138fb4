"""Streams of every route, added up by the official clients, say what the upstream said."""

import json
from itertools import pairwise
from typing import Any

import pytest
from dialect_clients import (
    CHAT_OFFER,
    MESSAGES_OFFER,
    USAGE,
    accumulated,
    answer,
    chunks,
    events,
    named,
    streamed,
    translation,
)
from hypothesis import given
from hypothesis import strategies as st

from freehold.compute.dialects.sse import EventReader, parse
from freehold.ground.errors import ProviderBroken
from freehold.words.dialects import Dialect

ASKED: dict[Dialect, dict[str, Any]] = {
    Dialect.CHAT: {"messages": [{"role": "user", "content": "hi"}], "stream_options": {"include_usage": True}},
    Dialect.MESSAGES: {"max_tokens": 100, "messages": [{"role": "user", "content": "hi"}]},
    Dialect.RESPONSES: {"input": "hi", "metadata": {"a": "b"}, "temperature": 0.5},
    Dialect.COMPLETIONS: {"prompt": "hi", "stream_options": {"include_usage": True}},
}

CHAT_STREAM = chunks(
    {"role": "assistant", "content": ""},
    {"reasoning_content": "Let me "},
    {"reasoning_content": "think."},
    {"content": "It is "},
    {"content": "sunny."},
    {"tool_calls": [{"index": 0, "id": "call_a", "type": "function", "function": {"name": "look", "arguments": ""}}]},
    {"tool_calls": [{"index": 0, "function": {"arguments": '{"city": '}}]},
    {"tool_calls": [{"index": 0, "function": {"arguments": '"Oslo"}'}}]},
    {"tool_calls": [{"index": 1, "id": "call_b", "type": "function", "function": {"name": "now", "arguments": "{}"}}]},
    finish="tool_calls",
)

MESSAGES_STREAM = named(
    {
        "type": "message_start",
        "message": {
            "id": "msg_9",
            "type": "message",
            "role": "assistant",
            "model": "claude",
            "content": [],
            "usage": {},
        },
    },
    {"type": "ping"},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": "", "signature": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "Let me "}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "think."}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "c2ln"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "It is "}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "sunny."}},
    {"type": "content_block_stop", "index": 1},
    {
        "type": "content_block_start",
        "index": 2,
        "content_block": {"type": "tool_use", "id": "call_a", "name": "look", "input": {}},
    },
    {"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": '{"city": '}},
    {"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": '"Oslo"}'}},
    {"type": "content_block_stop", "index": 2},
    {
        "type": "content_block_start",
        "index": 3,
        "content_block": {"type": "tool_use", "id": "call_b", "name": "now", "input": {}},
    },
    {"type": "content_block_stop", "index": 3},
    {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 9}},
    {"type": "message_stop"},
)

ROUTES = [
    (Dialect.CHAT, MESSAGES_OFFER, MESSAGES_STREAM),
    (Dialect.MESSAGES, CHAT_OFFER, CHAT_STREAM),
    (Dialect.RESPONSES, CHAT_OFFER, CHAT_STREAM),
    (Dialect.RESPONSES, MESSAGES_OFFER, MESSAGES_STREAM),
]


def summary(dialect: Dialect, said: Any) -> dict[str, Any]:
    """Reasoning, words, calls and ending of an answer, whatever its dialect."""
    if dialect is Dialect.CHAT:
        message = said.choices[0].message
        calls = [
            (call.id, call.function.name, json.loads(call.function.arguments)) for call in message.tool_calls or ()
        ]
        return {
            "reasoning": getattr(message, "reasoning_content", ""),
            "text": message.content,
            "calls": calls,
            "end": said.choices[0].finish_reason,
            "counts": (
                said.usage.prompt_tokens,
                said.usage.prompt_tokens_details.cached_tokens,
                said.usage.completion_tokens,
            ),
        }
    if dialect is Dialect.MESSAGES:
        usage = said.usage
        prompt = usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens
        return {
            "reasoning": "".join(block.thinking for block in said.content if block.type == "thinking"),
            "text": "".join(block.text for block in said.content if block.type == "text"),
            "calls": [(block.id, block.name, block.input) for block in said.content if block.type == "tool_use"],
            "end": said.stop_reason,
            "counts": (prompt, usage.cache_read_input_tokens, usage.output_tokens),
        }
    usage = said.usage
    return {
        "reasoning": "".join(part.text for item in said.output if item.type == "reasoning" for part in item.content),
        "text": said.output_text,
        "calls": [
            (item.call_id, item.name, json.loads(item.arguments))
            for item in said.output
            if item.type == "function_call"
        ],
        "end": said.status,
        "counts": (usage.input_tokens, usage.input_tokens_details.cached_tokens, usage.output_tokens),
    }


WANTED = {Dialect.CHAT: "tool_calls", Dialect.MESSAGES: "tool_use", Dialect.RESPONSES: "completed"}
SAID = {"reasoning": "Let me think.", "text": "It is sunny.", "counts": (100, 60, 25)}
CALLS = [("call_a", "look", {"city": "Oslo"}), ("call_b", "now", {})]


@pytest.mark.parametrize(("dialect", "offer", "upstream"), ROUTES)
def test_a_stream_adds_up_to_what_was_said(dialect, offer, upstream):
    made = translation(dialect, ASKED[dialect], offer, stream=True)
    assert summary(dialect, accumulated(dialect, streamed(made, upstream))) == {
        **SAID,
        "calls": CALLS,
        "end": WANTED[dialect],
    }


@pytest.mark.parametrize(("dialect", "offer", "upstream"), ROUTES)
def test_a_stream_and_a_whole_answer_say_the_same(dialect, offer, upstream):
    made = translation(dialect, ASKED[dialect], offer, stream=True)
    said = accumulated(dialect, streamed(made, upstream))
    body = whole_chat() if offer is CHAT_OFFER else whole_messages()
    assert summary(dialect, answer(dialect, made.answer(body, USAGE))) == summary(dialect, said)


def whole_chat() -> bytes:
    return (
        b'{"id":"cmpl-9","object":"chat.completion","created":1,"model":"m-9","choices":[{"index":0,"message":{'
        b'"role":"assistant","reasoning_content":"Let me think.","content":"It is sunny.","tool_calls":['
        b'{"id":"call_a","type":"function","function":{"name":"look","arguments":"{\\"city\\": \\"Oslo\\"}"}},'
        b'{"id":"call_b","type":"function","function":{"name":"now","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}'
    )


def whole_messages() -> bytes:
    return (
        b'{"id":"msg_9","type":"message","role":"assistant","model":"claude","content":['
        b'{"type":"thinking","thinking":"Let me think.","signature":"c2ln"},{"type":"text","text":"It is sunny."},'
        b'{"type":"tool_use","id":"call_a","name":"look","input":{"city":"Oslo"}},'
        b'{"type":"tool_use","id":"call_b","name":"now","input":{}}],"stop_reason":"tool_use","stop_sequence":null}'
    )


@pytest.mark.parametrize(("dialect", "offer", "upstream"), ROUTES)
@given(places=st.lists(st.integers(0, 100_000), max_size=20))
def test_the_segmentation_of_the_upstream_changes_nothing(dialect, offer, upstream, places):
    raw = b"".join(upstream)
    edges = sorted({0, len(raw), *(place % len(raw) for place in places)})
    made = translation(dialect, ASKED[dialect], offer, stream=True)
    reader, stream = EventReader(), made.stream()
    pieces = [raw[a:b] for a, b in pairwise(edges)]
    said = b"".join(stream.feed(event) for piece in pieces for event in reader.feed(piece)) + stream.end(USAGE)
    assert said == streamed(made, upstream)


@pytest.mark.parametrize(("dialect", "offer", "upstream"), ROUTES)
def test_a_stream_that_stops_short_is_broken_wherever_it_stops(dialect, offer, upstream):
    finished = 2 if offer is CHAT_OFFER else 1
    for length in range(len(upstream) - finished):
        made = translation(dialect, ASKED[dialect], offer, stream=True)
        with pytest.raises(ProviderBroken):
            streamed(made, upstream[:length])


@pytest.mark.parametrize(
    ("offer", "upstream"),
    [
        (CHAT_OFFER, [b'data: {"error": {"message": "no"}}\n\n']),
        (CHAT_OFFER, [b"event: error\ndata: {}\n\n"]),
        (CHAT_OFFER, [b"data: {broken\n\n"]),
        (CHAT_OFFER, chunks({"content": "a"}, finish="error")),
        (MESSAGES_OFFER, named({"type": "error", "error": {"type": "overloaded_error", "message": "no"}})),
        (MESSAGES_OFFER, [b"event: message_start\ndata: <html>\n\n"]),
    ],
)
def test_an_error_inside_a_stream_is_an_error(offer, upstream):
    with pytest.raises(ProviderBroken):
        streamed(translation(Dialect.RESPONSES, ASKED[Dialect.RESPONSES], offer, stream=True), upstream)


def test_a_chat_stream_may_end_without_done_and_with_done_alone():
    made = translation(Dialect.MESSAGES, ASKED[Dialect.MESSAGES], CHAT_OFFER, stream=True)
    for upstream in (chunks({"content": "a"}, done=False), chunks({"content": "a"}, finish=None)):
        assert accumulated(Dialect.MESSAGES, streamed(made, upstream)).stop_reason == "end_turn"


@pytest.mark.parametrize(
    "deltas",
    [
        # Gemini: whole calls that share an index.
        [
            {"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}}]},
            {"tool_calls": [{"index": 0, "id": "b", "function": {"name": "g", "arguments": "{}"}}]},
        ],
        # No index at all.
        [
            {
                "tool_calls": [
                    {"id": "a", "function": {"name": "f", "arguments": "{}"}},
                    {"id": "b", "function": {"name": "g", "arguments": {}}},
                ]
            }
        ],
        # The id repeated with every part.
        [
            {"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": "{"}}]},
            {"tool_calls": [{"index": 0, "id": "a", "function": {"name": None, "arguments": "}"}}]},
            {"tool_calls": [{"index": 1, "id": "b", "function": {"name": "g", "arguments": ""}}]},
        ],
    ],
)
def test_tool_calls_are_told_apart_whatever_the_imitator_writes(deltas):
    made = translation(Dialect.MESSAGES, ASKED[Dialect.MESSAGES], CHAT_OFFER, stream=True)
    said = accumulated(Dialect.MESSAGES, streamed(made, chunks(*deltas)))
    assert [(block.id, block.name, block.input) for block in said.content] == [("a", "f", {}), ("b", "g", {})]
    assert said.stop_reason == "tool_use"


def test_tool_calls_mixed_with_each_other_are_broken_not_garbled():
    made = translation(Dialect.MESSAGES, ASKED[Dialect.MESSAGES], CHAT_OFFER, stream=True)
    deltas = [
        {"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": "{"}}]},
        {"tool_calls": [{"index": 1, "id": "b", "function": {"name": "g", "arguments": "{"}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": "}"}}]},
    ]
    with pytest.raises(ProviderBroken):
        streamed(made, chunks(*deltas))


def test_a_call_without_an_id_gets_one():
    made = translation(Dialect.RESPONSES, ASKED[Dialect.RESPONSES], CHAT_OFFER, stream=True)
    said = accumulated(Dialect.RESPONSES, streamed(made, chunks({"tool_calls": [{"function": {"name": "f"}}]})))
    assert said.output[0].call_id


def test_the_stop_sequence_that_was_met_is_told_where_it_is_known():
    upstream = [
        b'data: {"id":"x","model":"m","choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop",'
        b'"stop_reason":"END"}]}\n\n'
    ]
    made = translation(Dialect.MESSAGES, ASKED[Dialect.MESSAGES], CHAT_OFFER, stream=True)
    said = accumulated(Dialect.MESSAGES, streamed(made, upstream))
    assert (said.stop_reason, said.stop_sequence) == ("stop_sequence", "END")
    ended = named(
        MESSAGES_START,
        {"type": "message_delta", "delta": {"stop_reason": "stop_sequence", "stop_sequence": "END"}, "usage": {}},
        {"type": "message_stop"},
    )
    made = translation(Dialect.CHAT, ASKED[Dialect.CHAT], MESSAGES_OFFER, stream=True)
    choice = events(streamed(made, ended))[-2]["choices"][0]
    assert (choice["finish_reason"], choice["stop_reason"]) == ("stop", "END")


MESSAGES_START: dict[str, Any] = {"type": "message_start", "message": {"id": "msg_1", "model": "c"}}


@pytest.mark.parametrize(
    ("said", "chat", "responses"),
    [
        ("end_turn", "stop", ("completed", None)),
        ("max_tokens", "length", ("incomplete", "max_output_tokens")),
        ("model_context_window_exceeded", "length", ("incomplete", "max_output_tokens")),
        ("refusal", "content_filter", ("incomplete", "content_filter")),
        ("pause_turn", "stop", ("completed", None)),
    ],
)
def test_messages_endings_in_other_words(said, chat, responses):
    ending = {"type": "message_delta", "delta": {"stop_reason": said}, "usage": {"output_tokens": 1}}
    upstream = named(MESSAGES_START, ending, {"type": "message_stop"})
    made = translation(Dialect.CHAT, ASKED[Dialect.CHAT], MESSAGES_OFFER, stream=True)
    assert accumulated(Dialect.CHAT, streamed(made, upstream)).choices[0].finish_reason == chat
    made = translation(Dialect.RESPONSES, ASKED[Dialect.RESPONSES], MESSAGES_OFFER, stream=True)
    response = accumulated(Dialect.RESPONSES, streamed(made, upstream))
    reason = response.incomplete_details.reason if response.incomplete_details else None
    assert (response.status, reason) == responses


@pytest.mark.parametrize(
    ("said", "messages"),
    [("stop", "end_turn"), ("length", "max_tokens"), ("content_filter", "refusal"), ("eos", "end_turn")],
)
def test_chat_endings_in_the_words_of_messages(said, messages):
    made = translation(Dialect.MESSAGES, ASKED[Dialect.MESSAGES], CHAT_OFFER, stream=True)
    assert accumulated(Dialect.MESSAGES, streamed(made, chunks({"content": "a"}, finish=said))).stop_reason == messages


def test_a_refusal_is_passed_on_as_one():
    details = {"type": "refusal", "category": None, "explanation": "I may not."}
    ending = {"type": "message_delta", "delta": {"stop_reason": "refusal", "stop_details": details}, "usage": {}}
    upstream = named(MESSAGES_START, ending, {"type": "message_stop"})
    made = translation(Dialect.CHAT, ASKED[Dialect.CHAT], MESSAGES_OFFER, stream=True)
    assert accumulated(Dialect.CHAT, streamed(made, upstream)).choices[0].message.refusal == "I may not."
    made = translation(Dialect.RESPONSES, ASKED[Dialect.RESPONSES], CHAT_OFFER, stream=True)
    said = accumulated(Dialect.RESPONSES, streamed(made, chunks({"refusal": "I may "}, {"refusal": "not."})))
    assert said.output[0].content[0].refusal == "I may not."


def test_completions_stream_words_of_several_choices_and_then_counts():
    upstream = [
        b'data: {"id":"x","model":"m","choices":[{"index":0,"delta":{"content":"a"}}]}\n\n',
        b'data: {"id":"x","model":"m","choices":[{"index":1,"delta":{"content":"b"}}]}\n\n',
        b'data: {"id":"x","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"length"}]}\n\n',
        b'data: {"id":"x","model":"m","choices":[{"index":1,"delta":{},"finish_reason":"stop"}]}\n\n',
        b"data: [DONE]\n\n",
    ]
    made = translation(Dialect.COMPLETIONS, {**ASKED[Dialect.COMPLETIONS], "n": 2}, CHAT_OFFER, stream=True)
    stream = streamed(made, upstream)
    said = [(c["index"], c["text"], c["finish_reason"]) for event in events(stream) for c in event["choices"]]
    assert said == [(0, "a", None), (1, "b", None), (0, "", "length"), (1, "", "stop")]
    assert events(stream)[-1]["usage"]["prompt_tokens"] == 100
    assert stream.endswith(b"data: [DONE]\n\n")
    assert parse(stream)[-1].data == b"[DONE]"


def test_usage_is_streamed_to_a_chat_client_only_if_it_asked():
    made = translation(Dialect.CHAT, {"messages": ASKED[Dialect.CHAT]["messages"]}, MESSAGES_OFFER, stream=True)
    assert b'"usage"' not in streamed(made, MESSAGES_STREAM)


@pytest.mark.parametrize(("offer", "upstream"), [(CHAT_OFFER, CHAT_STREAM), (MESSAGES_OFFER, MESSAGES_STREAM)])
def test_who_asks_for_a_summary_finds_the_reasoning_there_and_can_hand_it_back(offer, upstream):
    asked = {**ASKED[Dialect.RESPONSES], "reasoning": {"effort": "low", "summary": "auto"}}
    said = accumulated(Dialect.RESPONSES, streamed(translation(Dialect.RESPONSES, asked, offer), upstream))
    thought = said.output[0]
    assert [(part.type, part.text) for part in thought.summary] == [("summary_text", "Let me think.")]
    assert not thought.content
    handed_back = translation(
        Dialect.RESPONSES,
        {**asked, "input": [{"role": "user", "content": "hi"}, thought.model_dump(), *_results(said)]},
        offer,
    )
    assert b"Let me think." in bytes(handed_back.request()["messages"])


def _results(said):
    """The rest of the answer, and a result for each of its calls."""
    rest = [item.model_dump(exclude_none=True) for item in said.output[1:]]
    calls = [item for item in said.output if item.type == "function_call"]
    return [
        *rest,
        *({"type": "function_call_output", "call_id": call.call_id, "output": "ok"} for call in calls),
    ]


def test_hidden_thinking_stays_hidden():
    fields = {**ASKED[Dialect.MESSAGES], "thinking": {"type": "adaptive", "display": "omitted"}}
    made = translation(Dialect.MESSAGES, fields, CHAT_OFFER, stream=True)
    said = accumulated(Dialect.MESSAGES, streamed(made, CHAT_STREAM))
    assert [block.type for block in said.content] == ["text", "tool_use", "tool_use"]
    assert b"Let me" not in made.answer(whole_chat(), USAGE)
