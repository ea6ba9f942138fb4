"""What model servers on this machine say about themselves, and what is believed of it.

Everything here is pure and reads answers of programs that nobody vouches for. An answer that is not of the expected shape is
no answer; names and numbers out of bounds are dropped. A server counts as identified by what it says, not by its port, and a
server that cannot be identified is not offered: it may well be a door to someone else's cloud.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

import msgspec

from freehold.compute.rows import ModelRow, Row
from freehold.words.dialects import Capability

MAX_MODELS = 128
_MAX_NAME = 200
_MAX_TOKENS = 100_000_000
_OWNERS = {"vllm": "vllm", "sglang": "sglang", "llamacpp": "llamacpp"}
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([KMBT])", re.IGNORECASE)
_UNITS = {"K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}
_ABLE = {
    "completion": {Capability.CHAT, Capability.COMPLETION, Capability.STRUCTURED_OUTPUT},
    "tools": {Capability.TOOLS},
    "vision": {Capability.VISION},
    "audio": {Capability.AUDIO_INPUT},
    "thinking": {Capability.REASONING},
    "embedding": {Capability.EMBEDDING},
}
"""What Ollama's words for abilities mean."""

T = TypeVar("T")


class _Meta(msgspec.Struct):
    n_params: float | None = None
    n_ctx_train: int | None = None


class _Card(msgspec.Struct):
    id: str
    owned_by: str = ""
    max_model_len: int | None = None
    meta: _Meta | None = None
    type: str = ""
    max_context_length: int | None = None
    loaded_context_length: int | None = None


class Listing(msgspec.Struct):
    """An answer to /v1/models."""

    data: list[_Card] | None = None


class _TagDetails(msgspec.Struct):
    parameter_size: str = ""


class Tag(msgspec.Struct):
    """A model as Ollama lists it. One with a remote host runs elsewhere."""

    name: str
    digest: str
    details: _TagDetails | None = None
    remote_host: str = ""
    remote_model: str = ""
    capabilities: list[str] | None = None


class Tags(msgspec.Struct):
    """An answer to Ollama's /api/tags."""

    models: list[Tag]


class Shown(msgspec.Struct):
    """An answer to Ollama's /api/show."""

    capabilities: list[str]


class _Settings(msgspec.Struct):
    n_ctx: int | None = None


class _Modalities(msgspec.Struct):
    vision: bool = False
    audio: bool = False


class Props(msgspec.Struct):
    """An answer to llama.cpp's /props."""

    default_generation_settings: _Settings | None = None
    modalities: _Modalities | None = None


def read(body: bytes, shape: type[T]) -> T | None:
    """An answer in the expected shape; None if it is not one."""
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return None


def is_freehold(headers: Mapping[bytes, bytes]) -> bool:
    """Whether the answer is one of Freehold's own."""
    return headers.get(b"server", b"").lower().startswith(b"freehold") or any(
        name.startswith(b"x-freehold") for name in headers
    )


def named_kind(listing: Listing) -> str | None:
    """The server that a listing names outright, by the row's name; None where it leaves that open."""
    return next((_OWNERS[card.owned_by] for card in listing.data or () if card.owned_by in _OWNERS), None)


def models_of_listing(listing: Listing, row: Row, props: Props | None = None) -> tuple[ModelRow, ...]:
    """Models of a server that says all there is to say in its listing (and llama.cpp a little more in its props)."""
    settings = props.default_generation_settings if props is not None else None
    found = []
    for card in _sane(listing.data or ()):
        meta = card.meta or _Meta()
        found.append(
            ModelRow(
                id=card.id,
                capabilities=_with_modalities(_usual(row, card.id), props),
                context=_count((settings and settings.n_ctx) or card.max_model_len or meta.n_ctx_train),
                parameters=_parameters(meta.n_params),
            )
        )
    return tuple(found)


def models_of_studio(listing: Listing, row: Row) -> tuple[ModelRow, ...] | None:
    """Models of LM Studio, from /api/v0/models; None if the answer is not LM Studio's."""
    cards = list(_sane(listing.data or ()))
    if not cards or not all(card.type in ("llm", "vlm", "embeddings") for card in cards):
        return None
    return tuple(
        ModelRow(id=card.id, capabilities=_studio_abilities(row, card), context=_count(card.loaded_context_length))
        for card in cards
    )


def local_tags(tags: Tags) -> list[Tag]:
    """The models of Ollama that run on this machine."""
    return [
        tag
        for tag in tags.models[:MAX_MODELS]
        if _sane_name(tag.name) and not (tag.remote_host or tag.remote_model or tag.name.endswith("-cloud"))
    ]


def model_of_tag(tag: Tag, row: Row, shown: list[str] | None) -> ModelRow:
    """A model of Ollama. Its context is what was set when it was loaded, which Ollama does not tell."""
    able = {capability for word in shown or () for capability in _ABLE.get(word, ())}
    size = _SIZE.fullmatch((tag.details.parameter_size if tag.details else "").strip())
    return ModelRow(
        id=tag.name,
        capabilities=frozenset(able) or _usual(row, tag.name),
        parameters=_parameters(round(float(size[1]) * _UNITS[size[2].upper()]) if size else None),
    )


def _studio_abilities(row: Row, card: _Card) -> frozenset[Capability]:
    if card.type == "embeddings":
        return frozenset({Capability.EMBEDDING})
    usual = _usual(row, card.id) - {Capability.EMBEDDING, Capability.VISION}
    return usual | {Capability.VISION} if card.type == "vlm" else usual


def _with_modalities(capabilities: frozenset[Capability], props: Props | None) -> frozenset[Capability]:
    if props is None or props.modalities is None or Capability.CHAT not in capabilities:
        return capabilities
    sensed = {Capability.VISION: props.modalities.vision, Capability.AUDIO_INPUT: props.modalities.audio}
    return (capabilities - sensed.keys()) | {capability for capability, has in sensed.items() if has}


def _usual(row: Row, model: str) -> frozenset[Capability]:
    """What the row says of a model by that name."""
    entry = row.model(model)
    return entry.capabilities if entry is not None else frozenset()


def _sane(cards: Iterable[_Card]) -> list[_Card]:
    return [card for card in list(cards)[:MAX_MODELS] if _sane_name(card.id)]


def _sane_name(name: str) -> bool:
    return 0 < len(name) <= _MAX_NAME and name.isprintable() and "*" not in name and name.strip() == name


def _count(tokens: int | None) -> int | None:
    return tokens if tokens is not None and 0 < tokens <= _MAX_TOKENS else None


def _parameters(count: float | None) -> float | None:
    return count if count is not None and 1 <= count <= 1e14 else None
