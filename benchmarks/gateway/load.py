"""Runs the compiled load generator, and reads meters exactly when nothing is in flight."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

import msgspec
from benchmarks.gateway import results, tools
from benchmarks.gateway.process import LOAD_CORE
from benchmarks.gateway.workloads import Address, Workload, request_bytes

Reading = TypeVar("Reading")

_WARM_SECONDS = 0.3
_STREAM_STAGGER_MS = 3.09  # no multiple of the gap between chunks, so that streams are evenly out of step


class Measured(msgspec.Struct, Generic[Reading], frozen=True, kw_only=True):
    """One window of load, and what the meters said on either side of it."""

    load: results.Load
    before: Reading
    after: Reading


class Failed(Exception):
    """The generator itself ended: usually nobody listens any more."""


def measure(
    workload: Workload,
    address: Address,
    *,
    folder: Path,
    seconds: float,
    rate: float = 0.0,
    warm_seconds: float = _WARM_SECONDS,
    read: Callable[[], Reading],
) -> Measured[Reading]:
    """Loads for `seconds` after a warm-up; `rate` in requests per second, 0 for a closed loop. Raises `Failed`."""
    request = folder / "request.http"
    request.write_bytes(request_bytes(workload, address))
    stagger_ms = _STREAM_STAGGER_MS if workload.kind == "stream" else 0.0
    figures = (workload.connections, seconds, rate, warm_seconds, stagger_ms)
    command = [str(tools.compiled("load_generator.c")), str(address.port), str(request), *map(str, figures)]
    with subprocess.Popen(
        ["taskset", "-c", str(LOAD_CORE), *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as generator:
        assert generator.stdin and generator.stdout and generator.stderr
        if generator.stdout.readline() != b"warm\n":
            raise Failed(generator.stderr.read().decode().strip() or "no connection")
        before = read()
        generator.stdin.write(b"go\n")
        generator.stdin.flush()
        printed = generator.stdout.readline()
        after = read()
    if not printed:
        raise Failed("the generator ended in the middle of the load")
    return Measured(load=results.load_from(printed), before=before, after=after)
