"""A GGUF answers in the words of the OpenAI API, whole and streamed."""

from __future__ import annotations

import asyncio
import json

import pytest
from asking import HELLO, answer, asking, events_of, offer_of, streaming, text_of

from freehold.compute.provider import Inference
from freehold.compute.providers.llamacpp import LlamaCppProvider
from freehold.compute.providers.llamacpp.requests import body_for
from freehold.ground.errors import CannotServe, InvalidRequest, ProviderRefused
from freehold.ground.paths import Home
from freehold.words.dialects import Capability, Dialect
from freehold.words.receipts import Basis

LONG = [{"role": "user", "content": "word " * 9000}]
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


async def test_it_is_an_inference_provider_that_offers_only_what_it_can_do(provider: LlamaCppProvider) -> None:
    assert isinstance(provider, Inference)
    offer = offer_of(provider)
    assert offer.name == "local/tiny"
    assert (offer.place.value, offer.layer, offer.context) == ("local", 3, 512)
    assert Capability.STRUCTURED_OUTPUT in offer.capabilities
    assert Capability.TOOLS not in offer.capabilities
    assert offer.dialects == {Dialect.CHAT, Dialect.COMPLETIONS, Dialect.COUNT_TOKENS}
    assert offer.price is not None
    assert offer.price.output == 0.0


async def test_a_whole_answer_says_what_it_consumed(provider: LlamaCppProvider) -> None:
    found = await answer(provider)
    body = json.loads(found.body)
    assert body["model"] == "tiny"
    assert text_of(found.body)
    assert found.usage.completion == 8
    assert found.usage.prompt == body["usage"]["prompt_tokens"] > 8
    assert found.energy is not None
    assert found.energy.basis is Basis.ESTIMATED


async def test_a_repeated_prompt_is_read_from_the_engines_cache(provider: LlamaCppProvider) -> None:
    first, second = await answer(provider), await answer(provider)
    assert second.usage.prompt == first.usage.prompt
    assert second.usage.cache_read > second.usage.input
    assert text_of(first.body) == text_of(second.body)


async def test_a_stream_is_the_same_answer_in_pieces(provider: LlamaCppProvider) -> None:
    whole = text_of((await answer(provider)).body)
    stream = await streaming(provider)
    events = await events_of(stream)
    pieces = [event["choices"][0]["delta"].get("content") or "" for event in events]
    assert "".join(pieces) == whole
    assert sum(map(bool, pieces)) > 2
    assert stream.usage.output == 8
    assert not stream.usage.estimated
    assert stream.energy is not None


async def test_usage_is_streamed_to_those_who_ask(provider: LlamaCppProvider) -> None:
    quiet = await events_of(await streaming(provider))
    assert not any(event.get("usage") for event in quiet)
    stream = await streaming(provider, stream_options={"include_usage": True})
    told = await events_of(stream)
    assert told[-1]["usage"]["completion_tokens"] == 8 == stream.usage.output


async def test_completions_continue_a_prompt(provider: LlamaCppProvider) -> None:
    found = await answer(provider, dialect=Dialect.COMPLETIONS, prompt="the tiny", max_tokens=4, temperature=0)
    assert found.usage.output == 4
    stream = await streaming(provider, dialect=Dialect.COMPLETIONS, prompt="the tiny", max_tokens=4, temperature=0)
    assert "".join(event["choices"][0]["text"] for event in await events_of(stream)) == text_of(found.body)
    assert stream.usage.output == 4


async def test_tokens_are_counted_without_generating(provider: LlamaCppProvider) -> None:
    found = await answer(provider, dialect=Dialect.COUNT_TOKENS, messages=HELLO, max_tokens=1)
    assert json.loads(found.body)["input_tokens"] == (await answer(provider)).usage.prompt
    assert found.usage.total == 0


async def test_the_usual_knobs_work(provider: LlamaCppProvider) -> None:
    spoken = text_of((await answer(provider, max_tokens=20)).body)
    stop = spoken.split()[1]
    stopped = json.loads((await answer(provider, max_tokens=20, stop=[stop])).body)["choices"][0]
    assert stopped["finish_reason"] == "stop"
    assert stop not in stopped["message"]["content"]
    seeded = [await answer(provider, temperature=1.0, seed=seed, max_tokens=20) for seed in (1, 1, 2)]
    one, same, other = (text_of(each.body) for each in seeded)
    assert one == same != other
    told = json.loads((await answer(provider, logprobs=True, top_logprobs=3)).body)
    content = told["choices"][0]["logprobs"]["content"]
    assert len(content) == 8
    assert len(content[0]["top_logprobs"]) == 3


