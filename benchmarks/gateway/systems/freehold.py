"""Freehold with everything switched on, from this checkout."""

import json
import os
import subprocess
import sys
from pathlib import Path

from benchmarks.gateway import tools
from benchmarks.gateway.systems.system import Launch, Site
from benchmarks.gateway.workloads import Address

# Prices make the money budget count; two providers of one model are a failover list. The exact cache is on, as by
# default, and breaker, deadlines and retries are as by default too. `check_answers` and the count of upstream requests
# show that the cache answers nothing here: a request that leaves temperature unset asks for a fresh sample.
_CONFIG = """
[server]
require_key = true

[cache]
enabled = true

[receipts]
database = "{folder}/freehold.db"

[providers.first]
base_url = "{first}"
models = ["mock"]
preference = 1

[providers.second]
base_url = "{second}"
models = ["mock"]
preference = 2

[prices."first/mock"]
input = 0.5
output = 1.5

[prices."second/mock"]
input = 0.5
output = 1.5
"""

# Limits of the kind people set, and large enough that no round reaches them.
_KEY_TERMS = ("--budget", "1000000usd/month", "--limit", "100M/min", "--tokens", "1000G/month", "--models", "mock,auto")


class Freehold:
    """A virtual key with budgets, rate limit and allow list; receipts, breakers, exact cache, failover, metrics."""

    name = "Freehold"
    settings = (
        "this checkout, one process, `--no-local`; virtual key with a money budget, a token budget, a rate limit and an "
        "allow list, receipts to SQLite, priced, breaker, metrics, exact cache on, failover list of two providers."
    )

    def prepare(self) -> None:
        """Asks that `freehold` is importable by this very Python."""
        if subprocess.run([*_freehold(), "--version"], capture_output=True, check=False).returncode:
            raise tools.Missing("Freehold is not installed for this Python; run script/up first")

    def launch(self, site: Site) -> Launch:
        """Writes freehold.toml and makes the key."""
        first, second = site.upstreams
        config = site.folder / "freehold.toml"
        config.write_text(_CONFIG.format(folder=site.folder, first=first, second=second))
        home = {"FREEHOLD_HOME": str(site.folder / "home")}
        key = _make_key(config, home)
        return Launch(
            command=[*_freehold(), "up", "--config", str(config), "--port", str(site.port), "--no-local"],
            environment=home,
            address=Address(port=site.port, headers={"Authorization": f"Bearer {key}"}),
        )


def _freehold() -> list[str]:
    return [sys.executable, str(Path(sys.executable).with_name("freehold"))]


def _make_key(config: Path, home: dict[str, str]) -> str:
    command = [*_freehold(), "keys", "create", "benchmark", *_KEY_TERMS, "--json", "--config", str(config)]
    made = subprocess.run(command, env={**os.environ, **home}, capture_output=True, text=True, check=False)
    if made.returncode:
        raise tools.Missing(f"`freehold keys create` failed: {made.stderr.strip()[-300:]}")
    return str(json.loads(made.stdout)["secret"])
