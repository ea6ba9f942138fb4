"""What a user may set about the local engine, and what one engine is told."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from freehold.ground.units import Seconds

WATTS_PER_CORE = 10.0
"""What one busy core draws with its share of the package: a 65 W part has about six. Assumed, not measured."""


class LlamaCppOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How local models are served."""

    models: Mapping[str, str] = {}
    """GGUF files outside the models directory: name to path."""
    context: int = 4096
    """Tokens that one request may have, prompt and answer together, where the model allows as many."""
    parallel: int = 2
    """Requests that one model works on at a time."""
    waiting: int = 16
    """Requests that may wait for one model; the next is told that it is busy."""
    threads: int | None = None
    """CPU threads per model; None: one per physical core, less the one that the gateway needs. Its threads wait for each
    other by spinning: one too many on a busy machine more than halves the speed (measured: 16 against 36 tokens/s)."""
    memory: int | None = None
    """Bytes that all loaded models may take together; None: half of the machine's memory."""
    idle: Seconds = Seconds(900.0)
    """A model that was not asked for so long is unloaded."""
    load: Seconds = Seconds(300.0)
    """Most seconds that loading a model may take."""
    watts_per_core: float = WATTS_PER_CORE
    """For the energy estimate: joules = CPU seconds of the engine x this."""


class EngineOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine process is told on its standard input."""

    path: str
    alias: str
    socket: str
    context: int
    parallel: int
    threads: int
    embedding: bool = False
    chat_template: str = ""
    """Takes the place of the file's own, where it is not empty."""
    temperature: float | None = None
    """Default where the request names none."""
    top_p: float | None = None


class EngineReport(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine process says when it is ready, or why it is not."""

    error: str = ""
