"""Receipts on their way to the database.

The event loop appends and goes on; the clerk takes what has gathered, tells listeners, and writes it. Rules: nothing here
blocks the loop; every receipt is told to listeners once, also while the disk is full; what waits is bounded, and what
cannot be kept is counted; a receipt the database refuses does not hold up the others.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future

import msgspec

from freehold.ground.database import Database, RowRefused
from freehold.ground.errors import StorageFailed
from freehold.ground.units import Seconds
from freehold.stack.clerk import Clerk
from freehold.stack.receipts.rows import COLUMNS, row_of
from freehold.words.receipts import Receipt

BATCH = 512
_CHUNK = 64
"""Receipts turned into rows in one go: about a tenth of a millisecond in which the event loop may have to wait."""
_PRUNED_AT_ONCE = 1000
_PRUNE_EVERY = Seconds(60.0)
_DAY = 86_400.0

Listener = Callable[[list[Receipt]], None]
logger = logging.getLogger(__name__)


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """How long receipts are kept; None means for ever."""

    days: float | None = None
    rows: int | None = None
    """At most about so many; the oldest go first."""


class WriterState(msgspec.Struct, frozen=True, kw_only=True):
    """How writing goes, for /readyz and metrics. Counts are since the start of this process."""

    written: int
    waiting: int
    dropped: int
    """Lost because the backlog was full."""
    refused: int
    """Lost because the database would not take their values."""
    fault: StorageFailed | None
    """Why nothing is written just now; None while all is well."""


class ReceiptWriter:
    """Takes receipts on the event loop, writes them in the clerk's thread.

    `window` is how long a receipt may wait, in seconds; `backlog` how many may; `worker` names this process in the rows.
    With `required`, `admit` refuses new requests while receipts cannot be written.
    """

    def __init__(
        self,
        clerk: Clerk,
        *,
        worker: str = "",
        window: Seconds = Seconds(0.25),  # noqa: B008
        backlog: int = 65_536,
        required: bool = False,
        retention: Retention = Retention(),  # noqa: B008
    ) -> None:
        self._clerk = clerk
        self._worker = worker
        self._backlog = backlog
        self._required = required
        self._retention = retention
        self._waiting: deque[Receipt] = deque()
        self._unwritten: list[Receipt] = []
        self._listeners: list[Listener] = []
        self._written = self._refused = 0
        # Two counts, because each has one thread that adds to it.
        self._turned_away = self._dropped = 0
        self._fault: StorageFailed | None = None
        # Some of the window is left for the writing itself.
        clerk.every(Seconds(window * 0.8), self._flush)
        if retention.days is not None or retention.rows is not None:
            clerk.every(_PRUNE_EVERY, self._prune)

    @property
    def state(self) -> WriterState:
        return WriterState(
            written=self._written,
            waiting=len(self._waiting) + len(self._unwritten),
            dropped=self._turned_away + self._dropped,
            refused=self._refused,
            fault=self._fault,
        )

    def append(self, receipt: Receipt) -> None:
        """Hand in a receipt. Never blocks, never fails."""
        waiting = self._waiting
        if len(waiting) >= self._backlog:
            self._turned_away += 1
            return
        waiting.append(receipt)
        if len(waiting) == BATCH:
            self._clerk.hurry()

    def admit(self) -> None:
        """Call before a request is taken on: raises StorageFailed where receipts are required and cannot be written."""
        if self._required and self._fault is not None:
            raise StorageFailed(f"No receipt could be written. {self._fault.message}", advice=self._fault.advice)

    def on_batch(self, listener: Listener) -> None:
        """Tell `listener` of all receipts, in batches, in the clerk's thread. It must be quick; what it raises is logged."""
        self._listeners.append(listener)

    def flush(self) -> Future[None]:
        """Done when everything appended before is written."""
        return self._clerk.ask(self._flush)

    def _flush(self, database: Database) -> None:
        try:
            self._take()
            while self._unwritten:
                batch = self._unwritten[:BATCH]
                self._write(database, batch)
                del self._unwritten[: len(batch)]
        except StorageFailed as error:
            self._fault = error
            raise
        self._fault = None

    def _take(self) -> None:
        """Move what waits to what is being written, as far as there is room."""
        waiting = self._waiting
        while waiting:
            batch = [waiting.popleft() for _ in range(min(len(waiting), BATCH))]
            self._tell(batch)
            room = max(0, self._backlog - len(self._unwritten))
            self._unwritten += batch[:room]
            self._dropped += len(batch[room:])

    def _tell(self, batch: list[Receipt]) -> None:
        for listener in self._listeners:
            try:
                listener(batch)
            except Exception:
                logger.exception("A listener failed on a batch of receipts")

    def _write(self, database: Database, batch: list[Receipt]) -> None:
        try:
            with database.transaction():
                for start in range(0, len(batch), _CHUNK):
                    self._insert(database, batch[start : start + _CHUNK])
        except RowRefused:
            self._write_singly(database, batch)
        else:
            self._written += len(batch)

    def _write_singly(self, database: Database, batch: list[Receipt]) -> None:
        for receipt in batch:
            try:
                self._insert(database, [receipt])
                self._written += 1
            except RowRefused as error:
                self._refused += 1
                logger.error("The receipt %r cannot be stored: %s", receipt.id, error)

    def _insert(self, database: Database, receipts: list[Receipt]) -> None:
        """A receipt whose id is there already is skipped: a batch may be tried again after a commit in doubt."""
        worker = self._worker
        database.insert("receipts", COLUMNS, [row_of(receipt, worker) for receipt in receipts])

    def _prune(self, database: Database) -> None:
        """Delete what is past its time, some at a time so that nobody waits long for the database."""
        if self._retention.days is not None:
            _delete(database, "time < ?", time.time() - self._retention.days * _DAY)
        if self._retention.rows is not None:
            newest = database.query("SELECT max(sequence) FROM receipts")[0][0] or 0
            _delete(database, "sequence <= ?", newest - self._retention.rows)


def _delete(database: Database, condition: str, bound: float) -> None:
    # The newest row stays whatever its age: SQLite would give its number away again.
    some = f"SELECT sequence FROM receipts WHERE {condition} ORDER BY sequence LIMIT {_PRUNED_AT_ONCE}"  # noqa: S608
    newest = "SELECT max(sequence) FROM receipts"
    statement = f"DELETE FROM receipts WHERE sequence IN ({some}) AND sequence < ({newest})"  # noqa: S608
    while database.execute(statement, (bound,)) == _PRUNED_AT_ONCE:
        pass
