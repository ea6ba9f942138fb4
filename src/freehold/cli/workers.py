"""A parent that keeps several workers on one listening socket.

It forks before anything is opened, so that no worker shares a connection, a thread or a lock with another. A worker that dies is
started again, more slowly each time while they die young. Signals are handed on.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable

from freehold.ground.errors import FreeholdError

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_FIRST_WAIT, _LONGEST_WAIT = 0.1, 10.0
"""Seconds before a dead worker is started again."""
_log = logging.getLogger("freehold")


class Workers:
    """`count` processes that each do `work`, told the number of their seat: 0 to `count` - 1."""

    def __init__(self, count: int, work: Callable[[int], None]) -> None:
        self._count = count
        self._work = work
        self._born: dict[int, tuple[int, float]] = {}
        """Seat and birth by process id."""
        self._stopping = False
        self._wait = _FIRST_WAIT

    def run(self) -> None:
        """Returns once every worker has ended after SIGTERM or SIGINT."""
        for name in _SIGNALS:
            signal.signal(name, self._hand_on)
        for seat in range(self._count):
            self._fork(seat)
        while self._born:
            pid, _ = os.wait()
            if pid not in self._born:
                continue
            seat, born = self._born.pop(pid)
            age = time.monotonic() - born
            if not self._stopping:
                self._wait = _FIRST_WAIT if age > _LONGEST_WAIT else min(self._wait * 2, _LONGEST_WAIT)
                time.sleep(self._wait)
                self._fork(seat)

    def _fork(self, seat: int) -> None:
        pid = os.fork()
        if pid:
            self._born[pid] = (seat, time.monotonic())
            if self._stopping:  # the signal came while it was being born
                os.kill(pid, signal.SIGTERM)
            return
        code = 1
        try:
            for name in _SIGNALS:
                signal.signal(name, signal.SIG_IGN if name == signal.SIGHUP else signal.SIG_DFL)
            self._work(seat)
            code = 0
        except FreeholdError as error:
            _log.error("A worker cannot go on: %s %s", error.message, error.advice)
        except Exception:
            _log.exception("A worker failed.")
        finally:
            os._exit(code)

    def _hand_on(self, number: int, _: object) -> None:
        self._stopping = self._stopping or number != signal.SIGHUP
        for pid in list(self._born):
            os.kill(pid, number)
