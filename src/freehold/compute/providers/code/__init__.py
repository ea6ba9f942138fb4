"""Plain code as a provider: exact answers to questions that need no model, and silence for all others."""

from freehold.compute.providers.code.provider import CodeProvider

__all__ = ["CodeProvider"]
