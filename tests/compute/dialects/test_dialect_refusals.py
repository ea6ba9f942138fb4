"""What cannot be translated is refused by name: the whole table, one row each. docs/compatibility.md is made from it."""

from typing import Any

import pytest
from dialect_clients import CHAT_OFFER, MESSAGES_OFFER, offer, translation

from freehold.compute.dialects.refusals import retold
from freehold.ground.errors import NotTranslatable, ProviderRefused
from freehold.words.dialects import Dialect
from freehold.words.offers import Offer

HI = [{"role": "user", "content": "hi"}]
FUNCTION = {"type": "function", "function": {"name": "f"}}


def user(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": list(blocks)}]}


CHAT: list[tuple[str, dict[str, Any]]] = [
    ("n", {"n": 2}),
    ("logprobs", {"logprobs": True}),
    ("top_logprobs", {"top_logprobs": 3}),
    ("seed", {"seed": 1}),
    ("frequency_penalty", {"frequency_penalty": 0.5}),
    ("presence_penalty", {"presence_penalty": -1}),
    ("logit_bias", {"logit_bias": {"5": 1}}),
    ("temperature", {"temperature": 1.5}),
    ("store", {"store": True}),
    ("modalities", {"modalities": ["text", "audio"]}),
    ("audio", {"audio": {"voice": "a", "format": "wav"}}),
    ("verbosity", {"verbosity": "low"}),
    ("web_search_options", {"web_search_options": {}}),
    ("moderation", {"moderation": {"model": "m"}}),
    ("functions", {"functions": [{"name": "f"}]}),
    ("function_call", {"function_call": "auto"}),
    ("min_p", {"min_p": 0.1}),
    ("reasoning_effort", {"reasoning_effort": "heroic"}),
    ("response_format", {"response_format": {"type": "json_object"}, "tools": [FUNCTION]}),
    ("response_format.type", {"response_format": {"type": "grammar"}}),
    ("tools[0].type", {"tools": [{"type": "custom", "custom": {"name": "f"}}]}),
    ("tools[0].function.examples", {"tools": [{"type": "function", "function": {"name": "f", "examples": [1]}}]}),
    ("tool_choice.type", {"tool_choice": {"type": "custom", "custom": {"name": "f"}}}),
    ("messages[0].name", {"messages": [{"role": "user", "content": "hi", "name": "Ann"}]}),
    ("messages[0].role", {"messages": [{"role": "function", "name": "f", "content": "x"}]}),
    ("messages[0].audio", {"messages": [{"role": "assistant", "audio": {"id": "a"}}]}),
    ("messages[0].content[0]", user({"type": "input_audio", "input_audio": {"data": "", "format": "wav"}})),
    ("messages[0].content[0].file.file_id", user({"type": "file", "file": {"file_id": "f"}})),
    ("messages[0].content[0].file.file_data", user({"type": "file", "file": {"file_data": "data:x/y;base64,"}})),
    ("messages[0].content[0].image_url.url", user({"type": "image_url", "image_url": {"url": "ftp://a"}})),
    (
        "messages[0].tool_calls[0].function.arguments",
        {
            "messages": [
                {
                    "role": "assistant",
                    "tool_calls": [{"id": "c", **FUNCTION, "function": {"name": "f", "arguments": "{"}}],
                }
            ]
        },
    ),
]

MESSAGES: list[tuple[str, dict[str, Any]]] = [
    ("container", {"container": "c"}),
    ("mcp_servers", {"mcp_servers": [{}]}),
    ("inference_geo", {"inference_geo": "eu"}),
    ("max_tokens", {"max_tokens": 0}),
    ("context_management.edits[0].type", {"context_management": {"edits": [{"type": "compact_20260112"}]}}),
    ("thinking.type", {"thinking": {"type": "between_tools"}}),
    ("output_config.task_budget", {"output_config": {"task_budget": {}}}),
    ("tools[0].type", {"tools": [{"type": "web_search_20250305", "name": "web_search"}]}),
    ("tools[0].defer_loading", {"tools": [{"name": "f", "input_schema": {}, "defer_loading": True}]}),
    ("tools[0].input_examples", {"tools": [{"name": "f", "input_schema": {}, "input_examples": [{}]}]}),
    ("messages[1]", {"messages": [*HI, {"role": "assistant", "content": "The answer is ("}]}),
    ("messages[0].content[0]", user({"type": "search_result", "source": "a", "title": "b", "content": []})),
    ("messages[0].content[0]", user({"type": "container_upload", "file_id": "f"})),
    ("messages[0].content[0].source.type", user({"type": "image", "source": {"type": "file", "file_id": "f"}})),
    ("messages[0].content[0].source.type", user({"type": "document", "source": {"type": "url", "url": "u"}})),
    (
        "messages[0].content[0].citations.enabled",
        user({"type": "document", "source": {"type": "text", "data": ""}, "citations": {"enabled": True}}),
    ),
    (
        "messages[0].content[0].content[0]",
        user({"type": "tool_result", "tool_use_id": "t", "content": [{"type": "image", "source": {}}]}),
    ),
    ("messages[0].content[0]", {"messages": [{"role": "assistant", "content": [{"type": "server_tool_use"}]}, *HI]}),
]

RESPONSES: list[tuple[str, dict[str, Any]]] = [
    ("previous_response_id", {"previous_response_id": "resp_1"}),
    ("conversation", {"conversation": "conv_1"}),
    ("prompt", {"prompt": {"id": "p"}}),
    ("background", {"background": True}),
    ("store", {"store": True}),
    ("truncation", {"truncation": "auto"}),
    ("context_management", {"context_management": [{"type": "compaction"}]}),
    ("moderation", {"moderation": {"model": "m"}}),
    ("include[0]", {"include": ["everything"]}),
    ("reasoning.mode", {"reasoning": {"mode": "pro"}}),
    ("tools[0].type", {"tools": [{"type": "web_search"}]}),
    ("tools[0].type", {"tools": [{"type": "custom", "name": "f"}]}),
    ("tool_choice.type", {"tool_choice": {"type": "mcp", "server_label": "s"}}),
    ("text.format.type", {"text": {"format": {"type": "grammar"}}}),
    ("input[0]", {"input": [{"type": "item_reference", "id": "i"}]}),
    ("input[0]", {"input": [{"type": "web_search_call", "id": "i"}]}),
    ("input[0]", {"input": [{"type": "custom_tool_call", "call_id": "c", "name": "f", "input": ""}]}),
    (
        "input[0].namespace",
        {"input": [{"type": "function_call", "call_id": "c", "name": "f", "arguments": "", "namespace": "n"}]},
    ),
    (
        "input[0].content[0].file_id",
        {"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "f"}]}]},
    ),
    (
        "input[0].content[0].file_url",
        {"input": [{"role": "user", "content": [{"type": "input_file", "file_url": "u"}]}]},
    ),
    (
        "input[0].output[0]",
        {
            "input": [
                {"type": "function_call_output", "call_id": "c", "output": [{"type": "input_image", "image_url": "u"}]}
            ]
        },
    ),
]

COMPLETIONS: list[tuple[str, dict[str, Any]]] = [
    ("prompt", {"prompt": ["a", "b"]}),
    ("prompt", {"prompt": [1, 2, 3]}),
    ("echo", {"echo": True}),
    ("suffix", {"suffix": "end"}),
    ("best_of", {"best_of": 3}),
]

BASE = {
    Dialect.CHAT: {"messages": HI},
    Dialect.MESSAGES: {"messages": HI, "max_tokens": 9},
    Dialect.RESPONSES: {"input": "hi"},
    Dialect.COMPLETIONS: {"prompt": "hi"},
}
TABLE: list[tuple[Dialect, Offer, str, dict[str, Any]]] = [
    *((Dialect.CHAT, MESSAGES_OFFER, *row) for row in CHAT),
    *((Dialect.MESSAGES, CHAT_OFFER, *row) for row in MESSAGES),
    *((Dialect.RESPONSES, CHAT_OFFER, *row) for row in RESPONSES),
    *((Dialect.COMPLETIONS, CHAT_OFFER, *row) for row in COMPLETIONS),
    # Through the hub, both hops refuse what they must.
    (Dialect.RESPONSES, MESSAGES_OFFER, "store", {"store": True}),
    (Dialect.RESPONSES, MESSAGES_OFFER, "logprobs", {"top_logprobs": 2}),
    (Dialect.COMPLETIONS, MESSAGES_OFFER, "n", {"n": 2}),
    (Dialect.COMPLETIONS, MESSAGES_OFFER, "seed", {"seed": 2}),
]


@pytest.mark.parametrize(
    ("dialect", "to", "parameter", "fields"), TABLE, ids=lambda value: value if isinstance(value, str) else ""
)
def test_what_gets_lost_is_refused_by_name(dialect, to, parameter, fields):
    with pytest.raises(NotTranslatable) as caught:
        translation(dialect, {**BASE[dialect], **fields}, to)
    assert caught.value.parameter == parameter
    assert f"`{parameter}`" in caught.value.message


@pytest.mark.parametrize("dialect", list(BASE))
def test_any_unknown_field_is_refused_unless_it_is_null(dialect):
    to = MESSAGES_OFFER if dialect is Dialect.CHAT else CHAT_OFFER
    translation(dialect, {**BASE[dialect], "novelty": None}, to)
    with pytest.raises(NotTranslatable) as caught:
        translation(dialect, {**BASE[dialect], "novelty": 0}, to)
    assert caught.value.parameter == "novelty"


def test_an_older_model_takes_system_messages_at_the_beginning_only():
    fields = {"messages": [*HI, {"role": "system", "content": "Mind."}]}
    with pytest.raises(NotTranslatable) as caught:
        translation(Dialect.CHAT, fields, offer(Dialect.MESSAGES, model="claude-sonnet-4-5"))
    assert caught.value.parameter == "messages[1].role"


def test_an_older_model_cannot_think_within_a_small_bound():
    fields = {"messages": HI, "max_tokens": 500, "reasoning_effort": "high"}
    with pytest.raises(NotTranslatable) as caught:
        translation(Dialect.CHAT, fields, offer(Dialect.MESSAGES, model="claude-sonnet-4-5"))
    assert caught.value.parameter == "reasoning_effort"


def test_a_providers_refusal_is_retold_in_the_clients_dialect():
    openai = ProviderRefused(
        "acme answered 400", status=400, body=b'{"error": {"message": "bad", "type": "t", "param": "p"}}'
    )
    assert retold(openai, Dialect.MESSAGES).body == b'{"type":"error","error":{"type":"t","message":"bad"}}'
    anthropic = ProviderRefused(
        "acme answered 413", status=413, body=b'{"type":"error","error":{"type":"t","message":"big"}}'
    )
    told = retold(anthropic, Dialect.CHAT)
    assert told.body == b'{"error":{"message":"big","type":"t","param":null,"code":null}}'
    assert (told.status, told.message) == (413, "acme answered 413")
    odd = ProviderRefused("acme answered 400", status=400, body=b"<html>")
    assert retold(odd, Dialect.CHAT) is odd
