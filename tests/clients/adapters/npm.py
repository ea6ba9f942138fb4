"""The official clients of npm, driven over a pipe: `tests/clients/node` does the talking.

The packages are pinned by a lock file and installed once per lock file into the tests' cache.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from .. import samples
from ..house import House
from ..observed import Observed, Refused
from ..upstreams import Upstream

_SOURCES = Path(__file__).parent.parent / "node"
_CACHE = Path.home() / ".cache" / "freehold-tests" / "node"
_SAMPLES = {
    "call_both": samples.CALL_BOTH,
    "city": samples.CITY,
    "described": samples.DESCRIBED,
    "look": samples.LOOK,
    "picture": samples.PICTURE,
    "pixel": samples.PIXEL,
    "query": samples.QUERY,
    "results": samples.RESULTS,
    "sound": str(samples.SOUND),
    "structured": samples.STRUCTURED,
    "texts": samples.TEXTS,
}


class NpmMissing(Exception):
    """Node or npm is not installed, or the packages cannot be had."""


def installed() -> Path:
    """The folder that holds node_modules. Raises NpmMissing."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise NpmMissing("node and npm are not installed")
    lock = (_SOURCES / "package-lock.json").read_bytes()
    place = _CACHE / hashlib.sha256(lock).hexdigest()[:16]
    if not place.is_dir():
        _CACHE.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=".new-", dir=_CACHE))
        for name in ("package.json", "package-lock.json"):
            shutil.copy(_SOURCES / name, fresh)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=fresh, capture_output=True, text=True, check=False)
        if done.returncode:
            shutil.rmtree(fresh)
            raise NpmMissing(f"npm ci failed: {done.stderr[-500:]}")
        try:
            fresh.rename(place)
        except OSError:  # another process was quicker
            shutil.rmtree(fresh)
    return place


class Driver:
    """The Node process."""

    def __init__(self) -> None:
        # Node looks for packages beside a script, and not where links lead.
        self._scripts = Path(tempfile.mkdtemp(prefix="freehold-node-"))
        (self._scripts / "node_modules").symlink_to(installed() / "node_modules", target_is_directory=True)
        for source in (*_SOURCES.glob("*.mjs"), _SOURCES / "package.json"):
            shutil.copy(source, self._scripts)
        self._process = subprocess.Popen(
            ["node", "driver.mjs"], cwd=self._scripts, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """One round."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "node ended"
        return dict(json.loads(line))

    def close(self) -> None:
        self._process.communicate(timeout=30)
        shutil.rmtree(self._scripts)


@cache
def driver() -> Driver:
    """The one process, started when it is first needed."""
    return Driver()


class _Npm:
    """Its methods are those of a JavaScript class."""

    errors = Refused
    script: str

    def __init__(self, house: House, *, key: str | None = None, timeout: float = 60) -> None:
        self._house = {"url": house.url, "key": key or house.key, "timeout": timeout}

    def close(self) -> None:
        """The driver outlives it: see the `node` fixture."""

    @staticmethod
    def refused(error: Refused) -> Refused:
        return error

    def leave(self, to: Upstream) -> str:
        return self._observe("leave", to).text

    def __getattr__(self, feature: str) -> Any:
        if feature.startswith("_"):
            raise AttributeError(feature)

        def observe(to: Upstream) -> Observed:
            return self._observe(feature, to)

        return observe

    def _observe(self, feature: str, to: Upstream) -> Observed:
        said = driver().ask(
            {
                "client": self.script,
                "feature": feature,
                "house": self._house,
                "to": msgspec.to_builtins(to),
                "samples": _SAMPLES,
            }
        )
        if "refused" in said:
            raise Refused(**said["refused"])
        assert "observed" in said, said["failed"]
        return msgspec.convert(said["observed"], Observed)


class NpmOpenAIChat(_Npm):
    """One method per feature, on Chat Completions and the routes beside it."""

    script = "OpenAIChat"


class NpmOpenAIResponses(_Npm):
    """The same on Responses."""

    script = "OpenAIResponses"


class NpmAnthropic(_Npm):
    """Anthropic's, on Messages."""

    script = "AnthropicMessages"
