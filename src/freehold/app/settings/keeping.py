"""What stays on this machine: the exact cache, the receipts, and local compute."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from freehold.app.settings.door import MEBIBYTE
from freehold.ground.units import Seconds


class CacheSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Answers to exactly the same request, kept in memory per key."""

    enabled: Annotated[bool, Meta(description="Answer repeated requests from memory.")] = True
    max_bytes: Annotated[int, Meta(ge=MEBIBYTE, le=1 << 40, description="Memory the cache may take, per worker.")] = (
        64 * MEBIBYTE
    )
    ttl: Annotated[Seconds, Meta(gt=0, le=31_536_000, description="Seconds an answer stays good.")] = Seconds(3600.0)
    include_sampling: Annotated[
        bool, Meta(description="Also keep answers to requests that ask for randomness (temperature above 0).")
    ] = False


class ReceiptSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The record of every request, and the database it shares with keys and budgets."""

    database: Annotated[
        str | None,
        Meta(
            description="A path for SQLite, or a postgresql:// URL (needs the `postgres` extra). "
            "Unset: state/freehold.db in Freehold's home.",
            examples=["postgresql://freehold@127.0.0.1/freehold"],
        ),
    ] = None
    window_ms: Annotated[
        int,
        Meta(
            ge=1,
            le=60_000,
            description="Receipts are written in batches; a crash loses at most this many milliseconds.",
        ),
    ] = 250
    required: Annotated[
        bool,
        Meta(description="Refuse requests while receipts cannot be written, instead of dropping receipts."),
    ] = False
    keep_days: Annotated[
        Annotated[int, Meta(ge=1, le=36_500)] | None,
        Meta(description="Days after which a receipt is deleted. Unset: never.", examples=[90]),
    ] = None


class LocalSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Compute on this machine."""

    enabled: Annotated[bool, Meta(description="Run local models.")] = True
    models: Annotated[
        Mapping[str, Annotated[str, Meta(min_length=1)]],
        Meta(description="GGUF files by the name to offer them under, beside those that `freehold pull` brought."),
    ] = msgspec.field(default_factory=dict)
    context: Annotated[
        int, Meta(ge=64, le=1 << 24, description="Tokens one request may have, where the model allows as many.")
    ] = 4096
    parallel: Annotated[int, Meta(ge=1, le=256, description="Requests that one model works on at a time.")] = 2
    threads: Annotated[
        Annotated[int, Meta(ge=1, le=1024)] | None,
        Meta(description="Threads a local model computes with. Unset: one for each physical core.", examples=[4]),
    ] = None
    idle_unload: Annotated[
        Seconds,
        Meta(gt=0, le=31_536_000, description="Seconds without use after which a model leaves memory."),
    ] = Seconds(600.0)
    max_memory: Annotated[
        Annotated[int, Meta(ge=64 * MEBIBYTE)] | None,
        Meta(
            description="Bytes that all loaded models together may take. Unset: half of what the machine has.",
            examples=[8_000_000_000],
        ),
    ] = None
    discovery: Annotated[
        bool,
        Meta(description="Find servers that run on this machine: Ollama, vLLM, llama.cpp, LM Studio, SGLang."),
    ] = True
    code: Annotated[
        bool,
        Meta(description='Let plain code answer "auto" requests that it can answer exactly (sums, dates).'),
    ] = True
