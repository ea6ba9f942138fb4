"""A GGUF that embeds is served as one."""

from __future__ import annotations

import base64
import json
import struct
from pathlib import Path

import pytest
from asking import answer, offer_of

from freehold.compute.providers.llamacpp import LlamaCppProvider
from freehold.ground.errors import CannotServe, InvalidRequest
from freehold.ground.paths import Home
from freehold.testing.tiny_gguf import write_tiny_encoder
from freehold.words.dialects import Capability, Dialect


@pytest.fixture
def encoder(make, tmp_path: Path) -> LlamaCppProvider:
    home = Home(tmp_path)
    write_tiny_encoder(home.models / "tiny.gguf")
    return make(home)


async def vectors(provider: LlamaCppProvider, **fields: object) -> list[list[float]]:
    found = await answer(provider, dialect=Dialect.EMBEDDINGS, **fields)
    return [each["embedding"] for each in json.loads(found.body)["data"]]


async def test_it_offers_embeddings_and_nothing_else(encoder: LlamaCppProvider) -> None:
    offer = offer_of(encoder)
    assert offer.dialects == {Dialect.EMBEDDINGS}
    assert offer.capabilities == {Capability.EMBEDDING}
    assert offer.context == 128
    with pytest.raises(CannotServe):
        await answer(encoder)


async def test_texts_become_unit_vectors(encoder: LlamaCppProvider) -> None:
    house, cat = await vectors(encoder, input=["my house", "the cat"])
    assert len(house) == 32
    assert sum(value * value for value in house) == pytest.approx(1.0, abs=1e-5)
    assert house != cat
    (packed,) = await vectors(encoder, input="my house", encoding_format="base64")
    raw = base64.b64decode(packed)  # type: ignore[arg-type]
    assert struct.unpack("<32f", raw) == pytest.approx(house, abs=1e-5)


async def test_tokens_are_counted(encoder: LlamaCppProvider) -> None:
    found = await answer(encoder, dialect=Dialect.EMBEDDINGS, input=["ab", "a"])
    assert found.usage.input == json.loads(found.body)["usage"]["prompt_tokens"] == 4 + 3


@pytest.mark.parametrize("given", [[1, 2], [[1], [2]]])
async def test_token_arrays_are_refused_by_name(encoder: LlamaCppProvider, given: object) -> None:
    with pytest.raises(CannotServe, match="Token arrays"):
        await vectors(encoder, input=given)


async def test_other_dimensions_are_refused_by_name(encoder: LlamaCppProvider) -> None:
    with pytest.raises(CannotServe, match="dimensions"):
        await vectors(encoder, input="a", dimensions=8)


async def test_a_text_that_is_too_long_is_left_to_others(encoder: LlamaCppProvider) -> None:
    with pytest.raises(CannotServe, match=r"Input 1 has \d+ tokens; this model reads 128"):
        await vectors(encoder, input=["a", "house " * 100])
    assert len(await vectors(encoder, input="?" * 126)) == 1


async def test_an_input_that_is_no_text_is_refused(encoder: LlamaCppProvider) -> None:
    with pytest.raises(InvalidRequest):
        await vectors(encoder, input={"text": "a"})