@pytest.mark.parametrize("stream", [False, True])
async def test_a_prompt_beyond_the_context_is_left_to_others(provider: LlamaCppProvider, stream: bool) -> None:
    with pytest.raises(CannotServe, match="context"):
        await provider.infer(asking(stream=stream, messages=LONG), offer_of(provider))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "fields", [{"messages": "hello"}, {"max_tokens": "many"}, {"response_format": {"type": "poem"}}]
)
async def test_nonsense_is_refused_with_the_engines_verdict(
    provider: LlamaCppProvider, fields: dict[str, object], stream: bool
) -> None:
    with pytest.raises(ProviderRefused) as caught:
        await provider.infer(asking(stream=stream, **fields), offer_of(provider))
    assert caught.value.status == 400
    assert json.loads(caught.value.body)["error"]["message"]


async def test_what_it_does_not_do_is_left_to_others(provider: LlamaCppProvider) -> None:
    with pytest.raises(CannotServe, match="one choice"):
        await answer(provider, n=2)
    with pytest.raises(CannotServe, match="embeddings"):
        await answer(provider, dialect=Dialect.EMBEDDINGS, input="a")


async def test_many_at_once_are_all_answered(provider: LlamaCppProvider) -> None:
    answers = await asyncio.gather(*(answer(provider, max_tokens=20) for _ in range(8)))
    assert {each.usage.output for each in answers} == {20}
    assert provider.status().in_flight == 0


async def test_a_real_model_knows_the_capital_of_france(make, chat_weights: Home) -> None:
    provider = make(chat_weights, threads=2)
    question = [{"role": "user", "content": "What is the capital of France?"}]
    found = await answer(provider, "smollm2-135m-instruct", messages=question, max_tokens=30)
    assert "Paris" in text_of(found.body)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_real_model_keeps_to_a_schema(make, chat_weights: Home, stream: bool) -> None:
    provider = make(chat_weights, threads=2)
    question = [{"role": "user", "content": "What is the capital of France?"}]
    wanted = {"type": "json_schema", "json_schema": {"name": "answer", "schema": CITY}}
    fields = {"messages": question, "max_tokens": 60, "response_format": wanted}
    if stream:
        events = await events_of(await streaming(provider, "smollm2-135m-instruct", **fields))
        text = "".join(event["choices"][0]["delta"].get("content") or "" for event in events)
    else:
        text = text_of((await answer(provider, "smollm2-135m-instruct", **fields)).body)
    assert json.loads(text) == {"city": "Paris"}


def _choosing(provider: LlamaCppProvider, choice: object) -> dict[str, object]:
    """What the engine is sent where a request with two tools makes that choice."""
    tools = [{"type": "function", "function": {"name": name, "parameters": CITY}} for name in ("look", "listen")]
    offer = offer_of(provider)
    return dict(json.loads(body_for(asking(tools=tools, tool_choice=choice), offer)))


def test_a_tool_chosen_by_name_is_the_only_one_and_required(provider: LlamaCppProvider) -> None:
    sent = _choosing(provider, {"type": "function", "function": {"name": "listen"}})
    assert sent["tool_choice"] == "required"
    assert [tool["function"] for tool in sent["tools"]] == [{"name": "listen", "parameters": CITY}]  # type: ignore[attr-defined]
    assert _choosing(provider, "required")["tool_choice"] == "required"
    assert len(_choosing(provider, "auto")["tools"]) == 2  # type: ignore[arg-type]


def test_a_choice_that_the_engine_would_take_for_another_is_refused(provider: LlamaCppProvider) -> None:
    with pytest.raises(InvalidRequest, match="'smell'"):
        _choosing(provider, {"type": "function", "function": {"name": "smell"}})
    with pytest.raises(CannotServe, match="tool_choice"):
        _choosing(provider, {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": []}})
