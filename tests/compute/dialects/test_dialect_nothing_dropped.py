"""Whatever a request says is found in its translation, or the translation is refused: nothing is dropped in silence.

Every leaf of a generated request is a word or number that occurs nowhere else, so losing one shows. The words in
members that are documented as harmless are the only ones that may be missing.
"""

import itertools
import json
import re
from typing import Any

import pytest
from dialect_clients import CHAT_OFFER, MESSAGES_OFFER, translation
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from freehold.ground.errors import NotTranslatable
from freehold.words.dialects import Dialect

_numbers = itertools.count(1)
_MARK = re.compile(r"w-\d{6}-x|\b7\d{5}\b")


def word(kind: str = "w") -> st.SearchStrategy[str]:
    """A string that is in no other place; with `kind` "harmless" it may be lost."""
    return st.builds(lambda: f"{kind}-{next(_numbers):06d}-x")


def number() -> st.SearchStrategy[int]:
    return st.builds(lambda: 700_000 + next(_numbers))


def thing(required: dict[str, Any], optional: dict[str, Any] | None = None) -> st.SearchStrategy[dict[str, Any]]:
    def lift(value: Any) -> st.SearchStrategy[Any]:
        return value if isinstance(value, st.SearchStrategy) else st.just(value)

    return st.fixed_dictionaries(
        {name: lift(value) for name, value in required.items()},
        optional={name: lift(value) for name, value in (optional or {}).items()},
    )


def several(*kinds: st.SearchStrategy[Any], least: int = 1) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.one_of(*kinds), min_size=least, max_size=3)


SCHEMA = thing({"type": "object", "properties": thing({"a": thing({"type": "string", "description": word()})})})
HARMLESS = word("harmless")
MARK = thing({"type": "ephemeral"})
NOVEL = thing({"type": "novelty", "words": word()})

# --- Messages
M_TEXT = thing({"type": "text", "text": word()}, {"cache_control": MARK})
M_IMAGE = thing(
    {
        "type": "image",
        "source": st.one_of(
            thing({"type": "base64", "media_type": "image/png", "data": word()}),
            thing({"type": "url", "url": word()}),
            thing({"type": "file", "file_id": word()}),
        ),
    }
)
M_DOCUMENT = thing(
    {
        "type": "document",
        "source": st.one_of(
            thing({"type": "base64", "media_type": "application/pdf", "data": word()}),
            thing({"type": "text", "media_type": "text/plain", "data": word()}),
            thing({"type": "url", "url": word()}),
            thing({"type": "content", "content": word()}),
        ),
    },
    {"title": word(), "context": word(), "citations": thing({"enabled": st.booleans()})},
)
M_RESULT = thing(
    {"type": "tool_result", "tool_use_id": word()},
    {"content": st.one_of(word(), several(M_TEXT, M_IMAGE)), "is_error": st.booleans(), "cache_control": MARK},
)
M_USE = thing({"type": "tool_use", "id": word(), "name": word(), "input": thing({"q": word()})})
M_USER = thing({"role": "user", "content": st.one_of(word(), several(M_RESULT, M_TEXT, M_IMAGE, M_DOCUMENT, NOVEL))})
M_ASSISTANT = thing({"role": "assistant", "content": st.one_of(word(), several(M_TEXT, M_USE))}, {"novelty": word()})
M_TOOL = thing(
    {"name": word(), "input_schema": SCHEMA},
    {"description": word(), "type": st.sampled_from(["custom", "bash_20250124"]), "strict": st.just(True)},
)
MESSAGES = thing(
    {
        "max_tokens": number(),
        "messages": st.builds(
            lambda turns, last: [*turns, last], st.lists(st.one_of(M_USER, M_ASSISTANT), max_size=3), M_USER
        ),
    },
    {
        "system": st.one_of(word(), several(M_TEXT)),
        "stop_sequences": several(word()),
        "temperature": number(),
        "top_k": number(),
        "tools": several(M_TOOL),
        "tool_choice": thing({"type": "tool", "name": word()}),
        "output_config": thing({"format": thing({"type": "json_schema", "schema": SCHEMA})}),
        "metadata": thing({"user_id": HARMLESS}),
        "service_tier": HARMLESS,
        "container": word(),
        "novelty": word(),
    },
)

