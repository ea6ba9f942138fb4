"""Vendors on loopback: stateful fakes that answer as the vendors' own descriptions say, for testing whatever talks to them.

    async with FakeOpenAI() as vendor:
        client = openai.AsyncOpenAI(base_url=vendor.base_url, api_key=vendor.key)
        ...
        assert vendor.heard[-1].json["model"] == "gpt-4o-mini"

Answers follow from the request (see `replies`), or are handed in with `say`; errors are handed in with `fail`. What is
checked against the vendors' official clients is checked in Freehold's own tests. They stand in for the vendors; they do
not prove what a vendor does today.
"""

from freehold.testing.vendors.anthropic import FakeAnthropic
from freehold.testing.vendors.loopback import Failure, Heard, Vendor
from freehold.testing.vendors.openai import FakeOpenAI
from freehold.testing.vendors.replies import Call, Reply
from freehold.testing.vendors.rerank import FakeRerank
from freehold.testing.vendors.servers import FakeLlamaCpp, FakeLMStudio, FakeOllama, FakeSGLang, FakeVLLM

__all__ = [
    "Call",
    "Failure",
    "FakeAnthropic",
    "FakeLMStudio",
    "FakeLlamaCpp",
    "FakeOllama",
    "FakeOpenAI",
    "FakeRerank",
    "FakeSGLang",
    "FakeVLLM",
    "Heard",
    "Reply",
    "Vendor",
]
