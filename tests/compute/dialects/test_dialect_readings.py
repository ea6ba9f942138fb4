"""What imitators of OpenAI add to an answer, read and handed on: reasoning in its many places, and log probabilities."""

import json
from typing import Any

import pytest
from dialect_clients import CHAT_OFFER, USAGE, accumulated, answer, chunks, offer, request, streamed, translation

from freehold.compute.dialects.pieces import Seal
from freehold.compute.dialects.reasoning import open_token, seal_token
from freehold.words.dialects import Dialect

HI = [{"role": "user", "content": "hi"}]
ASKED: dict[Dialect, dict[str, Any]] = {
    Dialect.MESSAGES: {"max_tokens": 9, "messages": HI},
    Dialect.RESPONSES: {"input": "hi", "include": ["message.output_text.logprobs"]},
    Dialect.COMPLETIONS: {"prompt": "hi", "logprobs": 1},
}
LOGPROBS = {
    "content": [
        {
            "token": "Hel",
            "logprob": -0.5,
            "bytes": [72],
            "top_logprobs": [{"token": "Hal", "logprob": -1.5, "bytes": None}],
        },
        {"token": "lo", "logprob": -0.1, "bytes": None, "top_logprobs": []},
    ]
}


def whole(message: dict[str, Any], **choice: Any) -> bytes:
    choices = [{"index": 0, "message": message, "finish_reason": "stop", **choice}]
    return json.dumps({"id": "x", "model": "m", "choices": choices}).encode()


@pytest.mark.parametrize(
    "message",
    [
        {"reasoning_content": "hm", "content": "ok"},
        {"reasoning": "hm", "content": "ok"},
        {
            "reasoning": "hm",
            "reasoning_details": [{"type": "reasoning.text", "text": "hm", "index": 0}],
            "content": "ok",
        },
        {
            "content": [
                {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
                {"type": "text", "text": "ok"},
            ]
        },
    ],
)
def test_reasoning_is_found_wherever_a_provider_writes_it(message):
    made = translation(Dialect.MESSAGES, ASKED[Dialect.MESSAGES], CHAT_OFFER)
    said = answer(Dialect.MESSAGES, made.answer(whole(message), USAGE))
    assert [(block.type, getattr(block, block.type)) for block in said.content] == [("thinking", "hm"), ("text", "ok")]
    assert said.content[0].signature


def test_streamed_reasoning_details_go_back_whole():
    deltas = (
        {"reasoning": "h", "reasoning_details": [{"type": "reasoning.text", "text": "h", "index": 0, "format": "f"}]},
        {"reasoning": "m", "reasoning_details": [{"type": "reasoning.text", "text": "m", "index": 0, "format": "f"}]},
        {"reasoning_details": [{"type": "reasoning.text", "signature": "sig", "index": 0, "format": "f"}]},
        {"reasoning_details": [{"type": "reasoning.encrypted", "data": "abc", "index": 1}]},
        {"content": "ok"},
    )
    made = translation(Dialect.MESSAGES, ASKED[Dialect.MESSAGES], CHAT_OFFER, stream=True)
    said = accumulated(Dialect.MESSAGES, streamed(made, chunks(*deltas)))
    assert [block.type for block in said.content] == ["thinking", "text"]
    turns = [*HI, {"role": "assistant", "content": [b.model_dump(exclude_none=True) for b in said.content]}, *HI]
    sent = request(Dialect.MESSAGES, {"max_tokens": 9, "messages": turns}, CHAT_OFFER)
    assert sent["messages"][1]["reasoning_details"] == [
        {"type": "reasoning.text", "text": "hm", "signature": "sig", "index": 0, "format": "f"},
        {"type": "reasoning.encrypted", "data": "abc", "index": 1},
    ]
    elsewhere = request(Dialect.MESSAGES, {"max_tokens": 9, "messages": turns}, offer(Dialect.CHAT, provider="other"))
    assert elsewhere["messages"][1] == {"role": "assistant", "content": "ok"}


def test_a_token_opens_for_its_own_provider_only():
    token = seal_token("acme", Seal("reasoning_content"), "hm")
    assert open_token(token, "acme").member() == "hm"
    assert open_token(token, "other") is None
    for forged in (None, "", "c2ln", "freehold:", "freehold:!!!", token[:-6], seal_token("acme", Seal("content"), "x")):
        assert open_token(forged, "acme") is None


@pytest.mark.parametrize("stream", [False, True])
def test_log_probabilities_reach_a_responses_client(stream):
    made = translation(Dialect.RESPONSES, ASKED[Dialect.RESPONSES], CHAT_OFFER, stream=stream)
    if stream:
        events = [b"data: %b\n\n" % whole_delta({"content": "Hello"}, logprobs=LOGPROBS)]
        said = accumulated(Dialect.RESPONSES, streamed(made, events))
    else:
        said = answer(Dialect.RESPONSES, made.answer(whole({"content": "Hello"}, logprobs=LOGPROBS), USAGE))
    found = said.output[0].content[0].logprobs
    assert [(entry.token, entry.logprob, entry.bytes) for entry in found] == [
        ("Hel", -0.5, [72]),
        ("lo", -0.1, [108, 111]),
    ]
    assert found[0].top_logprobs[0].token == "Hal"


def whole_delta(delta: dict[str, Any], **choice: Any) -> bytes:
    choices = [{"index": 0, "delta": delta, "finish_reason": "stop", **choice}]
    return json.dumps({"id": "x", "model": "m", "choices": choices}).encode()


def test_log_probabilities_reach_a_completions_client_in_parallel_lists():
    made = translation(Dialect.COMPLETIONS, ASKED[Dialect.COMPLETIONS], CHAT_OFFER)
    said = answer(Dialect.COMPLETIONS, made.answer(whole({"content": "Hello"}, logprobs=LOGPROBS), USAGE)).choices[0]
    assert said.text == "Hello"
    assert said.logprobs.tokens == ["Hel", "lo"]
    assert said.logprobs.token_logprobs == [-0.5, -0.1]
    assert said.logprobs.top_logprobs == [{"Hal": -1.5}, {}]
    assert said.logprobs.text_offset == [0, 3]


def test_a_response_repeats_what_was_asked_and_keeps_nothing():
    fields = {
        "input": "hi",
        "instructions": "Be brief.",
        "metadata": {"a": "b"},
        "temperature": 0.5,
        "max_output_tokens": 50,
        "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": False}],
        "tool_choice": "required",
    }
    made = translation(Dialect.RESPONSES, fields, CHAT_OFFER)
    said = answer(Dialect.RESPONSES, made.answer(whole({"content": "ok"}), USAGE))
    assert said.instructions == "Be brief."
    assert said.metadata == {"a": "b"}
    assert (said.temperature, said.max_output_tokens, said.tool_choice) == (0.5, 50, "required")
    assert said.tools[0].name == "f"
    assert said.store is False
    assert said.id == "resp_x"
    assert said.usage.input_tokens_details.cache_write_tokens == 10
    assert said.usage.output_tokens_details.reasoning_tokens == 5
