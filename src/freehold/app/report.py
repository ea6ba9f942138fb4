"""What a running gateway says of itself: the answer of `GET /admin/status`, and the file by which the command line finds it.

Both are read by other programs, so fields are only ever added. Nothing here is a secret but `GatewayFile.token`.
"""

from __future__ import annotations

import os

import msgspec

from freehold.ground.paths import Home
from freehold.ground.units import Seconds, Usd

GATEWAY_FILE = "gateway.json"


class KeyReport(msgspec.Struct, frozen=True, kw_only=True):
    """One of a provider's keys, by label."""

    label: str
    set_aside: str = ""
    """Why it is not used; empty while it is."""


class ProviderReport(msgspec.Struct, frozen=True, kw_only=True):
    """One provider, as this gateway sees it."""

    name: str
    place: str
    """local, own, rented or cloud."""
    ready: bool
    reason: str = ""
    """Why it is not ready."""
    breaker: str = "closed"
    """closed, open or half_open."""
    in_flight: int = 0
    offers: int = 0
    keys: tuple[KeyReport, ...] = ()
    last_error: str = ""
    """Code of the newest error (see `freehold.ground.errors`)."""
    discovered: bool = False
    """Found on this machine, rather than configured."""
    requests: int = 0
    """Attempts since the start."""
    failures: int = 0


class RequestsReport(msgspec.Struct, frozen=True, kw_only=True):
    """Requests of all workers since the start, and of late."""

    total: int = 0
    ok: int = 0
    failed: int = 0
    refused: int = 0
    cancelled: int = 0
    cached: int = 0
    in_flight: int = 0
    per_second: float = 0.0
    """Over the last minute, or since the start where that is shorter."""
    first_byte_p50: Seconds | None = None
    first_byte_p99: Seconds | None = None
    """Over the last minute; None without requests."""
    usd: Usd = Usd(0.0)
    """Spent since the start, as far as prices are known."""


class ReceiptsReport(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the record."""

    backlog: int = 0
    """Receipts waiting to be written."""
    dropped: int = 0
    """Receipts lost since the start because the database refused them for too long."""
    fault: str = ""
    """Why receipts cannot be written just now."""


class StatusReport(msgspec.Struct, frozen=True, kw_only=True):
    """A running gateway."""

    version: str
    pid: int
    started: float
    """Seconds since the epoch."""
    uptime: Seconds
    workers: int
    listening: str
    """URL that clients use."""
    config_file: str = ""
    config_errors: tuple[str, ...] = ()
    """What is wrong with the newest configuration; the one before it is in force meanwhile."""
    needs_restart: tuple[str, ...] = ()
    """Keys whose new value only a restart puts in force."""
    providers: tuple[ProviderReport, ...] = ()
    requests: RequestsReport = RequestsReport()
    receipts: ReceiptsReport = ReceiptsReport()
    cache_entries: int = 0
    cache_bytes: int = 0


class GatewayFile(msgspec.Struct, frozen=True, kw_only=True):
    """Where the gateway of this home listens, and the token that lets its owner in."""

    pid: int
    url: str
    token: str

    def __repr__(self) -> str:
        return f"GatewayFile(pid={self.pid}, url={self.url!r})"


def write_gateway_file(home: Home, gateway: GatewayFile) -> None:
    """Leave word where this gateway is; only the user can read it."""
    path = home.state / GATEWAY_FILE
    draft = path.with_suffix(f".{gateway.pid}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(msgspec.json.encode(gateway))
    draft.replace(path)


def read_gateway_file(home: Home) -> GatewayFile | None:
    """The gateway that runs in this home; None if there is none, or its process is gone."""
    try:
        gateway = msgspec.json.decode((home.root / "state" / GATEWAY_FILE).read_bytes(), type=GatewayFile)
    except (OSError, msgspec.DecodeError):
        return None
    return gateway if process_lives(gateway.pid) else None


def remove_gateway_file(home: Home, pid: int) -> None:
    """Take the word back, if it is still that of process `pid`."""
    gateway = read_gateway_file(home)
    if gateway is not None and gateway.pid == pid:
        (home.state / GATEWAY_FILE).unlink(missing_ok=True)


def process_lives(pid: int) -> bool:
    """Whether there is a process of that number."""
    if not 0 < pid < 1 << 31:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # somebody else's, but alive
    return True
