"""Whose CPU time it was."""

from __future__ import annotations


class Work:
    """Shares a process's CPU time among the requests it works on.

    Between two changes in who is being served, the CPU seconds that passed are divided equally among those served: the
    shares add up to what the process used.
    """

    def __init__(self, pid: int) -> None:
        import psutil

        self._process = psutil.Process(pid)
        self._shares: dict[int, float] = {}
        self._next = 0
        self._mark = self._seconds()

    def begin(self) -> int:
        """Start counting for a request; its ticket."""
        self._settle()
        self._next += 1
        self._shares[self._next] = 0.0
        return self._next

    def end(self, ticket: int) -> float:
        """Stop counting: CPU seconds used for the request. 0 for a ticket that is used up."""
        self._settle()
        return self._shares.pop(ticket, 0.0)

    def _settle(self) -> None:
        now = self._seconds()
        spent, self._mark = max(0.0, now - self._mark), now
        for ticket in self._shares:
            self._shares[ticket] += spent / len(self._shares)

    def _seconds(self) -> float:
        """CPU seconds so far; the last known where the process is gone."""
        import psutil

        try:
            times = self._process.cpu_times()
        except psutil.Error:
            return getattr(self, "_mark", 0.0)
        return float(times.user + times.system)
