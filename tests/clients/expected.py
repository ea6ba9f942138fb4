"""What each cell of the matrix is expected to come to. Every cell that a client can ask for is tested to come to just that."""

from __future__ import annotations

import msgspec

from freehold.words.dialects import Dialect

from .features import Feature
from .roster import Client
from .upstreams import ANTHROPIC, CODE, LOCAL, OPENAI, UPSTREAMS, Upstream


class Works(msgspec.Struct, frozen=True):
    """The answer is there, whole and right."""


class Answers(msgspec.Struct, frozen=True):
    """The answer is there without what the feature is about, which this upstream does not show."""

    why: str


class Refuses(msgspec.Struct, frozen=True):
    """Status 400 with that code, and words that name what cannot be had."""

    code: str
    naming: str


class Unasked(msgspec.Struct, frozen=True):
    """The client has no way to ask for it."""

    why: str


Outcome = Works | Answers | Refuses | Unasked

_TOOLS = (Feature.TOOLS, Feature.TOOLS_STREAM)
_REASONING = (Feature.REASONING, Feature.REASONING_STREAM)
_ROUTES = (Feature.EMBEDDINGS, Feature.TRANSCRIPTION, Feature.RERANK)


def _unable(what: str) -> Refuses:
    return Refuses("nothing_fits", f"cannot do: {what}")


def _unspoken(route: Feature) -> Refuses:
    return Refuses("nothing_fits", f"does not speak {'transcriptions' if route is Feature.TRANSCRIPTION else route}")


_SILENT = Refuses("nothing_fits", "Plain code")
_REFUSED: dict[tuple[str, Feature], Refuses] = {
    (OPENAI.name, Feature.RERANK): _unspoken(Feature.RERANK),
    (ANTHROPIC.name, Feature.LOGPROBS): _unable("logprobs"),
    (ANTHROPIC.name, Feature.CHOICES): Refuses("not_translatable", "`n`"),
    (ANTHROPIC.name, Feature.COMPLETION): _unable("completion"),
    **{(ANTHROPIC.name, route): _unspoken(route) for route in _ROUTES},
    **{(LOCAL.name, feature): _unable("tools") for feature in _TOOLS},
    (LOCAL.name, Feature.VISION): _unable("vision"),
    (LOCAL.name, Feature.CHOICES): Refuses("nothing_fits", "one choice per request"),
    (LOCAL.name, Feature.RERANK): _unspoken(Feature.RERANK),
    **{(CODE.name, feature): _unable("tools") for feature in _TOOLS},
    (CODE.name, Feature.VISION): _unable("vision"),
    (CODE.name, Feature.LOGPROBS): _unable("logprobs"),
    (CODE.name, Feature.COMPLETION): _unable("completion"),
    **{(CODE.name, feature): _SILENT for feature in (Feature.STRUCTURED, Feature.STOP, Feature.CHOICES)},
    **{(CODE.name, route): _unspoken(route) for route in _ROUTES},
}
_WITHOUT: dict[tuple[str, Feature], Answers] = {
    **{(LOCAL.name, feature): Answers("this model does not think aloud") for feature in _REASONING},
    **{(CODE.name, feature): Answers("code does not think") for feature in _REASONING},
}
_HIDDEN = Answers("OpenAI shows reasoning on Responses only")


def expected(client: Client, upstream: Upstream, feature: Feature) -> Outcome:
    """The outcome of one cell."""
    if (why := client.without.get(feature)) is not None:
        return Unasked(why)
    if upstream is OPENAI and feature in _REASONING and client.speaks is not Dialect.RESPONSES:
        return _HIDDEN
    cell = (upstream.name, feature)
    return _REFUSED.get(cell) or _WITHOUT.get(cell) or Works()


def asked(client: Client) -> list[tuple[Upstream, Feature, Outcome]]:
    """Every cell that the client can ask for."""
    cells = [(upstream, feature, expected(client, upstream, feature)) for feature in Feature for upstream in UPSTREAMS]
    return [cell for cell in cells if not isinstance(cell[2], Unasked)]
