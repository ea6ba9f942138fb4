"""From many windows to one figure per system and workload: medians over rounds. Decides what counts; prints nothing."""

from statistics import median
from typing import Any

import msgspec
from benchmarks.gateway.results import Results, Start, Window
from benchmarks.gateway.systems import DIRECT, LIMIT
from benchmarks.gateway.workloads import Workload


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """Medians over the rounds of one system under one workload."""

    cpu_us: float
    p50_ms: float
    p99_ms: float
    first_byte_ms: float  # median over answers
    per_second: float
    arrivals: float  # reads that brought part of a stream's body, per stream


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """Medians over the rounds of what one system takes to be there."""

    wall_seconds: float
    cpu_seconds: float
    idle_mb: float
    loaded_mb: float


class Summary:
    """Answers questions about one run."""

    def __init__(self, results: Results) -> None:
        self.results = results
        self.systems = [name for name in results.settings if name not in results.not_run]

    def figure(self, system: str, workload: Workload) -> Figure | None:
        """What a system did under a workload; None when that was not measured, or does not count."""
        chosen = self._windows(system, workload)
        return _figure(chosen) if chosen and not any(window.invalid for window in chosen) else None

    def is_invalid(self, system: str, workload: Workload) -> bool:
        """Whether it was measured and does not count."""
        return any(window.invalid for window in self._windows(system, workload))

    def cost(self, system: str) -> Cost | None:
        """Start and memory of a system; None when it was not started."""
        chosen = [start for start in self.results.starts if start.system == system]
        return _cost(chosen) if chosen else None

    def times_limit(self, system: str, workload: Workload) -> float | None:
        """CPU per answer as a multiple of nginx's; None when either is missing or does not count."""
        own, limit = self.figure(system, workload), self.figure(LIMIT, workload)
        return own.cpu_us / limit.cpu_us if own and limit and limit.cpu_us else None

    def added_ms(self, system: str, workload: Workload, field: str) -> float | None:
        """A time beyond what the direct way takes, in milliseconds; `field` names one of `Figure`'s."""
        own, direct = self.figure(system, workload), self.figure(DIRECT, workload)
        return float(getattr(own, field) - getattr(direct, field)) if own and direct else None

    def faults(self) -> dict[str, str]:
        """Every row that does not count, and why."""
        return {f"{w.system}, {w.workload}": w.invalid for w in self.results.windows if w.invalid}

    def _windows(self, system: str, workload: Workload) -> list[Window]:
        return [w for w in self.results.windows if (w.system, w.workload) == (system, workload.name)]


def _figure(windows: list[Window]) -> Figure:
    loads = [window.load for window in windows]
    return Figure(
        cpu_us=median(window.cpu_us for window in windows),
        p50_ms=median(load.latency_ms.p50 for load in loads),
        p99_ms=median(load.latency_ms.p99 for load in loads),
        first_byte_ms=median(load.first_byte_ms.p50 for load in loads),
        per_second=median(load.answered / max(load.seconds, 1e-9) for load in loads),
        arrivals=median(load.arrivals / max(load.answered, 1) for load in loads),
    )


def _cost(starts: list[Start]) -> Cost:
    middle: dict[str, Any] = {
        field: median(getattr(start, field) for start in starts) for field in Cost.__struct_fields__
    }
    return Cost(**middle)
