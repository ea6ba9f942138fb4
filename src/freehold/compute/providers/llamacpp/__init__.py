"""Local models: any GGUF, through llama.cpp, in processes of its own."""

from freehold.compute.providers.llamacpp.provider import LlamaCppProvider
from freehold.compute.providers.llamacpp.settings import LlamaCppOptions

__all__ = ["LlamaCppOptions", "LlamaCppProvider"]
