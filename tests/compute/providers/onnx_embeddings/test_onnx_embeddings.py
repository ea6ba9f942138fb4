"""Local embeddings: real vectors of a real model, in every form the dialect has."""

from __future__ import annotations

import asyncio
import base64
import struct
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from freehold.compute.provider import Answer, Inference
from freehold.compute.providers.onnx_embeddings import OnnxEmbeddingsOptions, OnnxEmbeddingsProvider
from freehold.ground.errors import CannotServe, InvalidRequest, ProviderBusy, ProviderTimedOut
from freehold.ground.paths import Home
from freehold.ground.units import Seconds
from freehold.words.asks import Ask
from freehold.words.dialects import Dialect
from freehold.words.receipts import Basis


def asking(**fields: Any) -> Ask:
    raw = {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in fields.items()}
    return Ask(id="a", dialect=Dialect.EMBEDDINGS, model="auto", fields=raw, needs=frozenset())


@pytest.fixture
async def provider(embedding_weights: Home) -> AsyncIterator[OnnxEmbeddingsProvider]:
    made = OnnxEmbeddingsProvider(embedding_weights)
    yield made
    await made.aclose()


async def answer(provider: OnnxEmbeddingsProvider, **fields: Any) -> Answer:
    found = await provider.infer(asking(**fields), provider.offers()[0])
    assert isinstance(found, Answer)
    return found


async def vectors(provider: OnnxEmbeddingsProvider, **fields: Any) -> list[list[float]]:
    body = msgspec.json.decode((await answer(provider, **fields)).body)
    assert [each["index"] for each in body["data"]] == list(range(len(body["data"])))
    return [each["embedding"] for each in body["data"]]


def likeness(left: list[float], right: list[float]) -> float:
    return sum(a * b for a, b in zip(left, right, strict=True))


async def test_it_is_an_inference_provider_with_a_free_local_offer(provider: OnnxEmbeddingsProvider) -> None:
    assert isinstance(provider, Inference)
    (offer,) = provider.offers()
    assert (offer.place.value, offer.layer, offer.context) == ("local", 3, 256)
    assert provider.status().ready


async def test_like_texts_are_alike(provider: OnnxEmbeddingsProvider) -> None:
    cat, kitten, tax = await vectors(
        provider, input=["A cat sleeps.", "A kitten is napping.", "The tax form is due in May."]
    )
    assert likeness(cat, kitten) > 0.6
    assert likeness(cat, tax) < 0.2
    assert likeness(cat, cat) == pytest.approx(1.0, abs=1e-5)


async def test_a_text_has_one_vector_whatever_it_is_sent_with(provider: OnnxEmbeddingsProvider) -> None:
    (alone,) = await vectors(provider, input="A cat sleeps.")
    _, among = await vectors(provider, input=["word " * 200, "A cat sleeps."])
    assert alone == among


async def test_base64_carries_the_same_numbers(provider: OnnxEmbeddingsProvider) -> None:
    (numbers,) = await vectors(provider, input="A cat sleeps.")
    (text,) = await vectors(provider, input="A cat sleeps.", encoding_format="base64")
    packed = base64.b64decode(text)  # type: ignore[arg-type]
    assert list(struct.unpack(f"<{len(packed) // 4}f", packed)) == pytest.approx(numbers, abs=1e-7)


async def test_tokens_are_counted_and_energy_is_called_an_estimate(provider: OnnxEmbeddingsProvider) -> None:
    found = await answer(provider, input=["hello", "hello hello"])
    assert found.usage.input == 3 + 4
    assert msgspec.json.decode(found.body)["usage"] == {"prompt_tokens": 7, "total_tokens": 7}
    assert found.energy is not None
    assert found.energy.basis is Basis.ESTIMATED
    assert found.energy.joules > 0


@pytest.mark.parametrize("tokens", [[1, 2, 3], [[1, 2], [3]], [-1]])
async def test_token_arrays_are_refused_by_name(provider: OnnxEmbeddingsProvider, tokens: object) -> None:
    with pytest.raises(CannotServe, match="Token arrays"):
        await answer(provider, input=tokens)


@pytest.mark.parametrize("given", ["", [], ["a", ""], ["a"] * 2049, {"a": 1}, None, 0.5, ["a", 1]])
async def test_nonsense_is_refused(provider: OnnxEmbeddingsProvider, given: object) -> None:
    with pytest.raises((InvalidRequest, CannotServe)):
        await answer(provider, input=given)


async def test_other_dimensions_are_refused_by_name(provider: OnnxEmbeddingsProvider) -> None:
    assert len((await vectors(provider, input="a", dimensions=384))[0]) == 384
    with pytest.raises(CannotServe, match="384 dimensions"):
        await answer(provider, input="a", dimensions=64)


async def test_a_text_that_is_too_long_is_refused_not_cut(provider: OnnxEmbeddingsProvider) -> None:
    with pytest.raises(CannotServe, match="Input 1 has 402 tokens"):
        await answer(provider, input=["short", "word " * 400])
    with pytest.raises(CannotServe, match="characters"):
        await answer(provider, input="word " * 1_000_000)


async def test_a_long_text_is_cut_where_the_user_says_so(embedding_weights: Home) -> None:
    provider = OnnxEmbeddingsProvider(embedding_weights, OnnxEmbeddingsOptions(truncate=True))
    found = await answer(provider, input="word " * 400)
    assert found.usage.input == 256
    await provider.aclose()


async def test_what_waits_is_bounded(embedding_weights: Home) -> None:
    provider = OnnxEmbeddingsProvider(embedding_weights, OnnxEmbeddingsOptions(parallel=1, waiting=1))
    offer = provider.offers()[0]
    asks = [provider.infer(asking(input="a"), offer) for _ in range(3)]
    results = await asyncio.gather(*asks, return_exceptions=True)
    assert [type(result) for result in results] == [Answer, Answer, ProviderBusy]
    await provider.aclose()


async def test_a_deadline_stops_the_work(provider: OnnxEmbeddingsProvider) -> None:
    with pytest.raises(ProviderTimedOut):
        await provider.infer(asking(input=["word " * 200] * 2000), provider.offers()[0], timeout=Seconds(0.05))
    assert provider.status().in_flight == 0


async def test_without_weights_it_says_what_to_do(tmp_path: Any) -> None:
    provider = OnnxEmbeddingsProvider(Home(tmp_path))
    assert provider.offers() == ()
    assert "freehold pull" in provider.status().reason
    await provider.aclose()
