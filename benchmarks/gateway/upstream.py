"""The mock upstream as a process: one per round, shared by every system."""

import json
import urllib.request
from pathlib import Path

from benchmarks.gateway import meter, tools
from benchmarks.gateway.process import LOAD_CORE, Process


class Upstream:
    """The compiled mock, listening on two ports as if it were two providers."""

    def __init__(self, folder: Path) -> None:
        log = folder / "upstream.log"
        self._process = Process([str(tools.compiled("mock_upstream.c")), "2"], core=LOAD_CORE, log=log)
        self._process.wait_until(lambda: log.read_text().endswith("\n"), patience=10)
        self.first, self.second = map(int, log.read_text().split())

    def requests(self) -> int:
        """How many requests it has been asked since it started."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.first}/count", timeout=10) as answer:
            return int(json.load(answer)["requests"])

    def cpu_seconds(self) -> float:
        """CPU it used since it started."""
        return meter.cpu_seconds(self._process.pid)

    def stop(self) -> None:
        """Ends it."""
        self._process.stop()