# --- Chat
C_TEXT = thing({"type": "text", "text": word()}, {"cache_control": MARK, "novelty": word()})
C_PART = st.one_of(
    C_TEXT,
    thing(
        {
            "type": "image_url",
            "image_url": thing({"url": st.builds("https://a/{}".format, word())}, {"detail": HARMLESS}),
        }
    ),
    thing({"type": "image_url", "image_url": thing({"url": st.builds("data:image/png;base64,{}".format, word())})}),
    thing(
        {
            "type": "file",
            "file": thing(
                {"file_data": st.builds("data:application/pdf;base64,{}".format, word())}, {"filename": word()}
            ),
        }
    ),
    thing({"type": "input_audio", "input_audio": thing({"data": word(), "format": "wav"})}),
)
C_CALL = thing(
    {
        "id": word(),
        "type": "function",
        "function": thing({"name": word(), "arguments": st.builds('{{"q":"{}"}}'.format, word())}),
    }
)
C_MESSAGE = st.one_of(
    thing({"role": "user", "content": st.one_of(word(), st.lists(C_PART, min_size=1, max_size=3))}, {"name": word()}),
    thing(
        {"role": "assistant", "content": word()},
        {"tool_calls": several(C_CALL), "refusal": word(), "prefix": st.just(True)},
    ),
    thing({"role": "tool", "tool_call_id": word(), "content": st.one_of(word(), several(C_TEXT))}),
    thing({"role": "system", "content": st.one_of(word(), several(C_TEXT))}),
)
CHAT = thing(
    {
        "messages": st.builds(
            lambda turns, last: [*turns, {"role": "user", "content": last}], st.lists(C_MESSAGE, max_size=4), word()
        )
    },
    {
        "max_tokens": number(),
        "stop": st.one_of(word(), several(word())),
        "top_p": number(),
        "top_k": number(),
        "tools": several(
            thing(
                {
                    "type": "function",
                    "function": thing(
                        {"name": word(), "parameters": SCHEMA}, {"description": word(), "strict": st.just(True)}
                    ),
                }
            )
        ),
        "tool_choice": thing({"type": "function", "function": thing({"name": word()})}),
        "response_format": thing(
            {"type": "json_schema", "json_schema": thing({"name": HARMLESS, "schema": SCHEMA}, {"description": word()})}
        ),
        "user": word(),
        "metadata": thing({"a": HARMLESS}),
        "prompt_cache_key": HARMLESS,
        "seed": number(),
        "logit_bias": thing({}, {"5": number()}),
        "novelty": word(),
    },
)

# --- Responses
R_TEXT = thing({"type": "input_text", "text": word()}, {"novelty": word()})
R_PART = st.one_of(
    R_TEXT,
    thing({"type": "input_image", "image_url": word()}, {"detail": st.sampled_from(["auto", "low"])}),
    thing({"type": "input_image", "file_id": word()}),
    thing({"type": "input_file", "file_data": word()}, {"filename": word()}),
    thing({"type": "input_file", "file_url": word()}),
)
R_ITEM = st.one_of(
    thing(
        {"role": st.sampled_from(["user"]), "content": st.one_of(word(), st.lists(R_PART, min_size=1, max_size=3))},
        {"type": "message"},
    ),
    thing(
        {"role": st.sampled_from(["assistant", "system", "developer"]), "content": st.one_of(word(), several(R_TEXT))},
        {"id": HARMLESS},
    ),
    thing(
        {"type": "function_call", "call_id": word(), "name": word(), "arguments": word()},
        {"id": HARMLESS, "namespace": word()},
    ),
    thing({"type": "function_call_output", "call_id": word(), "output": st.one_of(word(), several(R_TEXT))}),
    thing({"type": "custom_tool_call", "call_id": word(), "name": word(), "input": word()}),
)
RESPONSES = thing(
    {"input": st.one_of(word(), st.lists(R_ITEM, min_size=1, max_size=4))},
    {
        "instructions": word(),
        "max_output_tokens": number(),
        "temperature": number(),
        "tools": several(
            thing(
                {"type": "function", "name": word(), "parameters": SCHEMA},
                {"description": word(), "strict": st.just(True)},
            )
        ),
        "tool_choice": thing({"type": "function", "name": word()}),
        "text": thing(
            {"format": thing({"type": "json_schema", "name": word(), "schema": SCHEMA}, {"description": word()})}
        ),
        "reasoning": thing({"effort": st.sampled_from(["low", "high"])}, {"summary": HARMLESS}),
        "metadata": thing({"a": HARMLESS}),
        "previous_response_id": word(),
        "novelty": word(),
    },
)

COMPLETIONS = thing(
    {"prompt": word()},
    {"max_tokens": number(), "stop": word(), "seed": number(), "user": word(), "novelty": word()},
)

WAYS = [
    pytest.param(Dialect.MESSAGES, CHAT_OFFER, MESSAGES, id="messages-chat"),
    pytest.param(Dialect.CHAT, MESSAGES_OFFER, CHAT, id="chat-messages"),
    pytest.param(Dialect.RESPONSES, CHAT_OFFER, RESPONSES, id="responses-chat"),
    pytest.param(Dialect.COMPLETIONS, CHAT_OFFER, COMPLETIONS, id="completions-chat"),
]


def said(value: Any) -> set[str]:
    """Every word and number that matters in a request."""
    if isinstance(value, dict):
        return set().union(*(said(inner) for inner in value.values()))
    if isinstance(value, list):
        return set().union(*(said(inner) for inner in value))
    text = json.dumps(value)
    return set() if "harmless-" in text else set(_MARK.findall(text))


@pytest.mark.parametrize(("dialect", "to", "requests"), WAYS)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_everything_said_is_translated_or_refused_by_name(dialect, to, requests, data):
    asked = data.draw(requests)
    try:
        made = translation(dialect, asked, to)
    except NotTranslatable as refused:
        assert refused.parameter
        assert finds(asked, refused.parameter) is not None or refused.parameter == "messages"
        return
    event("translated")
    sent = json.dumps({name: json.loads(bytes(raw)) for name, raw in made.request().items()})
    missing = {mark for mark in said(asked) if mark not in sent}
    assert not missing


def finds(value: Any, path: str) -> Any:
    """What is at a parameter's path; None if nothing is."""
    for step in path.replace("[", ".[").split("."):
        value = value[int(step[1:-1])] if step.startswith("[") else value.get(step)
    return value
