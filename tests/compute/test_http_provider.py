"""Any service that speaks a dialect of ours over HTTP: what goes out, what comes back, and whose key is to blame."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import pytest

from freehold.compute.keyring import ProviderKey
from freehold.compute.provider import Answer, AnswerStream
from freehold.compute.providers.http import HttpEndpoint, HttpProvider
from freehold.compute.providers.multipart import decode_form
from freehold.compute.providers.quirks import Quirks
from freehold.compute.upstream import Deadlines, Upstream, open_upstream
from freehold.ground.errors import (
    CannotServe,
    CredentialRejected,
    ProviderBroken,
    ProviderBusy,
    ProviderRefused,
    ProviderTimedOut,
    ProviderUnreachable,
    TryAnother,
)
from freehold.ground.units import Seconds
from freehold.testing.fake_provider import fake_offer
from freehold.testing.faulty import (
    FaultyServer,
    black_hole,
    closed_port,
    error_status,
    openai_chat,
    reply,
    reset_in_body,
    too_many_requests,
)
from freehold.words.asks import Ask, Upload
from freehold.words.dialects import Dialect
from freehold.words.offers import Offer
from freehold.words.prices import NO_USAGE, Usage

PATHS = {
    Dialect.CHAT: "/chat/completions",
    Dialect.EMBEDDINGS: "/embeddings",
    Dialect.TRANSCRIPTIONS: "/audio/transcriptions",
}
OFFER = fake_offer("far", "big-model", dialects=frozenset(PATHS))
Make = Callable[..., HttpProvider]


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    opened = open_upstream()
    yield opened
    await opened.aclose()


@pytest.fixture
async def server() -> AsyncIterator[FaultyServer]:
    async with FaultyServer(openai_chat("Hello there.")) as served:
        yield served


@pytest.fixture
def make(server: FaultyServer, upstream: Upstream) -> Make:
    def provider(*keys: str, offers: tuple[Offer, ...] = (OFFER,), **details: Any) -> HttpProvider:
        endpoint = HttpEndpoint(**{"name": "far", "base_url": f"{server.url}/v1", "paths": PATHS, **details})
        ring = [
            ProviderKey(label=label, header=f"authorization: Bearer {label}-secret\r\n".encode())
            for label in keys or ("a",)
        ]
        return HttpProvider(endpoint, offers=offers, keys=ring, upstream=upstream)

    return provider


def asking(*, stream: bool = False, dialect: Dialect = Dialect.CHAT, size: int = 400, **fields: Any) -> Ask:
    fields = {"model": "auto", "messages": [{"role": "user", "content": "Hi."}], **fields}
    fields = {**fields, "stream": True} if stream else fields
    raw = {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in fields.items()}
    return Ask(id="r1", dialect=dialect, model="auto", fields=raw, stream=stream, needs=frozenset(), size=size)


async def answer(provider: HttpProvider, ask: Ask | None = None) -> Answer:
    found = await provider.infer(ask or asking(), OFFER)
    assert isinstance(found, Answer)
    return found


async def collected(provider: HttpProvider, **fields: Any) -> tuple[bytes, AnswerStream]:
    stream = await provider.infer(asking(stream=True, **fields), OFFER)
    assert not isinstance(stream, Answer)
    return b"".join([piece async for piece in stream]), stream


async def test_the_request_goes_out_as_it_came_with_model_and_key_put_in(make: Make, server: FaultyServer) -> None:
    provider = make(headers={"x-team": "blue"})
    found = await answer(provider, asking(temperature=0.5, unknown_field={"kept": [1, 2]}))
    assert found.usage == Usage(input=7, output=2)
    (heard,) = server.exchanges
    assert heard.target == "/v1/chat/completions"
    assert heard.headers["authorization"] == "Bearer a-secret"
    assert heard.headers["x-team"] == "blue"
    assert json.loads(heard.body) == {
        "model": "big-model",
        "messages": [{"role": "user", "content": "Hi."}],
        "temperature": 0.5,
        "unknown_field": {"kept": [1, 2]},
    }


async def test_a_model_met_through_a_wildcard_is_named_as_it_was_asked_for(make: Make, server: FaultyServer) -> None:
    found = await make().infer(asking(), fake_offer("far", "some/other:model"))
    assert isinstance(found, Answer)
    assert json.loads(server.exchanges[0].body)["model"] == "some/other:model"


async def test_counts_are_asked_for_and_kept_from_those_who_did_not_ask(make: Make, server: FaultyServer) -> None:
    events, stream = await collected(make())
    assert b'"usage":{' not in events
    assert stream.usage == Usage(input=7, output=2)
    assert json.loads(server.exchanges[0].body)["stream_options"] == {"include_usage": True}
    events, _ = await collected(make(), stream_options={"include_usage": True})
    assert b'"usage":{' in events


async def test_other_stream_options_are_kept(make: Make, server: FaultyServer) -> None:
    await collected(make(), stream_options={"include_obfuscation": False})
    assert json.loads(server.exchanges[0].body)["stream_options"] == {
        "include_obfuscation": False,
        "include_usage": True,
    }


async def test_a_service_that_does_not_take_stream_options_is_sent_none(make: Make, server: FaultyServer) -> None:
    events, stream = await collected(make(stream_usage=False))
    assert "stream_options" not in json.loads(server.exchanges[0].body)
    assert stream.usage.estimated
    assert stream.usage.output >= 2
    assert events.endswith(b"data: [DONE]\n\n")


async def test_quirks_are_applied(make: Make, server: FaultyServer) -> None:
    await answer(make(quirks=Quirks(output_limit="max_tokens")), asking(max_completion_tokens=5))
    assert json.loads(server.exchanges[0].body)["max_tokens"] == 5


async def test_files_go_out_as_forms(make: Make, server: FaultyServer) -> None:
    server.script(reply(b"Hello.", headers={"content-type": "text/plain"}))
    upload = Upload(filename="a.wav", content_type="audio/wav", data=b"RIFF")
    ask = msgspec.structs.replace(asking(dialect=Dialect.TRANSCRIPTIONS, response_format="text"), upload=upload)
    found = await answer(make(), ask)
    assert (found.body, found.content_type, found.usage) == (b"Hello.", "text/plain", NO_USAGE)
    heard = server.exchanges[0]
    fields, sent = decode_form(heard.headers["content-type"], heard.body)
    assert sent == upload
    assert bytes(fields["model"]) == b'"big-model"'
    assert heard.target == "/v1/audio/transcriptions"


async def test_an_answer_without_counts_is_estimated_and_called_so(make: Make, server: FaultyServer) -> None:
    body = b'{"choices":[{"index":0,"message":{"role":"assistant","content":"Hello."},"finish_reason":"stop"}]}'
    server.script(reply(body))
    found = await answer(make())
    assert found.usage == Usage(input=100, output=len(body) // 4, estimated=True)
    assert found.body == body


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html>", "not a JSON object"),
        (b"[1]", "not a JSON object"),
        (b"", "not a JSON object"),
        (b'{"error": {"message": "no"}}', "error inside"),
    ],
)
async def test_a_200_that_is_no_answer_is_none(make: Make, server: FaultyServer, body: bytes, words: str) -> None:
    server.script(reply(body))
    with pytest.raises(ProviderBroken, match=words):
        await answer(make())


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ProviderRefused),
        (401, CredentialRejected),
        (402, CredentialRejected),
        (403, CredentialRejected),
        (404, CannotServe),
        (413, ProviderRefused),
        (422, ProviderRefused),
        (429, ProviderBusy),
        (500, ProviderBroken),
        (503, ProviderBroken),
        (529, ProviderBusy),
        (302, ProviderBroken),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_every_status_has_its_meaning(
    make: Make, server: FaultyServer, status: int, kind: type[Exception], stream: bool
) -> None:
    server.script(error_status(status, message="because"))
    provider = make()
    with pytest.raises(kind) as caught:
        await provider.infer(asking(stream=stream), OFFER)
    if isinstance(caught.value, TryAnother):
        assert (caught.value.status, caught.value.key) == (status, "a")
    else:
        assert json.loads(caught.value.body)["error"]["message"] == "because"  # type: ignore[attr-defined]
    assert "secret" not in str(caught.value)
    assert provider.in_flight == 0


async def test_a_banned_key_is_set_aside_and_the_next_one_is_tried_at_once(make: Make, server: FaultyServer) -> None:
    provider = make("a", "b")
    server.script(error_status(401), openai_chat())
    with pytest.raises(CredentialRejected) as caught:
        await answer(provider)
    assert caught.value.at_once
    assert caught.value.key == "a"
    await answer(provider)
    await answer(provider)
    assert [exchange.headers["authorization"] for exchange in server.exchanges] == [
        "Bearer a-secret",
        "Bearer b-secret",
        "Bearer b-secret",
    ]
    status = provider.status()
    assert status.ready
    assert [(key.label, bool(key.set_aside)) for key in status.keys] == [("a", True), ("b", False)]


async def test_with_every_key_banned_nobody_is_asked(make: Make, server: FaultyServer) -> None:
    provider = make()
    server.script(error_status(403))
    with pytest.raises(CredentialRejected) as caught:
        await answer(provider)
    assert not caught.value.at_once
    with pytest.raises(CredentialRejected, match="Every key of far is set aside"):
        await answer(provider)
    assert len(server.exchanges) == 1
    assert (provider.status().ready, provider.status().reason) == (False, "no usable key")


async def test_a_limited_key_rests_as_long_as_it_is_told(make: Make, server: FaultyServer) -> None:
    provider = make()
    server.script(too_many_requests(retry_after="30"), openai_chat())
    with pytest.raises(ProviderBusy) as caught:
        await answer(provider)
    assert caught.value.retry_after == 30
    with pytest.raises(ProviderBusy, match="rests") as again:
        await answer(provider)
    assert 29 < (again.value.retry_after or 0) <= 30
    assert len(server.exchanges) == 1


async def test_its_own_bounds_are_kept_without_asking(make: Make, server: FaultyServer) -> None:
    server.script(black_hole())
    provider = make(max_concurrency=1)
    first = asyncio.create_task(provider.infer(asking(), OFFER))
    await server.arrived()
    with pytest.raises(ProviderBusy, match="its configured bound"):
        await answer(provider)
    first.cancel()
    await asyncio.wait([first])
    assert provider.in_flight == 0
    server.script(openai_chat())
    paced = make(requests_per_minute=1)
    await answer(paced)
    with pytest.raises(ProviderBusy, match="rate limit") as caught:
        await answer(paced)
    assert 59 < (caught.value.retry_after or 0) <= 60


async def test_silence_is_given_up_after_the_shortest_deadline(make: Make, server: FaultyServer) -> None:
    server.script(black_hole())
    with pytest.raises(ProviderTimedOut):
        await make(deadlines=Deadlines(first_byte=Seconds(0.02))).infer(asking(), OFFER)
    with pytest.raises(ProviderTimedOut):
        await make().infer(asking(), OFFER, timeout=Seconds(0.02))
    for exchange in server.exchanges:
        await exchange.client_gone.wait()


async def test_an_answer_beyond_bounds_is_not_swallowed(make: Make, server: FaultyServer) -> None:
    server.script(reply(b'{"padding": "%b"}' % (b"x" * 10_000)))
    with pytest.raises(TryAnother):
        await answer(make(max_answer_bytes=1000))


async def test_broken_connections_are_told_apart_from_answers(make: Make, server: FaultyServer) -> None:
    server.script(reset_in_body())
    with pytest.raises(TryAnother):
        await answer(make())
    with closed_port() as port, pytest.raises(ProviderUnreachable):
        await answer(make(base_url=f"http://127.0.0.1:{port}/v1"))


async def test_the_path_of_the_base_is_kept(make: Make, server: FaultyServer) -> None:
    await answer(make(base_url=f"{server.url}/deep/down/v2/"))
    assert server.exchanges[0].target == "/deep/down/v2/chat/completions"


async def test_offers_and_status_touch_no_network(make: Make, server: FaultyServer) -> None:
    provider = make("a", "b")
    assert tuple(provider.offers()) == (OFFER,)
    assert provider.status().ready
    assert provider.name == "far"
    await provider.aclose()
    assert not server.exchanges
