"""Whether an answer is right: by what it says, not by its having come."""

from __future__ import annotations

import math
from collections.abc import Callable

from freehold.testing.vendors.openai.media import vector

from .features import Feature
from .observed import Called, Counts, Observed
from .samples import CALLED, HEARD, SAID_AFTERWARDS, TEXTS
from .upstreams import CODE, Upstream


def judge(feature: Feature, seen: Observed, to: Upstream) -> None:
    """Raises AssertionError where what was seen is not what `to` is known to answer."""
    _JUDGES[feature](seen, to)


def judge_without(feature: Feature, seen: Observed, to: Upstream) -> None:
    """The same for an upstream that answers and shows no reasoning."""
    assert to.answer in seen.text
    assert seen.reasoning == ""


def _whole(seen: Observed, to: Upstream) -> None:
    assert to.answer in seen.text
    _counted(seen.usage, to)


def _stream(seen: Observed, to: Upstream) -> None:
    assert to.answer in seen.text
    assert seen.pieces >= to.pieces


def _counted(usage: Counts | None, to: Upstream) -> None:
    """A fake's tokens are words; a real model's are its own; code uses none."""
    assert usage is not None
    if to is CODE:
        assert usage == Counts(0, 0)
    else:
        assert usage.prompt > 0
        assert usage.completion == to.pieces if to.invents else usage.completion > 0


def _tools(seen: Observed, to: Upstream) -> None:
    assert seen.calls == tuple(Called(name, {"city": city}) for name, city in CALLED)
    assert seen.text == SAID_AFTERWARDS


def _tools_stream(seen: Observed, to: Upstream) -> None:
    _tools(seen, to)
    assert seen.pieces >= 2 * len(CALLED)


def _structured(seen: Observed, to: Upstream) -> None:
    if to.invents:
        assert seen.parsed == {"name": "name-1", "count": 1}
    else:
        assert set(seen.parsed) == {"name", "count"}
        assert isinstance(seen.parsed["count"], int)
        assert seen.parsed["name"]


def _vision(seen: Observed, to: Upstream) -> None:
    assert "showed 1 images" in seen.text


def _reasoning(seen: Observed, to: Upstream) -> None:
    assert seen.text == to.answer
    assert seen.reasoning == f"Let me think about: {to.question}"


def _reasoning_stream(seen: Observed, to: Upstream) -> None:
    _reasoning(seen, to)
    assert seen.pieces >= to.pieces


def _stop(seen: Observed, to: Upstream) -> None:
    assert seen.text
    assert to.stop_at not in seen.text
    assert not to.invents or seen.text == to.answer.partition(to.stop_at)[0]


def _logprobs(seen: Observed, to: Upstream) -> None:
    assert to.answer in seen.text
    assert "".join(seen.logprobs) == seen.text
    assert seen.alternatives == 2


def _choices(seen: Observed, to: Upstream) -> None:
    assert len(seen.choices) == 2
    assert all(to.answer in choice for choice in seen.choices)


def _embeddings(seen: Observed, to: Upstream) -> None:
    assert len(seen.vectors) == len(TEXTS)
    tax, cat, feline = seen.vectors
    if to.invents:
        assert math.dist(tax, vector(TEXTS[0], len(tax))) < 1e-6
    else:
        assert math.dist(cat, feline) < math.dist(cat, tax)
    assert all(abs(math.hypot(*each) - 1) < 1e-4 for each in seen.vectors)


def _count_tokens(seen: Observed, to: Upstream) -> None:
    assert seen.usage is not None
    assert seen.usage.prompt == to.counted


def _transcription(seen: Observed, to: Upstream) -> None:
    assert (HEARD if not to.invents else "this is castle.wav, which is 66242 bytes long") in seen.text.lower()


def _rerank(seen: Observed, to: Upstream) -> None:
    assert seen.ranking == (1, 2, 0)


def _models(seen: Observed, to: Upstream) -> None:
    one, *listed = seen.names
    assert one == to.model
    assert "auto" in listed
    assert len(set(listed)) == len(listed)


def _text(seen: Observed, to: Upstream) -> None:
    assert to.answer in seen.text


_JUDGES: dict[Feature, Callable[[Observed, Upstream], None]] = {
    Feature.WHOLE: _whole,
    Feature.STREAM: _stream,
    Feature.STREAM_USAGE: _whole,
    Feature.TOOLS: _tools,
    Feature.TOOLS_STREAM: _tools_stream,
    Feature.STRUCTURED: _structured,
    Feature.VISION: _vision,
    Feature.REASONING: _reasoning,
    Feature.REASONING_STREAM: _reasoning_stream,
    Feature.STOP: _stop,
    Feature.LOGPROBS: _logprobs,
    Feature.CHOICES: _choices,
    Feature.COMPLETION: _text,
    Feature.EMBEDDINGS: _embeddings,
    Feature.COUNT_TOKENS: _count_tokens,
    Feature.TRANSCRIPTION: _transcription,
    Feature.RERANK: _rerank,
    Feature.MODELS: _models,
}
