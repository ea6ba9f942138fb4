"""Whatever goes wrong with one provider, the client gets a good answer from the next, and the receipt says what happened."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from gateways import Gateway, Pair
from wires import ask

from freehold.testing.faulty import (
    Behaviour,
    Exchange,
    FaultyServer,
    black_hole,
    close_at_once,
    drip,
    endless_body,
    error_event_first,
    error_status,
    garbage,
    huge_headers,
    length_too_long,
    length_too_short,
    reply,
    reply_chunked,
    reset_at_once,
    reset_in_body,
    reset_in_chunk,
    reset_in_header,
    stream_cut,
    too_many_requests,
)

EVENTS = {"content-type": "text/event-stream"}
ERROR = b'{"error": {"message": "the engine fell over", "type": "server_error", "param": null, "code": null}}'
Fault = tuple[Callable[[], Behaviour], str, int | None]
"""How the first provider misbehaves; the error code and the status that its attempt has in the receipt."""


async def error_head(exchange: Exchange) -> None:
    await exchange.send(b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 1000\r\n\r\n")


def error_with_silence() -> Behaviour:
    async def behave(exchange: Exchange) -> None:
        await error_head(exchange)
        await exchange.client_gone.wait()

    return behave


def error_that_drips() -> Behaviour:
    async def behave(exchange: Exchange) -> None:
        await error_head(exchange)
        while not exchange.client_gone.is_set():
            await exchange.send(b"x")
            await asyncio.sleep(0.05)

    return behave


BOTH: dict[str, Fault] = {
    "reset at once": (reset_at_once, "provider_unreachable", None),
    "close at once": (close_at_once, "provider_unreachable", None),
    "reset in the head": (reset_in_header, "provider_broken", None),
    "reset in the body": (reset_in_body, "provider_broken", None),
    "reset in a chunk": (reset_in_chunk, "provider_broken", None),
    "a body shorter than promised": (length_too_long, "provider_broken", None),
    "a body that is cut by its length": (lambda: length_too_short(b'{"choi'), "provider_broken", None),
    "silence": (black_hole, "provider_timed_out", None),
    "a byte now and then": (lambda: drip(interval=0.1), "provider_timed_out", None),
    "not HTTP": (garbage, "provider_broken", None),
    "a huge header": (huge_headers, "provider_broken", 200),
    "a thousand headers": (lambda: huge_headers(size=20_000, lines=1000), "provider_broken", 200),
    "not an answer": (lambda: reply(b"{}"), "provider_broken", None),
    "a web page": (lambda: reply(b"<html>", headers={"content-type": "text/html"}), "provider_broken", None),
    "an empty body": (lambda: reply(b""), "provider_broken", None),
    "200 with an error inside": (lambda: reply(ERROR), "provider_broken", None),
    "429": (too_many_requests, "provider_busy", 429),
    "429 with Retry-After": (lambda: too_many_requests(retry_after="7"), "provider_busy", 429),
    "503 with Retry-After": (lambda: error_status(503, headers={"retry-after": "7"}), "provider_busy", 503),
    "500": (lambda: error_status(500), "provider_broken", 500),
    "500 with a body that never comes": (error_with_silence, "provider_broken", 500),
    "502 without a body": (lambda: reply(b"", status=502), "provider_broken", 502),
    "529": (lambda: error_status(529), "provider_busy", 529),
    "a redirect": (lambda: reply(b"", status=302, headers={"location": "/elsewhere"}), "provider_broken", 302),
    "401": (lambda: error_status(401), "credential_rejected", 401),
    "402": (lambda: error_status(402), "credential_rejected", 402),
    "403": (lambda: error_status(403), "credential_rejected", 403),
    "404": (lambda: error_status(404), "cannot_serve", 404),
}
STREAMS: dict[str, Fault] = {
    "an error as the first event": (error_event_first, "provider_broken", None),
    "cut before the first event": (length_too_long, "provider_broken", None),
    "nothing but the end": (lambda: reply_chunked(b"data: [DONE]\n\n", headers=EVENTS), "provider_broken", None),
    "nothing but comments": (lambda: reply_chunked(b": ping\n\n", headers=EVENTS), "provider_broken", None),
    "events that are not JSON": (lambda: reply_chunked(b"data: hello\n\n", headers=EVENTS), "provider_broken", None),
    "a body without end": (endless_body, "provider_broken", None),
    "an event without end": (lambda: endless_body(b"data: x" * 9000), "provider_broken", None),
    "no events at all": (lambda: reply_chunked(headers=EVENTS), "provider_broken", None),
}


async def check(gateway: Gateway, pair: Pair, reply_id: str, code: str, status: int | None, *, stream: bool) -> None:
    receipt = await gateway.receipt(reply_id)
    assert (receipt.outcome, receipt.provider, receipt.stream) == ("ok", pair.second, stream)
    told = [(each.provider, each.outcome, each.error, each.status) for each in receipt.attempts]
    assert told == [(pair.first, "failed", code, status), (pair.second, "ok", "", None)]
    assert receipt.attempts[0].usd == 0
    assert receipt.usage.output == 3


WHOLE: dict[str, Fault] = {
    "500 with a body that drips": (error_that_drips, "provider_broken", 500),
    "a body without end": (endless_body, "provider_broken", 200),
}


@pytest.mark.parametrize("fault", [*BOTH, *WHOLE])
async def test_a_whole_answer_comes_from_the_next(
    gateway: Gateway, pair: Pair, first: FaultyServer, second: FaultyServer, fault: str
) -> None:
    make, code, status = (BOTH | WHOLE)[fault]
    first.script(make())
    answer = await ask(gateway.port, pair.model)
    assert (answer.status, answer.text) == (200, "from the second")
    assert answer.headers["x-freehold-provider"] == pair.second
    assert answer.headers["x-freehold-attempts"] == "2"
    await check(gateway, pair, answer.id, code, status, stream=False)


@pytest.mark.parametrize("fault", [*BOTH, *STREAMS])
async def test_a_stream_comes_from_the_next(
    gateway: Gateway, pair: Pair, first: FaultyServer, second: FaultyServer, fault: str
) -> None:
    make, code, status = (BOTH | STREAMS)[fault]
    first.script(make())
    answer = await ask(gateway.port, pair.model, stream=True)
    assert (answer.status, answer.whole, answer.streamed_text) == (200, True, "from the second")
    assert answer.events[-1] == "[DONE]"
    assert answer.headers["x-freehold-attempts"] == "2"
    await check(gateway, pair, answer.id, code, status, stream=True)


@pytest.mark.parametrize("stream", [False, True])
async def test_nobody_listening_is_no_obstacle(
    gateway: Gateway, pair: Pair, second: FaultyServer, stream: bool
) -> None:
    answer = await ask(gateway.port, pair.model, stream=stream)
    assert answer.status == 200
    await check(gateway, pair, answer.id, "provider_unreachable", None, stream=stream)


async def test_nothing_is_switched_once_a_stream_has_begun(
    gateway: Gateway, pair: Pair, first: FaultyServer, second: FaultyServer
) -> None:
    first.script(stream_cut())
    answer = await ask(gateway.port, pair.model, stream=True)
    assert answer.streamed_text == "Hello from"
    assert second.exchanges == []
