"""Embeddings on this machine, through ONNX Runtime."""

from freehold.compute.providers.onnx_embeddings.provider import OnnxEmbeddingsOptions, OnnxEmbeddingsProvider

__all__ = ["OnnxEmbeddingsOptions", "OnnxEmbeddingsProvider"]
