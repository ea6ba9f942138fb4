"""Server-sent events: bytes in any segmentation in, whole events out, and back.

Two steps, because passing events on needs only the first: `Framer` cuts a stream into runs of whole events
without looking inside, `parse` reads such a run. `EventReader` is both in one. All are sans-io and bounded:
an event longer than `MAX_EVENT` bytes raises `ProviderBroken` instead of filling the memory.

Line ends may be LF, CRLF or CR; comments, `id` and `retry` are read over; a byte order mark at the start is
dropped.
"""

from __future__ import annotations

import re

import msgspec

from freehold.ground.errors import ProviderBroken

MAX_EVENT = 16 * 1024 * 1024
"""Bytes that one event may have at most."""

DONE = b"data: [DONE]\n\n"
"""How the OpenAI dialects end a stream."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# Atomic groups: without them a single CRLF would be taken for a CR line end followed by an LF line end.
_BLANK_LINE = re.compile(rb"(?>\r\n|\n|\r)(?>\r\n|\n|\r)")
_LINE_END = re.compile(rb"\r\n|\n|\r")


class Event(msgspec.Struct, frozen=True, gc=False):
    """One event: its data, and its name where it has one."""

    data: bytes
    name: str = ""


class Framer:
    """Cuts a stream of bytes into runs of whole events, which it does not change.

    Only a byte order mark is taken off. A CRLF split between two feeds may leave a blank line at the start of
    the second run, which readers of events skip.
    """

    __slots__ = ("_carriage", "_rest", "_started")

    def __init__(self) -> None:
        self._rest = bytearray()
        self._started = False
        self._carriage = False

    def feed(self, chunk: bytes) -> bytes:
        """All events that are whole now, empty if none is.

        Raises ProviderBroken if the next one is too long.
        """
        if not self._started:
            chunk = self._start(chunk)
        rest = self._rest
        if not rest and chunk.endswith(b"\n\n") and len(chunk) <= MAX_EVENT:
            return chunk
        searched = max(0, len(rest) - 3)
        rest += chunk
        self._carriage = self._carriage or b"\r" in chunk
        end = _last_blank_line(rest, searched, carriage=self._carriage)
        whole = bytes(rest[:end])
        del rest[:end]
        if len(rest) > MAX_EVENT:
            raise ProviderBroken(f"An event of its stream is longer than {MAX_EVENT} bytes.")
        return whole

    def end(self) -> bytes:
        """What is left when the stream has ended: empty, unless its last event lacks the blank line."""
        rest = bytes(self._rest)
        self._rest.clear()
        return rest if rest.strip(b"\r\n") else b""

    def _start(self, chunk: bytes) -> bytes:
        """Holds back up to three bytes until it is known whether they are a byte order mark."""
        head = bytes(self._rest) + chunk
        self._rest.clear()
        if len(head) < len(_BYTE_ORDER_MARK) and _BYTE_ORDER_MARK.startswith(head):
            self._rest += head
            return b""
        self._started = True
        return head.removeprefix(_BYTE_ORDER_MARK)


def _last_blank_line(buffer: bytearray, start: int, *, carriage: bool) -> int:
    """Where the last blank line at or after `start` ends; 0 if there is none."""
    if not carriage:
        found = buffer.rfind(b"\n\n", start)
        return found + 2 if found >= 0 else 0
    end = 0
    for match in _BLANK_LINE.finditer(buffer, start):
        end = match.end()
    return end


def parse(events: bytes) -> list[Event]:
    """Read a run of whole events. Ones without data are left out, as the standard says."""
    if b"\r" in events:
        events = _LINE_END.sub(b"\n", events)
    found = []
    for block in events.split(b"\n\n"):
        # Nearly every event is a single line of data.
        if block.startswith(b"data: ") and b"\n" not in block:
            found.append(Event(block[6:]))
        elif block and (event := _parse_block(block)) is not None:
            found.append(event)
    return found


def _parse_block(block: bytes) -> Event | None:
    name = ""
    data: list[bytes] = []
    for line in block.split(b"\n"):
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data.append(value)
        elif field == b"event":
            name = value.decode("utf-8", "replace")
    return Event(b"\n".join(data), name) if data else None


class EventReader:
    """`Framer` and `parse` in one."""

    __slots__ = ("_framer",)

    def __init__(self) -> None:
        self._framer = Framer()

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that `chunk` completes."""
        whole = self._framer.feed(chunk)
        return parse(whole) if whole else []

    def end(self) -> list[Event]:
        """The last event, where the stream ended without closing it."""
        return parse(self._framer.end())


def write(data: bytes, name: str = "") -> bytes:
    """One event, ready for the wire. `data` is usually one line of JSON; line feeds in it are kept."""
    if b"\n" in data:
        data = data.replace(b"\n", b"\ndata: ")
    if name:
        return b"event: %b\ndata: %b\n\n" % (name.encode(), data)
    return b"data: %b\n\n" % data
