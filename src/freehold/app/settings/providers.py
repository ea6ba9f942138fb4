"""Who can be asked, on which terms, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from freehold.app.settings.effort import Wait
from freehold.app.settings.secrets import Credential, Secret
from freehold.words.dialects import Capability, Dialect
from freehold.words.offers import Place
from freehold.words.prices import Price

Rate = Annotated[float, Meta(ge=0, le=1e6)]
Text = Annotated[str, Meta(min_length=1)]


class ProviderDeadlines(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Deadlines of one provider, where they differ from [deadlines]."""

    connect: Annotated[Wait | None, Meta(description="Seconds to connect.")] = None
    first_byte: Annotated[Wait | None, Meta(description="Seconds to the head of its answer.")] = None
    between_chunks: Annotated[Wait | None, Meta(description="Seconds of silence within its answer.")] = None


class ProviderSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One provider. A name that Freehold knows needs a key at most; any other needs a `base_url`."""

    enabled: Annotated[bool, Meta(description="Off: the provider is never asked.")] = True
    base_url: Annotated[
        str | None,
        Meta(description="Where its OpenAI-compatible API starts, for example http://10.0.0.2:8000/v1."),
    ] = None
    like: Annotated[
        str | None, Meta(description="Name of a known provider whose ways this one has, for example vllm.")
    ] = None
    parts: Annotated[
        Mapping[str, Text],
        Meta(description="What to put in place of the <PARTS> of a known provider's address, by name in lower case."),
    ] = msgspec.field(default_factory=dict)
    key: Annotated[
        Secret | None,
        Meta(description="Its API key: env:NAME, file:PATH, or the key itself if only you can read the file."),
    ] = None
    keys: Annotated[tuple[Secret, ...], Meta(description="Several API keys, used in turn.")] = ()
    models: Annotated[
        tuple[Text, ...],
        Meta(description='Models to offer, by name or wildcard ("glm-4*"). Unset: all it is known to have.'),
    ] = ()
    place: Annotated[
        Place | None,
        Meta(description="Whose machine it runs on: local, own, rented or cloud. Decides privacy."),
    ] = None
    region: Annotated[Text | None, Meta(description="Where data sent to it goes.")] = None
    retention_days: Annotated[
        Annotated[int, Meta(ge=0)] | None, Meta(description="Days it keeps what it is sent; 0 for none.")
    ] = None
    capabilities: Annotated[
        frozenset[Capability], Meta(description="What its models can do, where that is not known.")
    ] = frozenset()
    context: Annotated[
        Annotated[int, Meta(ge=1)] | None, Meta(description="Tokens that prompt and answer may have together.")
    ] = None
    max_output: Annotated[Annotated[int, Meta(ge=1)] | None, Meta(description="Tokens an answer may have.")] = None
    parameters: Annotated[
        Annotated[float, Meta(gt=0)] | None, Meta(description="Size of its models in parameters, for example 8e9.")
    ] = None
    watts: Annotated[
        Annotated[float, Meta(gt=0)] | None, Meta(description="Power its machine draws while it works.")
    ] = None
    preference: Annotated[int | None, Meta(description="Smaller is tried earlier; equals share the load.")] = None
    requests_per_minute: Annotated[
        Annotated[int, Meta(ge=1)] | None, Meta(description="Most requests a minute it is sent, per worker.")
    ] = None
    tokens_per_minute: Annotated[
        Annotated[int, Meta(ge=1)] | None, Meta(description="Most tokens a minute it is sent, per worker.")
    ] = None
    max_concurrency: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(description="Most requests it works on at a time, per worker."),
    ] = None
    dialects: Annotated[
        tuple[Dialect, ...],
        Meta(description="Dialects it takes as they are. Unset: what is known of it, or chat."),
    ] = ()
    headers: Annotated[
        Mapping[str, Secret],
        Meta(description="Headers added to each request; values may be env:NAME or file:PATH."),
    ] = msgspec.field(default_factory=dict)
    deadlines: ProviderDeadlines = ProviderDeadlines()

    @property
    def credentials(self) -> tuple[Credential, ...]:
        """Its keys in order, labelled by their reference, or by their number where they are written out."""
        secrets = self.keys if self.key is None else (self.key, *self.keys)
        return tuple(
            Credential(label=secret.reference or f"key {number}", secret=secret)
            for number, secret in enumerate(secrets, start=1)
        )


class PriceTier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Dearer rates for long prompts."""

    tokens: Annotated[int, Meta(ge=1, description="Applies to prompts of more than this many tokens.")]
    input: Annotated[Rate | None, Meta(description="US dollars per million prompt tokens.")] = None
    output: Annotated[Rate | None, Meta(description="US dollars per million generated tokens.")] = None
    cache_read: Annotated[Rate | None, Meta(description="The same, for tokens read from its cache.")] = None
    cache_write: Annotated[Rate | None, Meta(description="The same, for tokens written to its cache.")] = None
    reasoning: Annotated[Rate | None, Meta(description="The same, for reasoning tokens.")] = None


class PriceSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an offer costs, instead of what the price catalog says. A rate left out is unknown, not free."""

    input: Annotated[Rate | None, Meta(description="US dollars per million prompt tokens.")] = None
    output: Annotated[Rate | None, Meta(description="US dollars per million generated tokens.")] = None
    cache_read: Annotated[Rate | None, Meta(description="Per million tokens read from its cache. Unset: as input.")] = (
        None
    )
    cache_write: Annotated[
        Rate | None, Meta(description="Per million tokens written to its cache. Unset: as input.")
    ] = None
    reasoning: Annotated[Rate | None, Meta(description="Per million reasoning tokens. Unset: as output.")] = None
    request: Annotated[Rate, Meta(description="US dollars per request.")] = 0.0
    audio_minute: Annotated[Rate | None, Meta(description="US dollars per minute of audio.")] = None
    above: Annotated[tuple[PriceTier, ...], Meta(description="Dearer tiers for long prompts, ascending.")] = ()

    def price(self) -> Price:
        """The same in the house's own word for it."""
        return Price(
            input=self.input,
            output=self.output,
            cache_read=self.cache_read,
            cache_write=self.cache_write,
            reasoning=self.reasoning,
            request=self.request,
            audio_minute=self.audio_minute,
            above=tuple((tier.tokens, self._tier(tier)) for tier in self.above),
        )

    def _tier(self, tier: PriceTier) -> Price:
        return Price(
            input=tier.input,
            output=tier.output,
            cache_read=tier.cache_read,
            cache_write=tier.cache_write,
            reasoning=tier.reasoning,
            request=self.request,
            audio_minute=self.audio_minute,
        )
