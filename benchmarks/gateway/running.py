"""One system that is up: started, checked to pass the mock's own answers on, measured, stopped."""

import http.client
import json
import socket
from pathlib import Path

import msgspec
from benchmarks.gateway import meter
from benchmarks.gateway.process import GATEWAY_CORE, DidNotStart, Process
from benchmarks.gateway.systems import Site, System
from benchmarks.gateway.upstream import Upstream
from benchmarks.gateway.workloads import (
    BODIES,
    SINGLE,
    STREAM_CHUNKS,
    STREAMS,
    Address,
    Workload,
    chat_body,
)

_START_PATIENCE = 120.0


class Running:
    """A started system, or the direct way to the mock when it has no process."""

    def __init__(self, name: str, address: Address, process: Process | None = None) -> None:
        self.name = name
        self.address = address
        self.process = process
        self.start_wall_seconds = self.start_cpu_seconds = self.idle_mb = 0.0

    def cpu_seconds(self) -> float:
        """CPU of the whole tree so far."""
        return meter.cpu_seconds(self.process.pid) if self.process else 0.0

    def resident_mb(self) -> float:
        """Resident memory of the whole tree now."""
        return meter.resident_mb(self.process.pid) if self.process else 0.0

    def pause(self) -> None:
        """Takes it off the CPU."""
        if self.process:
            self.process.pause()

    def resume(self) -> None:
        """Puts it back."""
        if self.process:
            self.process.resume()

    def stop(self) -> None:
        """Ends it."""
        if self.process:
            self.process.stop()


def start(system: System, folder: Path, upstream: Upstream, *, trial: int) -> Running:
    """Starts a system and waits for its first answer. Raises `DidNotStart`."""
    place = folder / f"{system.name}-{trial}"
    place.mkdir()
    site = Site(folder=place, port=_free_port(), first_upstream=upstream.first, second_upstream=upstream.second)
    launch = system.launch(site)
    process = Process(
        launch.command, core=GATEWAY_CORE, log=place / "log", environment=launch.environment, folder=place
    )
    running = Running(system.name, launch.address, process)
    try:
        process.wait_until(lambda: _answers(running, launch.port_file), patience=_START_PATIENCE)
    except BaseException:
        process.stop()
        raise
    running.start_wall_seconds = process.seconds_since_start()
    running.start_cpu_seconds = running.cpu_seconds()
    running.idle_mb = running.resident_mb()
    return running


def check_answers(running: Running, upstream: Upstream) -> None:
    """Makes sure that the answers are the mock's, of every size and streamed. Raises `DidNotStart`."""
    direct = Address(port=upstream.first)
    for workload in (*BODIES, STREAMS):
        expected, got = _content(workload, direct), _content(workload, running.address)
        if got != expected:
            raise DidNotStart(f"{workload.name}: answered {got[:200]!r} where the upstream says {expected[:60]!r}")


def _answers(running: Running, port_file: Path | None) -> bool:
    if port_file:
        if not port_file.exists() or not port_file.read_text():
            return False
        running.address = msgspec.structs.replace(running.address, port=int(port_file.read_text()))
    try:
        return bool(_content(SINGLE, running.address))
    except (OSError, http.client.HTTPException, ValueError, LookupError):
        return False


def _content(workload: Workload, address: Address) -> str:
    """The words of an answer, whole or streamed."""
    answer = _ask(workload, address)
    if workload.kind != "stream":
        return str(json.loads(answer)["choices"][0]["message"]["content"])
    events = [line[5:].strip() for line in answer.splitlines() if line.startswith("data:")]
    deltas = [json.loads(event)["choices"] for event in events if event not in ("", "[DONE]")]
    words = [choices[0]["delta"].get("content") for choices in deltas if choices]
    if "[DONE]" not in events or len([word for word in words if word]) < STREAM_CHUNKS:
        raise ValueError(f"a cut stream: {answer[-200:]}")
    return "".join(word or "" for word in words)


def _ask(workload: Workload, address: Address) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", address.port, timeout=60)
    try:
        connection.request(
            "POST",
            address.path,
            chat_body(workload, model=address.model),
            {"Content-Type": "application/json", **address.headers},
        )
        answer = connection.getresponse()
        text = answer.read().decode()
        if answer.status != 200:
            raise ValueError(f"status {answer.status}: {text[:300]}")
        return text
    finally:
        connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
