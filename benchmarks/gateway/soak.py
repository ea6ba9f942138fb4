"""Memory of one system under steady mixed load, over minutes to hours, and the slope of it."""

import tempfile
import threading
import time
from pathlib import Path
from statistics import linear_regression

import msgspec
from benchmarks.gateway import load, meter, running
from benchmarks.gateway.results import Load
from benchmarks.gateway.rounds import Say
from benchmarks.gateway.running import Running
from benchmarks.gateway.systems import System
from benchmarks.gateway.upstream import Upstream
from benchmarks.gateway.workloads import BASE, STREAMS, Workload, paced

_REQUESTS_PER_SECOND = 300.0
_STREAMS_PER_SECOND = 40.0
_LEG_SECONDS = 30.0
_SETTLED_SHARE = 1 / 3  # of the time is given to caches and pools to fill before the slope is taken


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """Resident memory at one moment of the soak."""

    minutes: float
    resident_mb: float
    answered: int
    failures: int
    stolen_seconds: float  # CPU that the hypervisor took from this machine since the soak began


class Soak(msgspec.Struct, frozen=True, kw_only=True):
    """A whole soak."""

    system: str
    samples: list[Sample]

    @property
    def mb_per_hour(self) -> float:
        """Slope of resident memory by least squares, after the first third."""
        settled = [s for s in self.samples if s.minutes >= self.samples[-1].minutes * _SETTLED_SHARE]
        if len(settled) < 2:
            return 0.0
        return 60 * linear_regression([s.minutes for s in settled], [s.resident_mb for s in settled]).slope


def run(system: System, *, minutes: float, say: Say) -> Soak:
    """Loads with whole answers and streams at a fixed rate, over fresh connections every leg."""
    system.prepare()
    with tempfile.TemporaryDirectory(prefix="gateway-soak-") as name:
        folder = Path(name)
        upstream = Upstream(folder)
        try:
            up = running.start(system, folder, upstream, trial=0)
            try:
                return _soak(up, folder, minutes=minutes, say=say)
            finally:
                up.stop()
        finally:
            upstream.stop()


def text(soak: Soak) -> str:
    """The verdict in one paragraph."""
    first, last = soak.samples[0], soak.samples[-1]
    return (
        f"{soak.system}: {last.answered:,} answers in {last.minutes:.0f} minutes, {last.failures} failures; "
        f"{first.resident_mb:.1f} MB after the first leg, {last.resident_mb:.1f} MB at the end, "
        f"slope after the first third {soak.mb_per_hour:+.2f} MB an hour; "
        f"the hypervisor took {last.stolen_seconds:.0f} CPU seconds from this machine meanwhile."
    )


def _soak(up: Running, folder: Path, *, minutes: float, say: Say) -> Soak:
    samples: list[Sample] = []
    began, stolen, answered, failures = time.monotonic(), meter.stolen_seconds(), 0, 0
    while not samples or samples[-1].minutes < minutes:
        legs = _leg(up, folder)
        answered += sum(leg.answered for leg in legs)
        failures += sum(leg.answered - leg.ok + leg.dropped + leg.late + leg.unfinished_streams for leg in legs)
        sample = Sample(
            minutes=(time.monotonic() - began) / 60,
            resident_mb=up.resident_mb(),
            answered=answered,
            failures=failures,
            stolen_seconds=meter.stolen_seconds() - stolen,
        )
        samples.append(sample)
        say(_sentence(sample))
    return Soak(system=up.name, samples=samples)


def _sentence(sample: Sample) -> str:
    return (
        f"{sample.minutes:7.1f} min  {sample.resident_mb:7.1f} MB  {sample.answered:9,} answers  "
        f"{sample.failures} failures  {sample.stolen_seconds:.1f} s stolen"
    )


def _leg(up: Running, folder: Path) -> list[Load]:
    """Whole answers and streams side by side for half a minute."""
    legs: list[Load] = []

    def one(name: str, workload: Workload, rate: float) -> None:
        place = folder / name
        place.mkdir(exist_ok=True)
        measured = load.measure(workload, up.address, folder=place, seconds=_LEG_SECONDS, rate=rate, read=lambda: None)
        legs.append(measured.load)

    streams = threading.Thread(target=one, args=("streams", STREAMS, _STREAMS_PER_SECOND))
    streams.start()
    one("whole", paced(BASE.connections), _REQUESTS_PER_SECOND)
    streams.join()
    return legs
