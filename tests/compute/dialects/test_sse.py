"""Whatever the segmentation, line ends or noise, the same events come out, and memory is bounded."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.compute.dialects.sse import DONE, MAX_EVENT, Event, EventReader, Framer, parse, write
from freehold.ground.errors import ProviderBroken

texts = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=20)
names = st.sampled_from(["", "message_start", "response.created"])
events = st.lists(st.builds(lambda data, name: Event(data.encode(), name), texts, names), max_size=6)


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, len(stream), *(place % (len(stream) + 1) for place in places)})
    return [stream[a:b] for a, b in pairwise(edges)]


def read(chunks: list[bytes]) -> list[Event]:
    reader = EventReader()
    found = [event for chunk in chunks for event in reader.feed(chunk)]
    return found + reader.end()


@given(
    events,
    st.lists(st.integers(0, 10_000), max_size=12),
    st.sampled_from([b"\n", b"\r\n", b"\r"]),
    st.booleans(),
)
def test_any_segmentation_and_any_line_end_give_the_same_events(wanted, places, line_end, marked):
    stream = b": hello\n\n" + b"".join(write(event.data, event.name) for event in wanted)
    stream = (b"\xef\xbb\xbf" if marked else b"") + stream.replace(b"\n", line_end)
    assert read(cut(stream, places)) == wanted


@given(events, st.lists(st.integers(0, 10_000), max_size=12))
def test_a_framer_passes_on_every_byte_in_whole_events(wanted, places):
    stream = b"".join(write(event.data, event.name) for event in wanted)
    framer = Framer()
    runs = [framer.feed(chunk) for chunk in cut(stream, places)]
    assert b"".join(runs) == stream
    assert all(run.endswith(b"\n\n") for run in runs if run)
    assert framer.end() == b""


def test_data_of_several_lines_is_joined_and_other_fields_are_read_over():
    assert parse(b"id: 7\nretry: 10\nevent: x\ndata: a\ndata:b\n: note\n\n") == [Event(b"a\nb", "x")]
    assert parse(write(b"a\nb", "x")) == [Event(b"a\nb", "x")]


def test_an_event_without_data_is_none():
    assert parse(b"event: ping\n\n: keep-alive\n\n") == []
    assert parse(b"data:\n\n") == [Event(b"")]


def test_the_last_event_is_read_even_if_nothing_closes_it():
    assert read([b"data: a\n\ndata: [DO", b"NE]"]) == [Event(b"a"), Event(b"[DONE]")]
    assert read([DONE]) == [Event(b"[DONE]")]


def test_a_byte_order_mark_may_arrive_byte_by_byte():
    assert read([b"\xef", b"\xbb", b"\xbf", b"data: a\n\n"]) == [Event(b"a")]


def test_an_endless_event_is_broken_not_stored():
    framer = Framer()
    with pytest.raises(ProviderBroken):
        for _ in range(MAX_EVENT // 65_536 + 2):
            framer.feed(b"x" * 65_536)
