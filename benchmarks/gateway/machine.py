"""What machine a run was made on; part of every result."""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

CORES_NEEDED = 2


def describe() -> dict[str, str]:
    """Facts to read beside the figures."""
    return {
        "CPU": _processor(),
        "cores": str(os.cpu_count()),
        "kernel": platform.release(),
        "Python": platform.python_version(),
        "date": datetime.now(UTC).date().isoformat(),
        "load average at the start": f"{os.getloadavg()[0]:.1f}",
    }


def has_enough_cores() -> bool:
    """One core for the system, another for generator and mock."""
    return len(os.sched_getaffinity(0)) >= CORES_NEEDED


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
