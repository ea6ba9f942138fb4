"""Nonsense from a client is a clear error of the client's, nonsense from a provider one of the provider's."""

import json
from typing import Any

import pytest
from dialect_clients import CHAT_OFFER, MESSAGES_OFFER, USAGE, streamed, translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from freehold.ground.errors import FixRequest, InvalidRequest, ProviderBroken
from freehold.words.dialects import Dialect


def words(text: str) -> list[str]:
    return text.split()


NAMES = words("""
messages input prompt system role content type text source data media_type url image_url file file_data tools tool_choice
function name parameters input_schema arguments id call_id tool_calls tool_use_id tool_call_id output encrypted_content
signature thinking reasoning_details thinking_blocks reasoning effort max_tokens stop stop_sequences include metadata user
stream_options response_format json_schema schema output_config format allowed_tools mode caller edits context_management
""")
KINDS = words("""
text image document tool_result tool_use thinking input_text output_text input_image message function_call reasoning function
function_call_output json_schema allowed_tools base64 url image_url file tool enabled user assistant system developer
""")

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-5, 10**12)
    | st.floats(allow_nan=False)
    | st.sampled_from(KINDS)
    | st.text(max_size=5)
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=25,
)
objects = st.dictionaries(st.sampled_from(NAMES), anything, max_size=6)
BASE: dict[Dialect, dict[str, Any]] = {
    Dialect.CHAT: {"messages": [{"role": "user", "content": "hi"}]},
    Dialect.MESSAGES: {"max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]},
    Dialect.RESPONSES: {"input": "hi"},
    Dialect.COMPLETIONS: {"prompt": "hi"},
}
WAYS = [(dialect, MESSAGES_OFFER if dialect is Dialect.CHAT else CHAT_OFFER) for dialect in BASE]
relaxed = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize(("dialect", "to"), [*WAYS, (Dialect.RESPONSES, MESSAGES_OFFER)])
@relaxed
@given(fields=objects)
def test_a_senseless_request_is_the_clients_fault(dialect, to, fields):
    try:
        made = translation(dialect, {**BASE[dialect], **fields}, to)
        made.request()
    except FixRequest as error:
        assert error.message


@pytest.mark.parametrize(("dialect", "to"), WAYS)
@relaxed
@given(inner=st.lists(objects, min_size=1, max_size=3))
def test_a_senseless_turn_is_the_clients_fault(dialect, to, inner):
    place = {Dialect.RESPONSES: "input", Dialect.COMPLETIONS: "prompt"}.get(dialect, "messages")
    for turns in (
        inner,
        [{"role": "user", "content": inner}],
        [{"role": "assistant", "content": inner, "tool_calls": inner}],
    ):
        try:
            translation(dialect, {**BASE[dialect], place: turns}, to)
        except FixRequest as error:
            assert error.message


OPENAI_NAMES = words("""
id model choices index delta message content tool_calls function name arguments finish_reason reasoning
""")
ANTHROPIC_NAMES = words("""
type message id content_block delta index text thinking signature partial_json stop_reason name input
""")
EVENTS = [
    "message_start",
    "content_block_start",
    "content_block_delta",
    "content_block_stop",
    "message_delta",
    "text_delta",
]


def nonsense(names: list[str]) -> st.SearchStrategy[Any]:
    leaves = scalars | st.sampled_from([*EVENTS, "thinking", "tool_use", "input_json_delta", "thinking_delta", "stop"])
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(names), inner, max_size=5),
        max_leaves=20,
    )


@pytest.mark.parametrize(
    ("to", "names"), [(CHAT_OFFER, OPENAI_NAMES), (MESSAGES_OFFER, ANTHROPIC_NAMES)], ids=["chat", "messages"]
)
@relaxed
@given(data=st.data())
def test_a_senseless_answer_is_the_providers_fault(to, names, data):
    said = data.draw(st.lists(nonsense(names), min_size=1, max_size=5))
    made = translation(Dialect.RESPONSES, BASE[Dialect.RESPONSES], to, stream=True)
    for event in said:
        with pytest.raises(ProviderBroken):
            made.answer(json.dumps(event).encode(), USAGE)
    try:
        streamed(made, [b"data: %b\n\n" % json.dumps(event).encode() for event in said])
    except ProviderBroken as error:
        assert error.message


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 5000, b'{"a":' * 5000, b"\xff\xfe", b"null", b'"text"'])
@pytest.mark.parametrize("to", [CHAT_OFFER, MESSAGES_OFFER])
def test_garbage_is_a_broken_provider(to, body):
    made = translation(Dialect.RESPONSES, BASE[Dialect.RESPONSES], to)
    with pytest.raises(ProviderBroken):
        made.answer(body, USAGE)
    with pytest.raises(ProviderBroken):
        streamed(made, [b"data: %b\n\n" % body])


def test_deep_nesting_is_refused_and_not_a_crash():
    import msgspec

    from freehold.compute.dialects.members import decode_fields

    with pytest.raises(InvalidRequest):
        decode_fields({"messages": msgspec.Raw(b"[" * 100_000 + b"]" * 100_000)})
