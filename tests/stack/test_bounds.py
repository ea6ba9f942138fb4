"""What is set aside for a request is never less than what it comes to."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stack_bench import asking

from freehold.ground.errors import InvalidRequest
from freehold.stack.bounds import (
    DEFAULT_OUTPUT,
    TOKENS_FOR_TOOLS,
    TOKENS_PER_ATTACHMENT,
    at_most,
    bounds_of,
    most_usd,
    with_bound,
    within,
)
from freehold.testing.fake_provider import fake_offer
from freehold.words.asks import Upload
from freehold.words.dialects import Dialect
from freehold.words.offers import Offer
from freehold.words.prices import Price, Usage, cost

rates = st.floats(0, 1000)
maybe = st.none() | rates


def prices() -> st.SearchStrategy[Price]:
    """Prices as vendors have them: dearer for longer prompts, in every bucket."""

    def tiered(base: Price, thresholds: list[int], factor: float) -> Price:
        tiers = tuple(
            (threshold, _times(base, factor ** (number + 1))) for number, threshold in enumerate(sorted(thresholds))
        )
        return msgspec.structs.replace(base, above=tiers)

    base = st.builds(
        Price, input=rates, output=rates, cache_read=maybe, cache_write=maybe, reasoning=maybe, request=st.floats(0, 1)
    )
    return st.builds(tiered, base, st.lists(st.integers(1, 10_000), max_size=2, unique=True), st.floats(1, 3))


def _times(price: Price, factor: float) -> Price:
    names = ("input", "output", "cache_read", "cache_write", "reasoning")
    rates = {name: rate * factor for name in names if (rate := getattr(price, name)) is not None}
    return msgspec.structs.replace(price, **rates)


@given(prices(), st.integers(0, 20_000), st.integers(1, 5000), st.data())
def test_nothing_within_the_bounds_costs_more(price: Price, size: int, bound: int, data: st.DataObject) -> None:
    ask = msgspec.structs.replace(asking(max_tokens=bound), size=size)
    offer = fake_offer("any", price=price)
    prompt, answer = data.draw(st.integers(0, size)), data.draw(st.integers(0, bound))
    read, written = data.draw(st.integers(0, prompt)), 0
    written = data.draw(st.integers(0, prompt - read))
    thought = data.draw(st.integers(0, answer))
    usage = Usage(
        input=prompt - read - written,
        cache_read=min(read, prompt),
        cache_write=written,
        output=answer - thought,
        reasoning=thought,
    )
    paid, most = cost(price, usage), most_usd(ask, offer)
    assert paid is not None
    assert most is not None
    if price.cache_read is None or price.cache_read <= (price.input or 0):  # a cache is there to save money
        assert paid <= most * (1 + 1e-9) + 1e-12
    assert usage.total <= at_most(ask, offer).total


@pytest.mark.parametrize(
    ("dialect", "fields", "bound"),
    [
        (Dialect.CHAT, {"max_tokens": 50}, 50),
        (Dialect.CHAT, {"max_completion_tokens": 50}, 50),
        (Dialect.CHAT, {"max_completion_tokens": 1, "max_tokens": 500}, 500),  # who reads which is not for us to know
        (Dialect.CHAT, {"max_tokens": 50, "n": 4}, 200),
        (Dialect.CHAT, {"max_tokens": 49.5}, 50),
        (Dialect.COMPLETIONS, {"prompt": "a", "max_tokens": 50, "n": 2, "best_of": 5}, 250),
        (Dialect.COMPLETIONS, {"prompt": ["a", "b", "c"], "max_tokens": 50}, 150),
        (Dialect.COMPLETIONS, {"prompt": [[1, 2], [3]], "max_tokens": 50}, 100),
        (Dialect.COMPLETIONS, {"prompt": [1, 2, 3], "max_tokens": 50}, 50),
        (Dialect.RESPONSES, {"input": "a", "max_output_tokens": 50}, 50),
        (Dialect.MESSAGES, {"messages": [], "max_tokens": 50}, 50),
        (Dialect.CHAT, {}, 1000),  # the model's own
        (Dialect.CHAT, {"max_tokens": None}, 1000),
        (Dialect.CHAT, {"max_tokens": 0}, 1000),
        (Dialect.CHAT, {"max_tokens": -1_000_000}, 1000),  # "no bound" to some servers
        (Dialect.CHAT, {"n": 3}, 3000),
        (Dialect.CHAT, {"max_tokens": 50, "n": -5}, 50),
        (Dialect.EMBEDDINGS, {"input": "a"}, 0),
    ],
)
def test_the_answer_is_bounded_by_what_is_said_or_by_the_model(
    dialect: Dialect, fields: dict[str, Any], bound: int
) -> None:
    assert at_most(asking(dialect=dialect, **fields), fake_offer("any")).completion == bound


@pytest.mark.parametrize("value", ["many", "50", [50], {"a": 1}, True])
def test_a_bound_that_is_no_number_is_refused_by_name(value: object) -> None:
    with pytest.raises(InvalidRequest) as caught:
        bounds_of(asking(max_tokens=value))
    assert caught.value.parameter == "max_tokens"


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}},
        {"type": "file", "file": {"file_id": "file-1"}},
    ],
)
def test_an_attachment_counts_for_more_than_its_bytes(part: dict[str, Any]) -> None:
    ask = asking(messages=[{"role": "user", "content": [{"type": "text", "text": "what is it?"}, part, part]}])
    assert bounds_of(ask).prompt == ask.size + 2 * TOKENS_PER_ATTACHMENT


def test_words_about_attachments_are_only_words() -> None:
    ask = asking(messages=[{"role": "user", "content": 'write {"type": "image_url"} and "http://example.com"'}])
    assert bounds_of(ask).prompt == ask.size


def test_tools_bring_words_of_the_providers_own() -> None:
    ask = asking(tools=[{"type": "function", "function": {"name": "f"}}])
    assert bounds_of(ask).prompt == ask.size + TOKENS_FOR_TOOLS


def test_audio_is_bounded_by_its_bytes() -> None:
    upload = Upload(filename="a.opus", content_type="audio/ogg", data=b"x" * 75_000)
    ask = msgspec.structs.replace(asking(dialect=Dialect.TRANSCRIPTIONS), upload=upload, size=75_100)
    by_minute = at_most(ask, fake_offer("any", price=Price(audio_minute=0.006)))
    assert (by_minute.audio_seconds, by_minute.total) == (100.0, 0)
    assert most_usd(ask, fake_offer("any", price=Price(audio_minute=0.006))) == pytest.approx(0.01)
    assert most_usd(ask, fake_offer("any", price=Price())) is None


def unbounded(**details: object) -> Offer:
    return fake_offer("any", max_output=None, **details)


def test_a_request_without_any_bound_is_given_one() -> None:
    ask = with_bound(asking(max_completion_tokens=-1), unbounded())
    assert ask.fields["max_tokens"] == msgspec.Raw(b"%d" % DEFAULT_OUTPUT)
    assert "max_completion_tokens" not in ask.fields
    assert at_most(ask, unbounded()).output == DEFAULT_OUTPUT == within(bounds_of(asking()), unbounded()).output


@pytest.mark.parametrize("ask", [asking(max_tokens=5), asking(dialect=Dialect.EMBEDDINGS, input="a")])
def test_a_request_that_has_a_bound_or_needs_none_is_left_as_it_is(ask: Any) -> None:
    assert with_bound(ask, unbounded()) is ask


def test_a_model_with_a_bound_of_its_own_needs_no_other() -> None:
    ask = asking()
    assert with_bound(ask, fake_offer("any", max_output=10)) is ask


@given(st.dictionaries(st.sampled_from(["n", "best_of", "max_tokens"]), st.integers(-(10**30), 10**30)))
def test_no_number_makes_a_bound_negative(fields: dict[str, int]) -> None:
    most = at_most(asking(**fields), fake_offer("any"))
    assert min(most.input, most.output, most.cache_write, most.reasoning) >= 0
    assert most.output >= 1
