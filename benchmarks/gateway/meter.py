"""CPU time and memory of a whole process tree, read from the scheduler's own accounts in /proc.

A tree is every process of the session that its first process leads, so children that were re-parented still count.
CPU of children that have ended is counted through the parent that reaped them. Linux only.
"""

import os
import time
from pathlib import Path

_TICK = 1 / os.sysconf("SC_CLK_TCK")
_SESSION, _REAPED_USER, _REAPED_SYSTEM = 3, 13, 14  # fields of /proc/PID/stat after the name


def processes(leader: int) -> list[int]:
    """Process ids of the session led by `leader`."""
    return [pid for pid in _all_processes() if (fields := _stat(pid)) and int(fields[_SESSION]) == leader]


def cpu_seconds(leader: int) -> float:
    """CPU used so far by the tree, user and system, in nanosecond steps for living processes."""
    return sum(_cpu_seconds(pid) for pid in processes(leader))


def machine_cpu_seconds() -> float:
    """CPU used so far by everything on the machine: processes, interrupts, and what a hypervisor gave to others."""
    user, nice, system, _idle, _waiting, hard, soft, stolen, *_ = _machine_ticks()
    return (user + nice + system + hard + soft + stolen) * _TICK


def stolen_seconds() -> float:
    """CPU that this machine wanted so far and its hypervisor gave to others."""
    return _machine_ticks()[7] * _TICK


def resident_mb(leader: int) -> float:
    """Resident memory of the tree in MB (10^6 bytes); pages shared by two processes count twice, as `ps` does."""
    pages = sum(_resident_pages(pid) for pid in processes(leader))
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _machine_ticks() -> list[int]:
    return [int(field) for field in Path("/proc/stat").read_text().partition("\n")[0].split()[1:]]


def _cpu_seconds(pid: int) -> float:
    fields = _stat(pid)
    if not fields:
        return 0.0
    reaped = (int(fields[_REAPED_USER]) + int(fields[_REAPED_SYSTEM])) * _TICK
    try:
        return time.clock_gettime(_cpu_clock(pid)) + reaped
    except OSError:
        return 0.0


def _cpu_clock(pid: int) -> int:
    """The clock id of another process's CPU time, as clock_getcpuclockid(3) makes it."""
    return (~pid << 3) | 2


def _resident_pages(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0


def _stat(pid: int) -> list[str]:
    try:
        content = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return []
    return content.rpartition(")")[2].split()


def _all_processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
