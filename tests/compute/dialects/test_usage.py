"""What each provider means by its counts, in disjoint buckets."""

import json

import pytest

from freehold.compute.dialects.usage import usage_of_answer, usage_of_event
from freehold.words.dialects import Dialect
from freehold.words.prices import Usage

OPENAI = {
    "prompt_tokens": 100,
    "completion_tokens": 50,
    "total_tokens": 150,
    "prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 10, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 30},
}
DISJOINT = Usage(input=30, cache_read=60, cache_write=10, output=20, reasoning=30)


def of(dialect: Dialect, answer: object) -> Usage | None:
    return usage_of_answer(dialect, json.dumps(answer).encode())


def after(dialect: Dialect, *events: object) -> Usage | None:
    sofar = None
    for event in events:
        sofar = usage_of_event(dialect, json.dumps(event).encode(), sofar)
    return sofar


@pytest.mark.parametrize(
    ("usage", "wanted"),
    [
        (OPENAI, DISJOINT),
        ({"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}, Usage(input=7, output=2)),
        (
            {"prompt_tokens": 7, "prompt_cache_hit_tokens": 5, "completion_tokens": 2},
            Usage(input=2, cache_read=5, output=2),
        ),
        (
            {"prompt_tokens": 7, "cached_tokens": 5, "completion_tokens": 2},
            Usage(input=2, cache_read=5, output=2),
        ),
        # Gemini: thinking is in the total only.
        (
            {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 19},
            Usage(input=7, output=2, reasoning=10),
        ),
        # xAI: thinking is named, and outside of completion.
        (
            {
                "prompt_tokens": 7,
                "completion_tokens": 2,
                "total_tokens": 19,
                "completion_tokens_details": {"reasoning_tokens": 10},
            },
            Usage(input=7, output=2, reasoning=10),
        ),
        # Nonsense is clamped.
        (
            {"prompt_tokens": 5, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 9}},
            Usage(cache_read=9, output=1),
        ),
        ({"prompt_tokens": 5, "completion_tokens": None, "prompt_tokens_details": None}, Usage(input=5)),
    ],
)
def test_chat_counts(usage, wanted):
    assert of(Dialect.CHAT, {"choices": [], "usage": usage}) == wanted
    assert of(Dialect.COMPLETIONS, {"usage": usage}) == wanted
    assert after(Dialect.CHAT, {"usage": None}, {"choices": [], "usage": usage}, {"choices": []}) == wanted


def test_groq_streams_usage_in_a_box_of_its_own():
    assert after(Dialect.CHAT, {"x_groq": {"id": "r", "usage": OPENAI}}) == DISJOINT


def test_responses_counts():
    usage = {
        "input_tokens": 100,
        "input_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 10},
        "output_tokens": 50,
        "output_tokens_details": {"reasoning_tokens": 30},
        "total_tokens": 150,
    }
    assert of(Dialect.RESPONSES, {"output": [], "usage": usage}) == DISJOINT
    created = {"type": "response.created", "response": {"usage": None}}
    completed = {"type": "response.completed", "response": {"usage": usage}}
    assert after(Dialect.RESPONSES, created) is None
    assert after(Dialect.RESPONSES, created, completed) == DISJOINT


def test_messages_counts_are_running_totals():
    usage = {
        "input_tokens": 30,
        "cache_read_input_tokens": 60,
        "cache_creation_input_tokens": 10,
        "output_tokens": 50,
    }
    detailed = {**usage, "output_tokens_details": {"thinking_tokens": 30}}
    assert of(Dialect.MESSAGES, {"content": [], "usage": detailed}) == DISJOINT
    start = {"type": "message_start", "message": {"usage": {**usage, "output_tokens": 1}}}
    assert after(Dialect.MESSAGES, start) == Usage(input=30, cache_read=60, cache_write=10, output=1)
    delta = {
        "type": "message_delta",
        "usage": {"output_tokens": 50, "output_tokens_details": {"thinking_tokens": 30}},
    }
    assert after(Dialect.MESSAGES, start, delta) == DISJOINT


def test_embeddings_and_rerank_count_input_only():
    assert of(Dialect.EMBEDDINGS, {"usage": {"prompt_tokens": 8, "total_tokens": 8}}) == Usage(input=8)
    assert of(Dialect.EMBEDDINGS, {"usage": {"total_tokens": 8}}) == Usage(input=8)
    assert of(Dialect.RERANK, {"usage": {"total_tokens": 8}}) == Usage(input=8)
    assert of(Dialect.RERANK, {"meta": {"tokens": {"input_tokens": 8.0}}}) == Usage(input=8)
    assert of(Dialect.RERANK, {"meta": {"billed_units": {"search_units": 1}}}) is None


def test_transcriptions_count_seconds_or_tokens():
    assert of(Dialect.TRANSCRIPTIONS, {"usage": {"type": "duration", "seconds": 12}}) == Usage(audio_seconds=12.0)
    tokens = {"type": "tokens", "input_tokens": 9, "output_tokens": 4}
    assert of(Dialect.TRANSCRIPTIONS, {"text": "", "usage": tokens}) == Usage(input=9, output=4)
    assert of(Dialect.TRANSCRIPTIONS, {"duration": "3.5"}) == Usage(audio_seconds=3.5)
    assert after(Dialect.TRANSCRIPTIONS, {"type": "transcript.text.done", "usage": tokens}) == Usage(input=9, output=4)


@pytest.mark.parametrize("dialect", list(Dialect))
@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[1]", b"1\n00:00 --> text", b'{"usage": 5}', b'{"usage": {"prompt_tokens": "x"}}']
)
def test_nothing_said_is_nothing_known(dialect, body):
    assert usage_of_answer(dialect, body) is None
    assert usage_of_event(dialect, body, Usage(input=3)) == Usage(input=3)
