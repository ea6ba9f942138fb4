"""With nobody else to ask, the client gets an error that says what happened: right status, right shape, in time."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import upstreams
from gateways import Gateway, Pair
from upstreams import Midway
from wires import Reply, ask, chat, connected, request, send

from freehold.testing.faulty import (
    Behaviour,
    Exchange,
    FaultyServer,
    black_hole,
    drip,
    error_event_first,
    error_status,
    garbage,
    openai_chat,
    reply,
    reset_at_once,
    reset_in_chunk,
    too_many_requests,
)

ERRORS: dict[str, tuple[Callable[[], Behaviour], int, str]] = {
    "reset at once": (reset_at_once, 502, "all_providers_failed"),
    "reset in a chunk": (reset_in_chunk, 502, "all_providers_failed"),
    "not HTTP": (garbage, 502, "all_providers_failed"),
    "a web page": (lambda: reply(b"<html>"), 502, "all_providers_failed"),
    "500": (lambda: error_status(500), 502, "all_providers_failed"),
    "401": (lambda: error_status(401), 502, "all_providers_failed"),
    "402": (lambda: error_status(402), 502, "all_providers_failed"),
    "silence": (black_hole, 504, "all_providers_timed_out"),
    "a byte now and then": (lambda: drip(interval=0.1), 504, "all_providers_timed_out"),
    "429": (too_many_requests, 429, "all_providers_busy"),
    "404": (lambda: error_status(404), 404, "model_not_found"),
}
BROKEN_STREAMS: dict[str, tuple[Behaviour, str]] = {
    "an error event": (upstreams.error_event, "provider_broken"),
    "a close": (upstreams.close, "provider_broken"),
    "a reset": (upstreams.reset, "provider_broken"),
    "bytes that are no chunk": (upstreams.garbage, "provider_broken"),
    "an end that is none": (upstreams.proper_end_of_http, "provider_broken"),
    "silence": (upstreams.silence, "provider_timed_out"),
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", ERRORS)
async def test_the_error_says_what_happened(
    gateway: Gateway, pair: Pair, first: FaultyServer, fault: str, stream: bool
) -> None:
    make, status, code = ERRORS[fault]
    first.script(make())
    answer = await ask(gateway.port, f"{pair.first}/m", stream=stream)
    assert (answer.status, answer.error["code"]) == (status, code)
    receipt = await gateway.receipt(answer.id)
    assert (receipt.error, receipt.usd, receipt.stream) == (code, 0, stream)
    assert {each.provider for each in receipt.attempts} == {pair.first}
    assert len(receipt.attempts) == len(first.exchanges)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", ["500", "404", "reset in a chunk"])
async def test_it_does_so_in_the_dialect_that_was_asked(
    gateway: Gateway, pair: Pair, first: FaultyServer, fault: str, stream: bool
) -> None:
    make, status, code = ERRORS[fault]
    first.script(make())
    body = chat(f"{pair.first}/m", stream=stream, max_tokens=9)
    told = await send(gateway.port, request("/v1/messages", body))
    assert (told.status, told.json["type"], told.json["request_id"]) == (status, "error", told.id)
    assert told.json["error"].keys() == {"type", "message"}
    body = body.replace(b'"messages"', b'"input"').replace(b'"max_tokens"', b'"max_output_tokens"')
    told = await send(gateway.port, request("/v1/responses", body))
    assert (told.status, told.error["code"]) == (status, code)


async def test_a_passing_fault_is_tried_again(gateway: Gateway, pair: Pair, first: FaultyServer) -> None:
    first.script(error_status(500), openai_chat("recovered"))
    answer = await ask(gateway.port, f"{pair.first}/m")
    assert (answer.status, answer.text) == (200, "recovered")
    assert [each.error for each in (await gateway.receipt(answer.id)).attempts] == ["provider_broken", ""]


@pytest.mark.parametrize("retry_after", ["1", "0"])
async def test_a_busy_provider_is_asked_again_when_it_said(
    gateway: Gateway, pair: Pair, first: FaultyServer, retry_after: str
) -> None:
    first.script(too_many_requests(retry_after=retry_after), openai_chat("recovered"))
    answer = await ask(gateway.port, f"{pair.first}/m")
    assert (answer.status, answer.text) == (200, "recovered")
    before, after = (await gateway.receipt(answer.id)).attempts
    assert (before.error, before.status, after.error) == ("provider_busy", 429, "")
    assert after.started - before.started >= float(retry_after)


async def test_a_busy_provider_that_names_no_time_is_asked_again_too(
    gateway: Gateway, pair: Pair, first: FaultyServer
) -> None:
    first.script(too_many_requests(), openai_chat("recovered"))
    answer = await ask(gateway.port, f"{pair.first}/m")
    assert (answer.status, answer.text) == (200, "recovered")
    assert len(first.exchanges) == 2


async def test_a_wait_beyond_the_deadline_is_passed_on_at_once(
    gateway: Gateway, pair: Pair, first: FaultyServer
) -> None:
    first.script(too_many_requests(retry_after="60"))
    answer = await ask(gateway.port, f"{pair.first}/m")
    assert (answer.status, answer.headers["retry-after"]) == (429, "60")
    assert (await gateway.receipt(answer.id)).seconds < 2
    assert len(first.exchanges) == 1


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_a_verdict_on_the_request_itself_is_passed_on_and_nobody_else_is_asked(
    gateway: Gateway, pair: Pair, first: FaultyServer, second: FaultyServer, status: int
) -> None:
    first.script(error_status(status, message="no such role"))
    answer = await ask(gateway.port, pair.model)
    assert (answer.status, answer.error["message"]) == (status, "no such role")
    assert second.exchanges == []
    assert (await gateway.receipt(answer.id)).outcome == "refused"


@pytest.mark.parametrize("fault", BROKEN_STREAMS)
async def test_a_stream_that_breaks_ends_in_an_error_event(
    gateway: Gateway, pair: Pair, first: FaultyServer, second: FaultyServer, fault: str
) -> None:
    then, code = BROKEN_STREAMS[fault]
    midway = Midway(then)
    first.script(midway)
    async with connected(gateway.port) as wire:
        await wire.send(request(body=chat(pair.model, stream=True)))
        status, headers = await wire.head()
        begun = await wire.piece()
        midway.go.set()
        body, whole = await wire.chunks()
    answer = Reply(status=status, headers=headers, body=begun + body, whole=whole)
    assert (answer.status, answer.whole, answer.streamed_text) == (200, True, "Hello from")
    assert answer.events[-1]["error"]["code"] == code
    assert second.exchanges == []
    receipt = await gateway.receipt(answer.id)
    assert (receipt.outcome, receipt.error, receipt.provider) == ("failed", code, pair.first)
    assert [(each.outcome, each.error) for each in receipt.attempts] == [("failed", code)]


DONE = upstreams.framed(b"data: [DONE]\n\n")


@pytest.mark.parametrize("after", [upstreams.close, upstreams.reset, upstreams.silence, upstreams.garbage])
async def test_an_answer_that_is_complete_is_good_whatever_becomes_of_the_connection(
    gateway: Gateway, pair: Pair, first: FaultyServer, after: Behaviour
) -> None:
    async def end(exchange: Exchange) -> None:
        await exchange.send(DONE)
        await after(exchange)

    midway = Midway(end)
    midway.go.set()
    first.script(midway)
    answer = await ask(gateway.port, f"{pair.first}/m", stream=True)
    assert (answer.whole, answer.streamed_text, answer.events[-1]) == (True, "Hello from", "[DONE]")
    assert (await gateway.receipt(answer.id)).outcome == "ok"
    assert gateway.provider(pair.first)["last_error"] == ""


async def test_what_was_said_before_an_error_in_the_same_breath_is_passed_on(
    gateway: Gateway, pair: Pair, first: FaultyServer
) -> None:
    async def more_and_an_error(exchange: Exchange) -> None:
        error = upstreams.framed(b'data: {"error": {"message": "the engine fell over"}}\n\n')
        await exchange.send(upstreams.said(" us") + error + upstreams.LAST_CHUNK)

    midway = Midway(more_and_an_error)
    first.script(midway)
    async with connected(gateway.port) as wire:
        await wire.send(request(body=chat(f"{pair.first}/m", stream=True)))
        status, headers = await wire.head()
        begun = await wire.piece()
        midway.go.set()
        body, whole = await wire.chunks()
    answer = Reply(status=status, headers=headers, body=begun + body, whole=whole)
    assert answer.streamed_text == "Hello from us"
    assert answer.events[-1]["error"]["code"] == "provider_broken"


async def test_a_stream_whose_first_event_is_an_error_is_no_stream(
    gateway: Gateway, pair: Pair, first: FaultyServer
) -> None:
    first.script(error_event_first())
    answer = await ask(gateway.port, f"{pair.first}/m", stream=True)
    assert answer.status == 502
    assert "the engine fell over" in answer.error["message"]
