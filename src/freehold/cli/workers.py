"""A parent that keeps several workers on one listening socket.

It forks before anything is opened, so that no worker shares a connection, a thread or a lock with another. A worker that dies is
started again, more slowly each time while they die young. Signals are handed on.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_FIRST_WAIT, _LONGEST_WAIT = 0.1, 10.0
"""Seconds before a dead worker is started again."""


class Workers:
    """`count` processes that each do `work`."""

    def __init__(self, count: int, work: Callable[[], None]) -> None:
        self._count = count
        self._work = work
        self._born: dict[int, float] = {}
        self._stopping = False
        self._wait = _FIRST_WAIT

    def run(self) -> None:
        """Returns once every worker has ended after SIGTERM or SIGINT."""
        for name in _SIGNALS:
            signal.signal(name, self._hand_on)
        for _ in range(self._count):
            self._fork()
        while self._born:
            pid, _ = os.wait()
            age = time.monotonic() - self._born.pop(pid, 0.0)
            if not self._stopping:
                self._wait = _FIRST_WAIT if age > _LONGEST_WAIT else min(self._wait * 2, _LONGEST_WAIT)
                time.sleep(self._wait)
                self._fork()

    def _fork(self) -> None:
        pid = os.fork()
        if pid:
            self._born[pid] = time.monotonic()
            if self._stopping:  # the signal came while it was being born
                os.kill(pid, signal.SIGTERM)
            return
        code = 1
        try:
            for name in _SIGNALS:
                signal.signal(name, signal.SIG_IGN if name == signal.SIGHUP else signal.SIG_DFL)
            self._work()
            code = 0
        finally:
            os._exit(code)

    def _hand_on(self, number: int, _: object) -> None:
        self._stopping = self._stopping or number != signal.SIGHUP
        for pid in list(self._born):
            os.kill(pid, number)
