"""What an embeddings request asks for, checked before any work is done."""

from __future__ import annotations

from typing import Literal

import msgspec

from freehold.compute.providers.embedding_input import refuse_token_arrays
from freehold.ground.errors import CannotServe, InvalidRequest
from freehold.words.asks import Ask

_MOST_TEXTS = 2048

Encoding = Literal["float", "base64"]


class EmbeddingRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Texts to embed, and how to write the vectors down."""

    texts: tuple[str, ...]
    encoding: Encoding


class _Fields(msgspec.Struct):
    input: str | list[str]
    encoding_format: Encoding | None = None
    dimensions: int | None = None


def read_request(ask: Ask, *, dimensions: int) -> EmbeddingRequest:
    """The request in `ask`, for a model whose vectors have that many dimensions.

    Raises InvalidRequest where it makes no sense, CannotServe where another model may do it: token arrays, for they are in
    another model's vocabulary, and other dimensions, for this kind of model was not trained to be cut.
    """
    refuse_token_arrays(ask)
    try:
        fields = msgspec.json.decode(msgspec.json.encode(dict(ask.fields)), type=_Fields)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"The request cannot be read: {error}.") from error
    if fields.dimensions not in (None, dimensions):
        raise CannotServe(
            f"This model's vectors have {dimensions} dimensions, not {fields.dimensions}.",
            advice="Leave dimensions out, or choose a model that was trained to be cut.",
        )
    texts = (fields.input,) if isinstance(fields.input, str) else tuple(fields.input)
    _check(texts)
    return EmbeddingRequest(texts=texts, encoding=fields.encoding_format or "float")


def _check(texts: tuple[str, ...]) -> None:
    if not texts or not all(texts):
        raise InvalidRequest("There must be something to embed in every input.", parameter="input")
    if len(texts) > _MOST_TEXTS:
        raise InvalidRequest(f"{len(texts)} inputs are more than {_MOST_TEXTS}.", parameter="input")
