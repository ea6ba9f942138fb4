"""Tokens in disjoint buckets, and what they cost."""

from __future__ import annotations

import msgspec

from freehold.ground.units import Usd


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer consumed. Buckets are disjoint: a cached token is in `cache_read` and nowhere else."""

    input: int = 0
    """Prompt tokens that were neither read from nor written to a provider's cache."""
    cache_read: int = 0
    cache_write: int = 0
    output: int = 0
    """Generated tokens, without reasoning."""
    reasoning: int = 0
    audio_seconds: float = 0.0
    """Length of the audio that was transcribed."""
    estimated: bool = False
    """True where the provider did not say and we counted ourselves."""

    @property
    def prompt(self) -> int:
        """All tokens that went in."""
        return self.input + self.cache_read + self.cache_write

    @property
    def completion(self) -> int:
        """All tokens that came out."""
        return self.output + self.reasoning

    @property
    def total(self) -> int:
        return self.prompt + self.completion

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            input=self.input + other.input,
            cache_read=self.cache_read + other.cache_read,
            cache_write=self.cache_write + other.cache_write,
            output=self.output + other.output,
            reasoning=self.reasoning + other.reasoning,
            audio_seconds=self.audio_seconds + other.audio_seconds,
            estimated=self.estimated or other.estimated,
        )


NO_USAGE = Usage()


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """US dollars per million tokens, by bucket; None means unknown, which is never the same as free.

    A bucket without a price of its own is billed at its parent's: cache reads and writes as input, reasoning as output.
    `above` holds dearer tiers for long prompts: (prompt tokens above which it applies, its price), ascending.
    """

    input: float | None = None
    output: float | None = None
    cache_read: float | None = None
    cache_write: float | None = None
    reasoning: float | None = None
    request: float = 0.0
    """US dollars per request."""
    audio_minute: float | None = None
    """US dollars per minute of audio."""
    above: tuple[tuple[int, Price], ...] = ()
    read_rate: float | None = None
    write_rate: float | None = None
    thought_rate: float | None = None
    """What cache reads, cache writes and reasoning are billed at in the end. Made by themselves."""

    def __post_init__(self) -> None:
        force = msgspec.structs.force_setattr
        force(self, "read_rate", self.input if self.cache_read is None else self.cache_read)
        force(self, "write_rate", self.input if self.cache_write is None else self.cache_write)
        force(self, "thought_rate", self.output if self.reasoning is None else self.reasoning)

    def tier(self, prompt_tokens: int) -> Price:
        """The price that applies to a prompt of that many tokens."""
        chosen = self
        for threshold, price in self.above:
            if prompt_tokens > threshold:
                chosen = price
        return chosen


FREE = Price(input=0.0, output=0.0, audio_minute=0.0)


def cost(price: Price | None, usage: Usage) -> Usd | None:
    """What `usage` costs at `price`; None where any bucket that was used has no known price."""
    if price is None:
        return None
    tier = price.tier(usage.prompt) if price.above else price
    total = tier.request
    for count, rate in (
        (usage.input, tier.input),
        (usage.output, tier.output),
        (usage.cache_read, tier.read_rate),
        (usage.cache_write, tier.write_rate),
        (usage.reasoning, tier.thought_rate),
    ):
        if count:
            if rate is None:
                return None
            total += count * rate / 1e6
    if usage.audio_seconds:
        if tier.audio_minute is None:
            return None
        total += usage.audio_seconds / 60 * tier.audio_minute
    return Usd(total)
