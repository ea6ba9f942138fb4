"""Freehold as a library: the same care as over HTTP, in Python's words."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

import freehold
from freehold.app.abstraction import ComputeAbstractionLayer
from freehold.app.build import House
from freehold.app.config import load_text
from freehold.ground.database import open_database
from freehold.ground.errors import (
    AllFailed,
    DeadlineExceeded,
    InvalidConfig,
    InvalidRequest,
    NotAvailable,
    NothingFits,
    ProviderBroken,
    ProviderRefused,
    ProviderUnreachable,
    UnknownModel,
)
from freehold.ground.paths import Home
from freehold.ground.units import Seconds, Usd
from freehold.stack.receipts import ReceiptStore
from freehold.testing import FakeProvider
from freehold.testing.fake_provider import breaks, fails, hangs, says
from freehold.testing.vendors import FakeOpenAI
from freehold.words.asks import ComputeRequirements, Privacy
from freehold.words.dialects import Capability
from freehold.words.offers import Place
from freehold.words.prices import FREE, Price, Usage
from freehold.words.receipts import Outcome, Receipt

QUIET = "[local]\nenabled = false\ndiscovery = false\ncode = false\n"


class Opened:
    """A layer over fake providers, and its receipts."""

    def __init__(self, layer: ComputeAbstractionLayer, house: House) -> None:
        self.layer = layer
        self._house = house
        self._told: list[Receipt] = []
        house.desk.receipts.on_batch(self._told.extend)

    def add(self, *providers: FakeProvider) -> None:
        for provider in providers:
            self._house.catalog.add(provider)

    @property
    def receipts(self) -> list[Receipt]:
        self._house.desk.receipts.flush().result(10)
        return self._told

    @property
    def in_flight(self) -> int:
        return self._house.desk.in_flight


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Opened]:
    house = House(load_text(QUIET, environment={}).settings, Home(tmp_path))
    layer = ComputeAbstractionLayer(house)
    made = Opened(layer, house)
    async with layer:
        yield made
        assert made.in_flight == 0


async def text_of(stream: AsyncIterator[Any]) -> str:
    return "".join([delta.text async for delta in stream])


async def test_a_question_is_answered_with_its_receipt(opened: Opened) -> None:
    opened.add(
        FakeProvider("a", price=Price(input=1.0, output=2.0)).script(says("Paris.", usage=Usage(input=9, output=2)))
    )
    result = await opened.layer.inference("auto", "What is the capital of France?")
    assert (result.text, result.finish_reason, result.usage) == ("Paris.", "stop", Usage(input=9, output=2))
    assert (result.receipt.provider, result.receipt.outcome) == ("a", Outcome.OK)
    assert result.receipt.usd == pytest.approx(13e-6)
    (written,) = opened.receipts
    assert written.id == result.receipt.id
    assert msgspec.json.decode(result.body)["choices"][0]["message"]["content"] == "Paris."


@pytest.mark.parametrize(
    "inputs",
    [
        "Hi.",
        [{"role": "user", "content": "Hi."}],
        ({"role": "user", "content": "Hi."},),
        {"messages": [{"role": "user", "content": "Hi."}]},
    ],
)
async def test_a_question_may_be_put_in_several_ways(opened: Opened, inputs: Any) -> None:
    provider = FakeProvider()
    opened.add(provider)
    await opened.layer.inference("auto", inputs, temperature=0.5)
    fields = {name: msgspec.json.decode(raw) for name, raw in provider.heard[0].ask.fields.items()}
    assert fields["messages"] == [{"role": "user", "content": "Hi."}]
    assert (fields["temperature"], fields["model"]) == (0.5, "auto")


async def test_it_fails_over_and_says_so(opened: Opened) -> None:
    opened.add(
        FakeProvider("a", preference=0).script(fails(ProviderUnreachable("gone"))), FakeProvider("b", preference=1)
    )
    result = await opened.layer.inference("auto", "Hi.")
    assert [attempt.provider for attempt in result.receipt.attempts] == ["a", "b"]


async def test_tool_calls_come_as_they_were_written(opened: Opened) -> None:
    provider = FakeProvider()
    opened.add(provider)
    original = provider.infer

    async def calling(*args: Any, **options: Any) -> Any:
        answer = await original(*args, **options)
        call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"city": "Oslo"}'}}
        message = {"role": "assistant", "content": None, "reasoning_content": "Let me look.", "tool_calls": [call]}
        answer.body = msgspec.json.encode(
            {"choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]}
        )
        return answer

    provider.infer = calling  # type: ignore[method-assign]
    result = await opened.layer.inference("auto", "Look up Oslo.", tools=[{"type": "function"}])
    (called,) = result.tool_calls
    assert (called.id, called.name, called.arguments) == ("c1", "look", '{"city": "Oslo"}')
    assert (result.text, result.reasoning) == ("", "Let me look.")


@pytest.mark.parametrize(
    ("options", "need"),
    [
        ({"tools": [{"type": "function"}]}, Capability.TOOLS),
        ({"response_format": {"type": "json_object"}}, Capability.STRUCTURED_OUTPUT),
        ({"logprobs": True}, Capability.LOGPROBS),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, Capability.VISION),
    ],
)
async def test_what_a_request_shows_is_needed_here_too(opened: Opened, options: Any, need: Capability) -> None:
    opened.add(FakeProvider("plain", capabilities=frozenset({Capability.CHAT})))
    with pytest.raises(NothingFits, match=f"cannot do: {need}"):
        await opened.layer.inference("auto", {"messages": [{"role": "user", "content": "Hi."}], **options})


async def test_a_stream_comes_in_pieces(opened: Opened) -> None:
    opened.add(FakeProvider().script(says("One two three.")))
    deltas = [delta async for delta in opened.layer.stream("auto", "Count.")]
    assert [delta.text for delta in deltas if delta.text] == ["One", " two", " three."]
    assert deltas[-1].finish_reason == "stop"
    (receipt,) = opened.receipts
    assert (receipt.stream, receipt.outcome, receipt.usage.output) == (True, Outcome.OK, 3)


async def test_leaving_a_stream_early_stops_the_work(opened: Opened) -> None:
    provider = FakeProvider().script(hangs("One two three"))
    opened.add(provider)
    stream = opened.layer.stream("auto", "Count.")
    async for delta in stream:
        if delta.text:
            break
    await stream.aclose()  # type: ignore[attr-defined]
    assert provider.heard[0].stopped.is_set()
    (receipt,) = opened.receipts
    assert (receipt.outcome, receipt.error) == (Outcome.CANCELLED, "client_gone")


async def test_a_stream_that_breaks_raises(opened: Opened) -> None:
    opened.add(FakeProvider().script(breaks()))
    with pytest.raises(ProviderBroken):
        await text_of(opened.layer.stream("auto", "Hi."))
    assert opened.receipts[0].outcome is Outcome.FAILED


async def test_a_deadline_is_told_as_such_and_leaves_the_callers_task_alone(opened: Opened) -> None:
    provider = FakeProvider().script(hangs())
    opened.add(provider)
    limits = ComputeRequirements(deadline=Seconds(0.02))
    with pytest.raises(DeadlineExceeded) as caught:
        await opened.layer.inference("auto", "Hi.", limits)
    assert caught.value.advice
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    assert provider.heard[0].stopped.is_set()
    assert opened.receipts[0].error == "deadline_exceeded"


async def test_a_deadline_that_passes_while_the_caller_is_busy_is_told_when_it_asks_for_more(opened: Opened) -> None:
    provider = FakeProvider().script(hangs("One two"))
    opened.add(provider)
    stream = opened.layer.stream("auto", "Count.", ComputeRequirements(deadline=Seconds(0.3)))
    await anext(stream)
    await asyncio.sleep(0.5)  # longer than the deadline, and than two ticks of the watch over all calls
    with pytest.raises(DeadlineExceeded):
        await text_of(stream)
    assert provider.heard[0].stopped.is_set()


async def test_whoever_cancels_is_cancelled(opened: Opened) -> None:
    provider = FakeProvider().script(hangs())
    opened.add(provider)
    task = asyncio.create_task(opened.layer.inference("auto", "Hi."))
    await provider.arrived()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert opened.receipts[0].outcome is Outcome.CANCELLED


@pytest.mark.parametrize(
    ("limits", "chosen"),
    [
        (ComputeRequirements(), "here"),
        (ComputeRequirements(privacy=Privacy.OWN), "here"),
        (ComputeRequirements(region="eu"), "europe"),
        (ComputeRequirements(max_retention_days=0), "europe"),
        (ComputeRequirements(capabilities=frozenset({Capability.VISION})), "europe"),
        (ComputeRequirements(max_usd=Usd(0.0)), "here"),
    ],
)
async def test_requirements_choose(opened: Opened, limits: ComputeRequirements, chosen: str) -> None:
    opened.add(
        FakeProvider("europe", region="eu-west", retention_days=0),
        FakeProvider("here", place=Place.LOCAL, price=FREE, capabilities=frozenset({Capability.CHAT})),
    )
    assert (await opened.layer.inference("auto", "Hi.", limits)).receipt.provider == chosen


async def test_explaining_asks_nobody(opened: Opened) -> None:
    here, cloud = FakeProvider("here", place=Place.LOCAL), FakeProvider("cloud")
    opened.add(here, cloud)
    plan = opened.layer.explain("auto", "Hi.", ComputeRequirements(privacy=Privacy.LOCAL))
    assert [choice.offer.provider for choice in plan.choices] == ["here"]
    assert [(rejected.offer.provider, rejected.why) for rejected in plan.rejected] == [
        ("cloud", "privacy is local, and it runs in the cloud")
    ]
    assert not here.heard
    assert not cloud.heard
    assert opened.receipts == []


async def test_what_is_not_there_yet_says_what_to_do_instead(opened: Opened) -> None:
    for work in (opened.layer.training({}, []), opened.layer.deploy_model("model.gguf")):
        with pytest.raises(NotAvailable) as caught:
            await work
        assert "No provider here can" in caught.value.message
        assert "freehold pull" in caught.value.advice


@pytest.mark.parametrize(
    ("inputs", "options"), [({"messages": []}, {}), ([], {}), ("", {"messages": None}), ("Hi.", {"user": object()})]
)
async def test_nonsense_is_refused(opened: Opened, inputs: Any, options: Any) -> None:
    opened.add(FakeProvider())
    with pytest.raises(InvalidRequest):
        await opened.layer.inference("auto", inputs, **options)


async def test_errors_are_freeholds_and_carry_advice(opened: Opened) -> None:
    with pytest.raises(UnknownModel):
        await opened.layer.inference("auto", "Hi.")
    opened.add(FakeProvider("a").script(fails(ProviderRefused("too long")), fails(ProviderUnreachable("gone"))))
    for expected in (ProviderRefused, AllFailed):
        with pytest.raises(expected) as caught:
            await opened.layer.inference("auto", "Hi.")
        assert isinstance(caught.value, freehold.FreeholdError)
        assert caught.value.advice


@pytest.mark.parametrize("body", [b"no json", b'{"choices": 5}', b'{"choices": [{"message": {"content": [1]}}]}'])
async def test_an_answer_that_makes_no_sense_is_a_broken_provider(opened: Opened, body: bytes) -> None:
    provider = FakeProvider()
    opened.add(provider)
    original = provider.infer

    async def babbling(*args: Any, **options: Any) -> Any:
        answer = await original(*args, **options)
        answer.body = body
        return answer

    provider.infer = babbling  # type: ignore[method-assign]
    with pytest.raises(ProviderBroken):
        await opened.layer.inference("auto", "Hi.")
    assert opened.receipts[0].outcome is Outcome.FAILED


async def test_a_configuration_is_all_it_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FREEHOLD_HOME", str(tmp_path / "home"))
    async with FakeOpenAI() as vendor:
        config = tmp_path / "freehold.toml"
        config.write_text(
            f'{QUIET}[providers.far]\nlike = "self_hosted"\nbase_url = "{vendor.base_url}"\n'
            f'models = ["gpt-4o-mini"]\nkey = "{vendor.key}"\n'
        )
        config.chmod(0o600)
        async with freehold.open(str(config)) as compute:
            result = await compute.inference("auto", "Say hello.")
            said = await text_of(compute.stream("far/gpt-4o-mini", "Say hello."))
    assert result.text == said == "You said: Say hello."
    database = open_database(tmp_path / "home" / "state" / "freehold.db")
    assert len(ReceiptStore(database).recent(limit=10)) == 2
    database.close()


def test_a_wrong_configuration_is_told_before_anything_starts(tmp_path: Path) -> None:
    wrong = tmp_path / "freehold.toml"
    wrong.write_text("[serve]\n")
    with pytest.raises(InvalidConfig):
        freehold.open(str(wrong))
