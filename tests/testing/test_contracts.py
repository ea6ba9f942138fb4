"""Every provider keeps the contract, and the contract catches those who do not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from contract_stages import CodeStage, FakeStage, HttpStage, LlamaCppStage, OnnxStage, asking

from freehold.compute.models.pull import pull
from freehold.compute.provider import Answer
from freehold.compute.providers.code import CodeProvider
from freehold.compute.providers.llamacpp import LlamaCppOptions, LlamaCppProvider
from freehold.compute.providers.onnx_embeddings import OnnxEmbeddingsProvider
from freehold.compute.upstream import Upstream, open_upstream
from freehold.ground.errors import NotAvailable
from freehold.ground.paths import Home
from freehold.testing import FakeProvider, contracts
from freehold.testing.contracts import INFERENCE_RULES, Rule, Stage, check_inference_contract, name_of
from freehold.testing.faulty import (
    Behaviour,
    FaultyServer,
    error_event_midway,
    openai_chat,
    stream_cut,
    stream_without_end,
)
from freehold.testing.tiny_gguf import write_tiny_gguf
from freehold.words.asks import Ask
from freehold.words.prices import NO_USAGE

every_rule = pytest.mark.parametrize("rule", INFERENCE_RULES, ids=name_of)


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    opened = open_upstream()
    yield opened
    await opened.aclose()


@pytest.fixture
async def server() -> AsyncIterator[FaultyServer]:
    async with FaultyServer(openai_chat()) as served:
        yield served


@pytest.fixture(scope="module")
def endless_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("home"))
    write_tiny_gguf(home.models / "endless.gguf", context=200_000)
    return home


@pytest.fixture(scope="module")
def minilm_home() -> Home:
    home = Home(Path.home() / ".cache" / "freehold-tests")
    try:
        pull("all-minilm-l6-v2-int8", home)
    except NotAvailable as error:
        pytest.skip(f"the embedding model cannot be pulled here: {error.message}")
    return home


@every_rule
async def test_in_memory(rule: Rule) -> None:
    await rule(FakeStage(FakeProvider()))


@every_rule
async def test_over_http(rule: Rule, server: FaultyServer, upstream: Upstream) -> None:
    await rule(HttpStage(server, upstream))


@pytest.mark.parametrize(
    "broken", [stream_cut(), stream_without_end(), error_event_midway()], ids=["cut", "no end", "error event"]
)
async def test_however_an_http_stream_breaks(broken: Behaviour, server: FaultyServer, upstream: Upstream) -> None:
    await contracts.a_stream_that_ends_too_early_raises(HttpStage(server, upstream, broken=broken))


@every_rule
async def test_plain_code(rule: Rule) -> None:
    provider = CodeProvider()
    await rule(CodeStage(provider, provider.offers()[0]))


@every_rule
async def test_llama_cpp(rule: Rule, endless_home: Home) -> None:
    provider = LlamaCppProvider(endless_home, LlamaCppOptions(threads=1))
    try:
        await rule(LlamaCppStage(provider))
    finally:
        await provider.aclose()


@every_rule
async def test_onnx_embeddings(rule: Rule, minilm_home: Home) -> None:
    provider = OnnxEmbeddingsProvider(minilm_home)
    try:
        await rule(OnnxStage(provider, provider.offers()[0]))
    finally:
        await provider.aclose()


async def test_all_rules_at_once_with_what_was_left_out() -> None:
    assert await check_inference_contract(FakeStage(FakeProvider())) == []
    provider = CodeProvider()
    left_out = await check_inference_contract(CodeStage(provider, provider.offers()[0]))
    assert "a stream that ends too early raises" in left_out
    assert "a stream yields whole events and ends" not in left_out


class Spoiled(FakeProvider):
    """A provider whose streams are spoiled on their way out."""

    async def infer(self, ask: Ask, offer: Any, **options: Any) -> Any:
        answer = await super().infer(ask, offer, **options)
        return answer if isinstance(answer, Answer) else self.spoil(answer)

    def spoil(self, stream: Any) -> Any:
        raise NotImplementedError


class Splits(Spoiled):
    def spoil(self, stream: Any) -> Any:
        stream._events = type(stream._events)(part for piece in stream._events for part in (piece[:5], piece[5:]))
        return stream


class ForgetsToCount(Spoiled):
    def spoil(self, stream: Any) -> Any:
        stream._last = (NO_USAGE, None)
        return stream


class GoesOnBehindItsBack(Spoiled):
    def spoil(self, stream: Any) -> Any:
        async def nothing() -> None: ...

        stream.aclose = nothing
        return stream


class EndsQuietly(Spoiled):
    def spoil(self, stream: Any) -> Any:
        stream._endless = False
        return stream


class HandsOutErrors(FakeProvider):
    """It returns a stream although the first event is an error."""

    async def infer(self, ask: Ask, offer: Any, **options: Any) -> Any:
        try:
            return await super().infer(ask, offer, **options)
        except Exception:
            if not ask.stream:
                raise
            self.script(contracts_says())
            return await super().infer(ask, offer, **options)


class LetsForeignErrorsThrough(FakeProvider):
    async def infer(self, ask: Ask, offer: Any, **options: Any) -> Any:
        try:
            return await super().infer(ask, offer, **options)
        except Exception as error:
            raise OSError("connection refused") from error


class SwallowsCancellation(FakeProvider):
    async def infer(self, ask: Ask, offer: Any, **options: Any) -> Any:
        try:
            return await super().infer(ask, offer, **options)
        except asyncio.CancelledError:
            self.script(contracts_says())
            return await super().infer(ask, offer, **options)


def contracts_says() -> Any:
    from freehold.testing.fake_provider import says

    return says()


@pytest.mark.parametrize(
    ("spoiled", "rule"),
    [
        (Splits, contracts.a_stream_yields_whole_events_and_ends),
        (ForgetsToCount, contracts.usage_is_complete_once_the_stream_has_ended),
        (GoesOnBehindItsBack, contracts.closing_a_stream_early_stops_the_work),
        (GoesOnBehindItsBack, contracts.a_stream_nobody_has_looked_into_can_be_closed),
        (EndsQuietly, contracts.a_stream_that_ends_too_early_raises),
        (HandsOutErrors, contracts.a_stream_that_begins_with_an_error_is_no_stream),
        (LetsForeignErrorsThrough, contracts.whatever_goes_wrong_before_the_first_event_is_raised),
        (LetsForeignErrorsThrough, contracts.the_requests_own_fault_is_told_apart),
        (LetsForeignErrorsThrough, contracts.errors_carry_advice_and_no_foreign_types),
        (SwallowsCancellation, contracts.cancelling_whoever_waits_for_the_answer_stops_the_work),
    ],
)
async def test_who_breaks_a_rule_is_caught(
    spoiled: type[FakeProvider], rule: Rule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contracts, "PATIENCE", 0.2)
    with pytest.raises(AssertionError):
        await rule(FakeStage(spoiled()))


async def test_everything_that_is_broken_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contracts, "PATIENCE", 0.2)
    with pytest.raises(ExceptionGroup) as caught:
        await check_inference_contract(FakeStage(LetsForeignErrorsThrough()))
    assert len(caught.value.exceptions) >= 4


async def test_a_stage_that_sets_little_checks_little() -> None:
    class Bare(Stage):
        async def whole(self) -> Ask:
            return asking()

    provider = FakeProvider()
    left_out = await check_inference_contract(Bare(provider, provider.offers()[0]))
    assert len(left_out) == len(INFERENCE_RULES) - 3
