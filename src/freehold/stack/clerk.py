"""The one thread that touches the database while the gateway runs.

The event loop never waits for a disk: it hands the clerk work, or leaves things where the clerk's duties pick them up.

Rules: one connection, owned by the clerk; work that someone waits for goes first, duties when they are due; a failure is
kept for whoever asks (`fault`), and never ends the thread; stopping does every duty once more.

It knows nothing of receipts, keys or budgets: those register duties and hand in work.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

from freehold.ground.database import Database
from freehold.ground.errors import StorageFailed
from freehold.ground.units import Seconds

T = TypeVar("T")
Work = Callable[[Database], T]
logger = logging.getLogger(__name__)


class Clerk:
    """Runs work against `database` in a thread of its own; the database is closed with it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._duties: list[_Duty] = []
        self._asked: SimpleQueue[_Task[Any] | None] = SimpleQueue()
        self._hurried = False
        self._stopping = False
        self._gone = False
        self._thread = threading.Thread(target=self._run, name="freehold-clerk", daemon=True)

    @property
    def fault(self) -> StorageFailed | None:
        """Why a duty fails just now; None while all is well."""
        return next((duty.fault for duty in self._duties if duty.fault is not None), None)

    def every(self, seconds: Seconds, work: Work[None]) -> None:
        """Do `work` each so many seconds, beginning at once. To be registered before the start."""
        self._duties.append(_Duty(work, seconds))

    def start(self) -> None:
        """Begin. What was handed in before is done now."""
        self._thread.start()

    def ask(self, work: Work[T]) -> Future[T]:
        """Do `work` as soon as possible; the future holds its result or its error. StorageFailed once stopped."""
        task = _Task(work)
        self._asked.put(task)
        if self._gone:
            self._turn_away()
        return task.future

    def hurry(self) -> None:
        """Do every duty now rather than when it is due. Cheap enough for the event loop."""
        self._hurried = True
        self._asked.put(None)

    def stop(self, timeout: Seconds | None = None) -> bool:
        """Do all that was asked and every duty once more, then close the database. False if `timeout` was too short."""
        self._stopping = True
        self._asked.put(None)
        if self._thread.ident is None:
            self._run()
        else:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping:
            self._answer(self._patience())
            self._do_duties()
        self._hurried = True
        self._answer(0.0)
        self._do_duties()
        self._gone = True
        self._turn_away()
        try:
            self._database.close()
        except StorageFailed as error:
            logger.warning("The database did not close well: %s", error)

    def _patience(self) -> float:
        """Seconds until the next duty is due."""
        due = min((duty.due for duty in self._duties), default=time.monotonic() + 1.0)
        return due - time.monotonic()

    def _answer(self, patience: float) -> None:
        """Do what was asked, waiting up to `patience` seconds for the first of it. What comes in meanwhile has its turn
        after the duties, so that these are never put off for ever."""
        try:
            task = self._asked.get(timeout=patience) if patience > 0 else self._asked.get_nowait()
            for _ in range(self._asked.qsize()):
                self._run_task(task)
                task = self._asked.get_nowait()
            self._run_task(task)
        except Empty:
            return

    def _run_task(self, task: _Task[Any] | None) -> None:
        if task is not None:
            task.run(self._database)

    def _do_duties(self) -> None:
        hurried, self._hurried = self._hurried, False
        for duty in self._duties:
            if hurried or duty.due <= time.monotonic():
                duty.run(self._database)

    def _turn_away(self) -> None:
        while True:
            try:
                task = self._asked.get_nowait()
            except Empty:
                return
            if task is not None:
                task.future.set_exception(StorageFailed("The ledger has been closed.", advice="Start Freehold again."))


class _Duty:
    """Something done again and again."""

    def __init__(self, work: Work[None], every: Seconds) -> None:
        self.fault: StorageFailed | None = None
        self.due = 0.0
        self._work = work
        self._every = every

    def run(self, database: Database) -> None:
        try:
            self._work(database)
            fault = None
        except StorageFailed as error:
            fault = error
        except Exception as error:
            fault = StorageFailed(f"A duty of the ledger failed: {type(error).__name__}")
            fault.__cause__ = error
        self._tell(fault)
        self.fault = fault
        self.due = time.monotonic() + self._every

    def _tell(self, fault: StorageFailed | None) -> None:
        """Log the change, not the state: a full disk fails five times a second."""
        if fault is not None and self.fault is None:
            logger.error("%s %s", fault, fault.advice, exc_info=fault.__cause__)
        elif fault is None and self.fault is not None:
            logger.info("The ledger works again.")


class _Task(Generic[T]):
    """Something done once, for someone who waits."""

    def __init__(self, work: Work[T]) -> None:
        self.future: Future[T] = Future()
        self._work = work

    def run(self, database: Database) -> None:
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            self.future.set_result(self._work(database))
        except BaseException as error:
            self.future.set_exception(error)
