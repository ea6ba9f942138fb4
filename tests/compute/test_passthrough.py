"""A provider's stream goes through byte for byte, and nothing that matters in it goes unseen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.compute.dialects.sse import parse
from freehold.compute.providers.passthrough import Passthrough
from freehold.ground.errors import ProviderBroken, ProviderUnreachable, TryAnother
from freehold.words.dialects import Dialect
from freehold.words.prices import NO_USAGE, Usage

COUNTS = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}


class Wire:
    """A response that comes in pieces, in the place of one from a socket."""

    def __init__(self, pieces: Iterable[bytes], error: Exception | None = None) -> None:
        self._pieces = list(pieces)
        self._error = error
        self.closed = 0

    async def chunk(self) -> bytes:
        if self._pieces:
            return self._pieces.pop(0)
        if self._error is not None:
            raise self._error
        return b""

    def close(self) -> None:
        self.closed += 1


def event(data: Any, name: str = "") -> bytes:
    head = f"event: {name}\n".encode() if name else b""
    return head + b"data: " + (data if isinstance(data, bytes) else msgspec.json.encode(data)) + b"\n\n"


def said(text: str, finish: str | None = None, **more: Any) -> bytes:
    return event({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}], **more})


DONE = event(b"[DONE]")
COUNTED = event({"choices": [], "usage": COUNTS})
WHOLE = [said("Hel"), said("lo"), said("", "stop"), COUNTED, DONE]


class Streamed:
    """A passthrough over pieces, and all that came of it."""

    def __init__(
        self,
        pieces: Iterable[bytes],
        dialect: Dialect = Dialect.CHAT,
        *,
        error: Exception | None = None,
        **options: Any,
    ) -> None:
        self.wire = Wire(pieces, error)
        self.ends = 0
        self.stream = Passthrough(self.wire, dialect, on_end=self._count, **options)  # type: ignore[arg-type]
        self.pieces: list[bytes] = []

    def _count(self) -> None:
        self.ends += 1

    async def run(self) -> bytes:
        await self.stream.prime()
        async for piece in self.stream:
            self.pieces.append(piece)
        return b"".join(self.pieces)


async def test_what_comes_in_goes_out() -> None:
    streamed = Streamed(WHOLE)
    assert await streamed.run() == b"".join(WHOLE)
    assert streamed.stream.usage == Usage(input=9, output=3)
    assert (streamed.wire.closed, streamed.ends) == (1, 1)


@given(st.data(), st.sampled_from([b"\n", b"\r\n", b"\r"]))
async def test_however_the_bytes_are_cut_only_whole_events_go_out(data: st.DataObject, line_end: bytes) -> None:
    whole = b"".join(WHOLE).replace(b"\n", line_end)
    cuts = sorted(data.draw(st.sets(st.integers(1, len(whole) - 1), max_size=12)))
    pieces = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    streamed = Streamed(pieces)
    out = await streamed.run()
    assert [each.data for each in parse(out)] == [each.data for each in parse(b"".join(WHOLE))]
    assert all(parse(piece) for piece in streamed.pieces)
    assert streamed.stream.usage == Usage(input=9, output=3)


async def test_counts_that_nobody_asked_for_are_read_and_left_out() -> None:
    streamed = Streamed(WHOLE, hide_usage=True)
    assert await streamed.run() == b"".join([*WHOLE[:3], DONE])
    assert streamed.stream.usage == Usage(input=9, output=3)


async def test_counts_beside_words_stay() -> None:
    last = said("!", "stop", usage=COUNTS)
    streamed = Streamed([said("Hi"), last, DONE], hide_usage=True)
    assert await streamed.run() == said("Hi") + last + DONE
    assert streamed.stream.usage.output == 3


PROPER = {
    Dialect.CHAT: WHOLE,
    Dialect.COMPLETIONS: [event({"choices": [{"index": 0, "text": "a", "finish_reason": None}]}), DONE],
    Dialect.MESSAGES: [
        event(
            {"type": "message_start", "message": {"usage": {"input_tokens": 5, "output_tokens": 1}}}, "message_start"
        ),
        event({"type": "message_delta", "delta": {}, "usage": {"output_tokens": 7}}, "message_delta"),
        event({"type": "message_stop"}, "message_stop"),
    ],
    Dialect.RESPONSES: [
        event({"type": "response.created", "response": {}}, "response.created"),
        event(
            {"type": "response.completed", "response": {"usage": {"input_tokens": 5, "output_tokens": 7}}},
            "response.completed",
        ),
    ],
}


@pytest.mark.parametrize("dialect", PROPER)
async def test_each_dialect_has_its_proper_end(dialect: Dialect) -> None:
    assert await Streamed(PROPER[dialect], dialect).run() == b"".join(PROPER[dialect])
    cut = Streamed(PROPER[dialect][:1], dialect)
    with pytest.raises(ProviderBroken, match="ended before the answer did"):
        await cut.run()
    await cut.stream.aclose()
    assert (cut.wire.closed, cut.ends) == (1, 1)


async def test_a_finish_reason_is_a_proper_end_too() -> None:
    assert await Streamed([said("Hi"), said("", "stop")]).run()


async def test_the_last_event_may_lack_its_blank_line() -> None:
    out = await Streamed([said("Hi", "stop"), b"data: [DONE]"]).run()
    assert out.endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize(
    "error",
    [{"error": {"message": "overloaded"}}, {"error": "overloaded"}, {"error": {"message": "overloaded", "code": 529}}],
)
@pytest.mark.parametrize("first", [True, False])
async def test_an_error_in_place_of_an_answer_is_raised(error: dict[str, Any], first: bool) -> None:
    streamed = Streamed([*([] if first else [said("Hi")]), event(error)])
    with pytest.raises(ProviderBroken, match="overloaded"):
        await (streamed.stream.prime() if first else streamed.run())
    if first:
        assert (streamed.wire.closed, streamed.ends) == (1, 1)


async def test_words_about_errors_are_only_words() -> None:
    words = said('{"error": {"message": "not really"}} data: [DONE] "usage": {"prompt_tokens": 1000}')
    streamed = Streamed([words, *WHOLE[2:]])
    assert await streamed.run() == words + b"".join(WHOLE[2:])
    assert streamed.stream.usage.input == 9


async def test_a_null_error_is_none() -> None:
    assert await Streamed([said("Hi", error=None), said("", "stop")]).run()


@pytest.mark.parametrize("pieces", [[], [b": keep-alive\n\n"], [event(b"oops")], [b"<html>no</html>\n\n"]])
async def test_what_is_no_stream_is_no_answer(pieces: list[bytes]) -> None:
    streamed = Streamed(pieces)
    with pytest.raises(ProviderBroken):
        await streamed.stream.prime()
    assert streamed.ends == 1


async def test_comments_before_the_first_event_are_waited_through() -> None:
    streamed = Streamed([b": keep-alive\n\n", b": keep-alive\n\n", *WHOLE])
    assert await streamed.run() == b"".join(WHOLE)


async def test_a_connection_that_breaks_is_told_as_it_is() -> None:
    streamed = Streamed([said("Hi")], error=ProviderUnreachable("reset"))
    with pytest.raises(TryAnother, match="reset"):
        await streamed.run()


async def test_what_is_left_early_is_estimated_and_called_so() -> None:
    streamed = Streamed([said("Hel"), said("lo"), *WHOLE[2:]], asked=400)
    await streamed.stream.prime()
    await anext(streamed.stream)
    await anext(streamed.stream)
    await streamed.stream.aclose()
    assert streamed.stream.usage == Usage(input=100, output=2, estimated=True)


async def test_counts_that_are_known_early_are_kept_and_completed() -> None:
    words = [event({"type": "content_block_delta", "delta": {"type": "text_delta", "text": "a"}})] * 5
    streamed = Streamed([PROPER[Dialect.MESSAGES][0], *words], Dialect.MESSAGES, asked=400)
    with pytest.raises(ProviderBroken):
        await streamed.run()
    assert streamed.stream.usage == Usage(input=5, output=6, estimated=True)


async def test_audio_is_not_estimated_by_its_words() -> None:
    streamed = Streamed([event({"type": "transcript.text.delta", "delta": "a"})], Dialect.TRANSCRIPTIONS, asked=4000)
    await streamed.stream.prime()
    assert streamed.stream.usage == NO_USAGE


async def test_closing_twice_ends_once() -> None:
    streamed = Streamed(WHOLE)
    await streamed.stream.prime()
    await streamed.stream.aclose()
    await streamed.stream.aclose()
    assert (streamed.wire.closed, streamed.ends) == (1, 1)
