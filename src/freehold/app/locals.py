"""The models of this machine, as providers."""

from __future__ import annotations

from freehold.app.settings import Settings
from freehold.compute.provider import Inference
from freehold.compute.providers.llamacpp import LlamaCppOptions, LlamaCppProvider
from freehold.compute.providers.onnx_embeddings import OnnxEmbeddingsProvider
from freehold.compute.providers.whisper import WhisperProvider
from freehold.ground.paths import Home


def local_providers(settings: Settings, home: Home) -> list[Inference]:
    """Providers for whatever weights are on disk. Loads nothing: models come into memory when they are first asked."""
    local = settings.local
    options = LlamaCppOptions(
        models=local.models,
        context=local.context,
        parallel=local.parallel,
        threads=local.threads,
        memory=local.max_memory,
        idle=local.idle_unload,
    )
    return [LlamaCppProvider(home, options), OnnxEmbeddingsProvider(home), WhisperProvider(home)]
