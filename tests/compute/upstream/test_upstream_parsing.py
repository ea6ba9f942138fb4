"""However the network cuts a response into pieces, it is the same response."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.compute.upstream import Deadlines, Request
from freehold.compute.upstream.connection import Connection
from freehold.compute.upstream.limits import UNREAD_LIMIT
from freehold.compute.upstream.response import DirectResponse
from freehold.ground.errors import ProviderBroken

CONTRACT = Deadlines()
TOKEN = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=12).map(lambda name: f"x-{name}".encode())
VALUE = st.text("abc XYZ019;=/", max_size=20).map(lambda value: value.strip().encode())


class Wire(asyncio.Transport):
    """The near end of a connection, in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.aborted = self.paused = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        self.written += b"".join(list_of_data)

    def get_write_buffer_size(self) -> int:
        return 0

    def abort(self) -> None:
        self.aborted = True

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False


class Shelf:
    """Where connections go back to."""

    def __init__(self) -> None:
        self.free: list[Connection] = []

    def busy(self) -> None:
        pass

    def release(self, connection: Connection) -> None:
        self.free.append(connection)

    def forget(self, connection: Connection) -> None:
        pass


class Framed(msgspec.Struct, frozen=True):
    """A valid response: its bytes, and what is to come out."""

    data: bytes
    headers: dict[bytes, bytes]
    body: bytes
    reusable: bool


@st.composite
def responses(draw: st.DrawFn) -> Framed:
    headers = draw(st.dictionaries(TOKEN, VALUE, max_size=5))
    pieces = draw(st.lists(st.binary(min_size=1, max_size=40), max_size=6))
    body = b"".join(pieces)
    framing = draw(st.sampled_from(["length", "chunked"]))
    keep = draw(st.booleans())
    interim = b"HTTP/1.1 100 Continue\r\n\r\n" * draw(st.integers(0, 2))
    ours = {b"content-length": b"%d" % len(body)} if framing == "length" else {b"transfer-encoding": b"chunked"}
    if not keep:
        ours[b"connection"] = b"close"
    everything = {**headers, **ours}
    lines = b"".join(b"%b: %b\r\n" % field for field in everything.items())
    if framing == "chunked":
        extension = draw(st.sampled_from([b"", b";a=b"]))
        trailer = draw(st.sampled_from([b"", b"x-trailer: 1\r\n"]))
        chunks = b"".join(b"%x%b\r\n%b\r\n" % (len(piece), extension, piece) for piece in pieces)
        sent = chunks + b"0\r\n" + trailer + b"\r\n"
    else:
        sent = body
    return Framed(interim + b"HTTP/1.1 200 OK\r\n" + lines + b"\r\n" + sent, everything, body, keep)


def connected() -> tuple[Connection, Wire, Shelf]:
    shelf, wire = Shelf(), Wire()
    connection = Connection(shelf, "far side", b" HTTP/1.1\r\nHost: far\r\n")
    connection.connection_made(wire)
    return connection, wire, shelf


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted({place % (len(data) + 1) for place in places}), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(edges) if end > start]


def feed(connection: Connection, response: DirectResponse, pieces: list[bytes]) -> None:
    for place, piece in enumerate(pieces):
        connection.data_received(piece)
        assert response.complete is (place == len(pieces) - 1)


CUTS = st.lists(st.integers(0, 2000), max_size=12)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(responses(), CUTS), min_size=1, max_size=3))
def test_any_segmentation_of_valid_responses_gives_the_same(exchanges):
    async def scene() -> None:
        connection, wire, shelf = connected()
        for framed, places in exchanges:
            response = connection.begin(Request(target=b"/"), CONTRACT)
            feed(connection, response, cut(framed.data, places))
            assert (response.status, response.headers) == (200, framed.headers)
            assert await response.read(1 << 20) == framed.body
            assert (connection in shelf.free) is framed.reusable
            assert wire.aborted is not framed.reusable
            if not framed.reusable:
                return
            shelf.free.clear()

    asyncio.run(scene())


@settings(max_examples=200, deadline=None)
@given(responses(), CUTS, st.binary(min_size=1, max_size=30).filter(lambda excess: excess.strip(b"\r\n")))
def test_whatever_follows_a_response_leaves_it_intact_and_ends_the_connection(framed, places, excess):
    async def scene() -> None:
        connection, wire, _ = connected()
        response = connection.begin(Request(target=b"/"), CONTRACT)
        for piece in cut(framed.data + excess, places):
            if not wire.aborted:  # as a closed transport delivers nothing more
                connection.data_received(piece)
        assert await response.read(1 << 20) == framed.body
        assert response.headers == framed.headers
        assert wire.aborted

    asyncio.run(scene())


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=300), responses().map(lambda framed: framed.data)), CUTS, st.randoms())
def test_no_bytes_whatever_do_more_than_fail_the_response(data, places, chance):
    mangled = bytearray(data)
    for _ in range(min(3, len(mangled))):
        mangled[chance.randrange(len(mangled))] = chance.randrange(256)

    async def scene() -> None:
        connection, wire, _ = connected()
        response = connection.begin(Request(target=b"/"), CONTRACT)
        for piece in cut(bytes(mangled), places):
            if not wire.aborted:
                connection.data_received(piece)
        if not wire.aborted:
            connection.eof_received()
        connection.connection_lost(None)
        assert response.complete or response.failure is not None
        assert response.connection is None

    asyncio.run(scene())


@pytest.mark.parametrize("size", [0, 100, 64 * 1024, 64 * 1024 + 1])
async def test_a_request_is_written_as_one_message(size):
    connection, wire, _ = connected()
    request = Request(target=b"/v1", headers=b"A: 1\r\n", body=b"x" * size)
    connection.begin(request, CONTRACT)
    head = b"POST /v1 HTTP/1.1\r\nHost: far\r\nA: 1\r\nContent-Length: %d\r\n\r\n" % size
    assert wire.written == head + request.body


async def test_reading_pauses_when_too_much_lies_unread_and_goes_on_when_it_is_read():
    connection, wire, _ = connected()
    response = connection.begin(Request(target=b"/"), CONTRACT)
    connection.data_received(b"HTTP/1.1 200 OK\r\ncontent-length: 10000000\r\n\r\n" + b"x" * UNREAD_LIMIT)
    assert not wire.paused
    connection.data_received(b"y")
    assert wire.paused
    assert connection.deadline == float("inf"), "the silence is our own"
    assert len(await response.chunk()) == UNREAD_LIMIT + 1
    assert not wire.paused
    assert connection.deadline < float("inf")


async def test_the_head_limit_is_exact_however_much_comes_at_once():
    for padding, fits in ((60_000, True), (65_536, False)):
        connection, _, _ = connected()
        response = connection.begin(Request(target=b"/"), CONTRACT)
        head = b"HTTP/1.1 200 OK\r\nx-padding: " + b"x" * padding + b"\r\ncontent-length: 100000\r\n\r\n"
        connection.data_received(head + b"y" * 100_000)
        assert response.complete is fits
        assert isinstance(response.failure, ProviderBroken) is not fits


async def test_a_connection_lost_while_idle_is_not_written_to():
    connection, wire, _ = connected()
    connection.connection_lost(None)
    response = connection.begin(Request(target=b"/"), CONTRACT)
    assert response.failure is not None
    assert wire.written == b""
