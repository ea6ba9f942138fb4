"""A provider's rate limits, kept on our side: token buckets that fill evenly over a minute."""

from __future__ import annotations

_EARLY = 0.002
"""Seconds by which a timer that waited for its turn may have come too soon; what is taken early is missing later."""


class _Bucket:
    """Holds up to a minute's worth. `level` may go below zero: what was taken beyond it delays the next taker."""

    __slots__ = ("_at", "_level", "_per_second", "_size")

    def __init__(self, per_minute: int) -> None:
        self._size = float(per_minute)
        self._per_second = per_minute / 60
        self._level = self._size
        self._at = 0.0

    def wait(self, now: float) -> float:
        """Seconds until anything may be taken; 0 if it may be now."""
        self._level = min(self._size, self._level + max(0.0, now - self._at) * self._per_second)
        self._at = now
        wait = (1.0 - self._level) / self._per_second
        return wait if wait > _EARLY else 0.0

    def take(self, amount: float) -> None:
        self._level -= amount


class Pacing:
    """Requests and tokens per minute; None means no limit."""

    def __init__(self, requests_per_minute: int | None, tokens_per_minute: int | None) -> None:
        self._requests = _Bucket(requests_per_minute) if requests_per_minute else None
        self._tokens = _Bucket(tokens_per_minute) if tokens_per_minute else None

    def take(self, now: float, tokens: int) -> float:
        """Take one request of about that many tokens and return 0, or take nothing and return the seconds to wait."""
        if self._requests is None and self._tokens is None:
            return 0.0
        buckets = [
            (bucket, amount) for bucket, amount in ((self._requests, 1), (self._tokens, tokens)) if bucket is not None
        ]
        wait = max(bucket.wait(now) for bucket, _ in buckets)
        if wait == 0.0:
            for bucket, amount in buckets:
                bucket.take(amount)
        return wait
