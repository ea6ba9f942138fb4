"""A pinned process tree that can be started, paused, resumed and stopped as one.

Paused trees use no CPU, so all systems of a round can be up at once without disturbing the one that is measured.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from benchmarks.gateway import meter

GATEWAY_CORE, LOAD_CORE = 0, 1
_STOP_PATIENCE = 10.0


class DidNotStart(Exception):
    """A system ended, or gave no answer in time, before its first request was answered."""


class Process:
    """One process tree in a session of its own, pinned to one core. Its output goes to `log`."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        core: int,
        log: Path,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        self.log = log
        with log.open("wb") as output:
            self._started = time.monotonic()
            self._popen = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
                cwd=folder,
                start_new_session=True,
                preexec_fn=lambda: os.sched_setaffinity(0, {core}),  # noqa: PLW1509 - no threads here
            )

    @property
    def pid(self) -> int:
        """The leader of the tree's session."""
        return self._popen.pid

    def seconds_since_start(self) -> float:
        """Wall time since it was spawned."""
        return time.monotonic() - self._started

    def wait_until(self, answers: Callable[[], bool], *, patience: float) -> None:
        """Polls until `answers()`. Raises `DidNotStart`, with the end of the log, when that does not come to be."""
        while not answers():
            if self._popen.poll() is not None:
                raise DidNotStart(f"ended with code {self._popen.returncode}: {self._log_end()}")
            if self.seconds_since_start() > patience:
                raise DidNotStart(f"no answer within {patience:.0f} s: {self._log_end()}")
            time.sleep(0.005)

    def pause(self) -> None:
        """Takes the whole tree off the CPU."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Undoes `pause`."""
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        """Ends the tree, by force when it does not end by itself."""
        self.resume()
        self._signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(_STOP_PATIENCE)
        self._signal(signal.SIGKILL)
        self._popen.wait()

    def _signal(self, number: signal.Signals) -> None:
        for pid in meter.processes(self.pid):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue

    def _log_end(self) -> str:
        return self.log.read_text(errors="replace")[-600:].strip()
