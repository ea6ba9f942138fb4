"""The requests of the last minute: how many, and how fast their answers began."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable

from freehold.words.receipts import Receipt

SPAN = 60.0
"""Seconds."""
_MOST = 1024
"""First bytes kept; of a busier minute these are the newest."""


class Recent:
    """Written by the clerk's thread, read by others."""

    def __init__(self) -> None:
        self._first_bytes: deque[tuple[float, float]] = deque(maxlen=_MOST)
        self._counts: deque[tuple[int, int]] = deque(maxlen=int(SPAN))
        """(second, requests)"""

    def add(self, receipts: Iterable[Receipt]) -> None:
        """Take note of a batch."""
        now, count = time.monotonic(), 0
        for receipt in receipts:
            count += 1
            if receipt.first_byte is not None:
                self._first_bytes.append((now, receipt.first_byte))
        second = int(now)
        if self._counts and self._counts[-1][0] == second:
            count += self._counts.pop()[1]
        self._counts.append((second, count))

    def per_second(self, now: float, uptime: float) -> float:
        """Requests a second."""
        counted = sum(count for second, count in self._counts.copy() if second > now - SPAN)
        return counted / max(1.0, min(SPAN, uptime))

    def first_bytes(self, now: float) -> tuple[float, ...]:
        """Seconds to the first byte of each."""
        return tuple(first for at, first in self._first_bytes.copy() if at > now - SPAN)
