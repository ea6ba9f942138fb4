"""A parent that keeps several workers on one listening socket.

It forks before anything is opened, so that no worker shares a connection, a thread or a lock with another. A worker that dies is
started again, more slowly each time while they die young. Signals are handed on. No worker outlives its parent, however that
may die: each holds one end of a pipe and stops when the other is gone.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable

from freehold.ground.errors import FreeholdError

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_FIRST_WAIT, _LONGEST_WAIT = 0.1, 10.0
"""Seconds before a dead worker is started again."""
_log = logging.getLogger("freehold")


class Workers:
    """`count` processes that each do `work`, told the number of their seat: 0 to `count` - 1.

    `let_go` is called when they are told to stop: what the parent holds with them must not outlast them.
    """

    def __init__(self, count: int, work: Callable[[int], None], *, let_go: Callable[[], None]) -> None:
        self._count = count
        self._work = work
        self._let_go = let_go
        self._born: dict[int, tuple[int, float]] = {}
        """Seat and birth by process id."""
        self._stopping = False
        self._wait = _FIRST_WAIT
        self._parent_lives, self._parent_holds = os.pipe()

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
                self._rest()
                self._fork(seat)

    def _rest(self) -> None:
        end = time.monotonic() + self._wait
        while not self._stopping and time.monotonic() < end:
            time.sleep(_FIRST_WAIT / 2)

    def _fork(self, seat: int) -> None:
        # A signal that came between the fork and the end of the parent's handlers in the child would be lost.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        if self._stopping:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            return
        pid = os.fork()
        if pid:
            self._born[pid] = (seat, time.monotonic())
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            return
        self._live(seat)

    def _live(self, seat: int) -> None:
        """The child's part; does not return."""
        code = 1
        try:
            for name in _SIGNALS:
                signal.signal(name, signal.SIG_IGN if name == signal.SIGHUP else signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            os.close(self._parent_holds)
            threading.Thread(target=self._follow, name="freehold-parent", daemon=True).start()
            self._work(seat)
            code = 0
        except FreeholdError as error:
            _log.error("A worker cannot go on: %s %s", error.message, error.advice)
        except Exception:
            _log.exception("A worker failed.")
        finally:
            os._exit(code)

    def _follow(self) -> None:
        """Wait for the parent's end, and stop in order."""
        os.read(self._parent_lives, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    def _hand_on(self, number: int, _: object) -> None:
        if number != signal.SIGHUP:
            self._stopping = True
            self._let_go()
        for pid in list(self._born):
            os.kill(pid, number)
