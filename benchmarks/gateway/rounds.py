"""The measuring itself: every system is up, all but one paused, and each workload goes round them in turn."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import msgspec
from benchmarks.gateway import load, meter, running, wrk
from benchmarks.gateway.process import DidNotStart
from benchmarks.gateway.results import Start, Window
from benchmarks.gateway.running import Running
from benchmarks.gateway.systems import DIRECT, System
from benchmarks.gateway.upstream import Upstream
from benchmarks.gateway.workloads import BASE, PACED_SHARE, STREAM_CHUNKS, STREAMS, Address, Workload

Say = Callable[[str], None]

_WARM_UP_SECONDS = 2.0  # after the start, so that engines which compile hot code have done so


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """The meters at one edge of a window."""

    system_cpu: float
    upstream_cpu: float
    upstream_requests: int
    machine_cpu: float


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """Everything measured in one round."""

    windows: list[Window]
    starts: list[Start]
    failed: dict[str, str]  # systems that did not start, and why


def run_round(
    number: int,
    systems: Sequence[System],
    workloads: Sequence[Workload],
    *,
    seconds: float,
    with_wrk: bool,
    say: Say,
) -> Round:
    """One round over all systems and workloads; `with_wrk` loads the closed loops by wrk."""
    with tempfile.TemporaryDirectory(prefix="gateway-benchmark-") as name:
        bench = Bench(Path(name), number=number, seconds=seconds, with_wrk=with_wrk, say=say)
        try:
            bench.start(systems)
            windows = [window for workload in workloads for window in bench.go_round(workload)]
            return Round(windows=windows, starts=bench.read_memory(), failed=bench.failed)
        finally:
            bench.stop()


class Bench:
    """The systems and the upstream of one round."""

    def __init__(self, folder: Path, *, number: int, seconds: float, with_wrk: bool, say: Say) -> None:
        self.failed: dict[str, str] = {}
        self._folder = folder
        self._number = number
        self._seconds = seconds
        self._with_wrk = with_wrk
        self._say = say
        self._upstream = Upstream(folder)
        self._up = [Running(DIRECT, Address(port=self._upstream.first))]
        self._throughput: dict[str, float] = {}

    def start(self, systems: Sequence[System]) -> None:
        """Starts, checks and warms each system, and pauses it again. One that fails is left out and told about."""
        for system in systems:
            try:
                up = running.start(system, self._folder, self._upstream, trial=self._number)
            except DidNotStart as error:
                self.failed[system.name] = str(error)
                self._say(f"  {system.name} did not start: {error}")
                continue
            self._up.append(up)
            self._say(f"  {system.name} answered after {up.start_wall_seconds:.2f} s")
            try:
                self._warm(up)
            except (DidNotStart, ValueError, OSError, LookupError, load.Failed) as error:
                self.failed[system.name] = str(error)
                self._say(f"  {system.name} answered wrongly: {error}")
                self._up.remove(up)
                up.stop()
            else:
                up.pause()

    def go_round(self, workload: Workload) -> Iterator[Window]:
        """One window of `workload` on each system, in an order that moves with the round."""
        turn = self._number % len(self._up)
        for up in self._up[turn:] + self._up[:turn]:
            with _awake(up):
                window = self._window_or_why_not(up, workload)
            self._say(f"  {_sentence(window)}")
            yield window

    def read_memory(self) -> list[Start]:
        """Start-up and memory of every system that is up."""
        return [
            Start(
                system=up.name,
                round=self._number,
                wall_seconds=up.start_wall_seconds,
                cpu_seconds=up.start_cpu_seconds,
                idle_mb=up.idle_mb,
                loaded_mb=up.resident_mb(),
            )
            for up in self._up
            if up.process
        ]

    def stop(self) -> None:
        """Ends every process of the round."""
        for up in self._up:
            up.stop()
        self._upstream.stop()

    def _warm(self, up: Running) -> None:
        running.check_answers(up, self._upstream)
        for workload in (BASE, STREAMS):
            self._measure(up, workload, seconds=0.1, warm_seconds=_WARM_UP_SECONDS)

    def _window_or_why_not(self, up: Running, workload: Workload) -> Window:
        try:
            return self._window(up, workload)
        except load.Failed as error:
            return Window(system=up.name, workload=workload.name, round=self._number, invalid=str(error))

    def _window(self, up: Running, workload: Workload) -> Window:
        rate = self._throughput.get(up.name, 0.0) * PACED_SHARE if workload.kind == "paced" else 0.0
        measured = self._measure(up, workload, seconds=self._seconds, rate=rate)
        before, after, seen = measured.before, measured.after, measured.load
        if workload == BASE:
            self._throughput[up.name] = seen.answered / seen.seconds
        asked = after.upstream_requests - before.upstream_requests
        system_cpu = after.system_cpu - before.system_cpu
        load_cpu = seen.cpu_seconds + after.upstream_cpu - before.upstream_cpu
        others_cpu = after.machine_cpu - before.machine_cpu - system_cpu - load_cpu
        return Window(
            system=up.name,
            workload=workload.name,
            round=self._number,
            load=seen,
            cpu_us=system_cpu / max(1, seen.answered) * 1e6,
            upstream_requests=asked,
            load_core_busy=load_cpu / seen.seconds,
            others_busy=max(0.0, others_cpu) / seen.seconds,
            invalid=_fault(measured, workload, asked=asked),
        )

    def _measure(
        self, up: Running, workload: Workload, *, seconds: float, rate: float = 0.0, warm_seconds: float = 0.3
    ) -> load.Measured[Reading]:
        read = partial(self._read, up)
        if self._with_wrk and workload.kind == "closed":
            return wrk.measure(
                workload, up.address, folder=self._folder, seconds=seconds, warm_seconds=warm_seconds, read=read
            )
        return load.measure(
            workload,
            up.address,
            folder=self._folder,
            seconds=seconds,
            rate=rate,
            warm_seconds=warm_seconds,
            read=read,
        )

    def _read(self, up: Running) -> Reading:
        return Reading(
            system_cpu=up.cpu_seconds(),
            upstream_cpu=self._upstream.cpu_seconds(),
            upstream_requests=self._upstream.requests(),
            machine_cpu=meter.machine_cpu_seconds(),
        )


@contextmanager
def _awake(up: Running) -> Iterator[None]:
    up.resume()
    try:
        yield
    finally:
        up.pause()


def _fault(measured: load.Measured[Reading], workload: Workload, *, asked: int) -> str:
    """Why a window does not count."""
    seen = measured.load
    faults = {
        f"{seen.other_status} answers with status {seen.sample_status}": seen.other_status,
        f"{seen.dropped} connections dropped": seen.dropped,
        f"{seen.late} answers later than a minute": seen.late,
        f"{seen.unfinished_streams} streams cut": seen.unfinished_streams,
        "streams with fewer chunks than sent": workload.kind == "stream" and seen.fewest_events <= STREAM_CHUNKS,
        f"{seen.answered - asked} answers that the upstream never gave": asked < seen.answered,
        "no answer at all": seen.answered == 0,
    }
    return "; ".join(fault for fault, found in faults.items() if found)


def _sentence(window: Window) -> str:
    took = window.load.latency_ms
    named = f"{window.workload:18} {window.system:11} {window.cpu_us:9.1f} CPU-us"
    said = f"{named}  p50 {took.p50:8.3f}  p99 {took.p99:8.3f} ms"
    return f"{said}  INVALID: {window.invalid}" if window.invalid else said
