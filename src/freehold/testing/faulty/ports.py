"""Ports on loopback where nobody answers, each in its own way."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

_LOOPBACK = "127.0.0.1"


@contextmanager
def closed_port() -> Iterator[int]:
    """A port that refuses every connection. It is held for the duration, so nobody else can come to listen there."""
    with socket.socket() as held:
        held.bind((_LOOPBACK, 0))
        yield held.getsockname()[1]


@contextmanager
def deaf_port() -> Iterator[int]:
    """A port where connecting never ends: its accept queue is full, so the kernel drops further attempts (Linux)."""
    with ExitStack() as held:
        listener = held.enter_context(socket.socket())
        listener.bind((_LOOPBACK, 0))
        listener.listen(0)
        address = listener.getsockname()
        for _ in range(2):
            filler = held.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(address)
        yield address[1]
