"""What one run measured, as plain data: written as JSON, read back to print tables. Computes nothing."""

import msgspec


class Percentiles(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds."""

    p50: float
    p90: float
    p99: float
    p999: float
    max: float


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What the load generator saw in one window; field names are those that it prints."""

    latency_ms: Percentiles
    first_byte_ms: Percentiles
    answered: int
    ok: int
    other_status: int
    sample_status: int
    dropped: int
    late: int
    unfinished_streams: int
    reconnects: int
    body_bytes: int
    events: int
    fewest_events: int
    arrivals: int
    seconds: float
    cpu_seconds: float


_NO_TIME = Percentiles(p50=0, p90=0, p99=0, p999=0, max=0)
NOTHING = Load(
    latency_ms=_NO_TIME,
    first_byte_ms=_NO_TIME,
    answered=0,
    ok=0,
    other_status=0,
    sample_status=0,
    dropped=0,
    late=0,
    unfinished_streams=0,
    reconnects=0,
    body_bytes=0,
    events=0,
    fewest_events=0,
    arrivals=0,
    seconds=0,
    cpu_seconds=0,
)


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """One system under one workload in one round."""

    system: str
    workload: str
    round: int
    load: Load = NOTHING
    cpu_us: float = 0.0  # of the system's whole process tree, per answer
    upstream_requests: int = 0  # what the mock saw meanwhile
    load_core_busy: float = 0.0  # share of the load core used by generator and mock, 0 to 1
    others_busy: float = 0.0  # cores taken meanwhile by other processes and the hypervisor
    invalid: str = ""  # why this window does not count; empty when it does


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """From spawning a system to its first answered request, and its memory at the end of the round."""

    system: str
    round: int
    wall_seconds: float
    cpu_seconds: float
    idle_mb: float  # resident, after the first answer
    loaded_mb: float  # resident, after every workload of the round


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """A whole run."""

    machine: dict[str, str]
    rounds: int
    seconds: float
    generator: str
    settings: dict[str, str]  # by system, in the order of the tables
    not_run: dict[str, str]  # system to why
    windows: list[Window]
    starts: list[Start]


def to_json(results: Results) -> bytes:
    """The run as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(results), indent=1)


def from_json(content: bytes) -> Results:
    """A run that was written by `to_json`. Raises `msgspec.ValidationError` for anything else."""
    return msgspec.json.decode(content, type=Results)


def load_from(printed: str | bytes) -> Load:
    """The generator's one JSON line."""
    return msgspec.json.decode(printed, type=Load)
