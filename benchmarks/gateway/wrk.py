"""The closed-loop windows once more under wrk, so that nobody has to believe our own generator.

wrk stops with requests in flight and counts them as never sent, and it stretches long latencies to correct for requests
it could not send. Its figures for slow systems over many connections are therefore rougher; both generators should
agree on CPU per request over few connections. wrk counts only statuses from 400 as errors.
"""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import msgspec
from benchmarks.gateway import tools
from benchmarks.gateway.load import Failed, Measured, Reading
from benchmarks.gateway.process import LOAD_CORE
from benchmarks.gateway.results import NOTHING, Load, Percentiles
from benchmarks.gateway.workloads import Address, Workload, chat_body


def measure(
    workload: Workload,
    address: Address,
    *,
    folder: Path,
    seconds: float,
    warm_seconds: float,
    read: Callable[[], Reading],
) -> Measured[Reading]:
    """A closed loop for `seconds`, after one for `warm_seconds` that is not counted. Raises `load.Failed`."""
    request = folder / "request.wrk"
    request.write_bytes(_request(workload, address))
    command = ["taskset", "-c", str(LOAD_CORE), tools.debian("wrk", "wrk"), "-t1", f"-c{workload.connections}"]
    command += ["--timeout", "60s", "-s", str(tools.HERE / "wrk.lua")]
    target = [f"http://127.0.0.1:{address.port}", "--", str(request)]
    subprocess.run([*command, f"-d{_whole(warm_seconds)}s", *target], capture_output=True, check=False)
    before = read()
    ran = subprocess.run([*command, f"-d{_whole(seconds)}s", *target], capture_output=True, text=True, check=False)
    after = read()
    counted = [line for line in ran.stdout.splitlines() if line.startswith("{")]
    if ran.returncode or not counted:
        raise Failed((ran.stderr or ran.stdout).strip()[-300:])
    return Measured(load=_load(json.loads(counted[-1])), before=before, after=after)


def _load(said: dict[str, float]) -> Load:
    times = Percentiles(**{name: said[name] for name in Percentiles.__struct_fields__})
    return msgspec.structs.replace(
        NOTHING,
        latency_ms=times,
        first_byte_ms=times,
        answered=int(said["answered"]),
        ok=int(said["answered"] - said["status"]),
        other_status=int(said["status"]),
        dropped=int(said["failed"]),
        seconds=said["microseconds"] / 1e6,
    )


def _request(workload: Workload, address: Address) -> bytes:
    """Path, headers, an empty line, body: what wrk.lua reads."""
    headers = {"Content-Type": "application/json", **address.headers}
    lines = [address.path, *(f"{name}: {value}" for name, value in headers.items())]
    return "\n".join(lines).encode() + b"\n\n" + chat_body(workload, model=address.model)


def _whole(seconds: float) -> int:
    """wrk takes whole seconds, at least one."""
    return max(1, round(seconds))
