"""What the benchmark must know about a system to put it beside the others."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import msgspec
from benchmarks.gateway.workloads import Address


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """Where one instance runs: an empty folder for its files, a free port, and the mock's two upstream ports."""

    folder: Path
    port: int
    first_upstream: int
    second_upstream: int

    @property
    def upstreams(self) -> tuple[str, str]:
        """The OpenAI base URLs of the failover pair."""
        return f"http://127.0.0.1:{self.first_upstream}/v1", f"http://127.0.0.1:{self.second_upstream}/v1"


class Launch(msgspec.Struct, frozen=True, kw_only=True):
    """How to start one instance, and how to ask it."""

    command: Sequence[str]
    address: Address
    environment: Mapping[str, str] = {}
    port_file: Path | None = None  # where a system that picks its own port writes it


class System(Protocol):
    """One gateway at the settings that its documentation advises for production, as far as they run without a cloud."""

    name: str
    settings: str  # one or two sentences for the report, including what was left out

    def prepare(self) -> None:
        """Installs what is needed. Raises `tools.Missing`; may take minutes the first time."""

    def launch(self, site: Site) -> Launch:
        """Writes the configuration into `site.folder` and says how to start; starts nothing."""
