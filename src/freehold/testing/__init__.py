"""Floor 5: fakes and contract suites, shipped to users who write providers of their own.

fake_provider   FakeProvider: in memory, scripted, remembers what it was asked
contracts       the rules every provider keeps, each as a check that runs against yours
fixed_clock     FixedClock: stands still until told otherwise
vendors         OpenAI, Anthropic and model servers on loopback, as strict as the real ones
faulty          an HTTP server that misbehaves on request
tiny_gguf       a real model of random weights, loaded in milliseconds
"""

from freehold.testing.fake_provider import FakeProvider
from freehold.testing.fixed_clock import FixedClock

__all__ = ["FakeProvider", "FixedClock"]
