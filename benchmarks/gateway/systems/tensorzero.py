"""TensorZero's gateway, embedded in a Python process as its client library does it (the project is archived)."""

from pathlib import Path

from benchmarks.gateway import tools
from benchmarks.gateway.systems.system import Launch, Site
from benchmarks.gateway.workloads import Address

VERSION = "2026.6.0"

_CONFIG = """
[gateway]
disable_pseudonymous_usage_analytics = true
observability.enabled = false

[models.mock]
routing = ["first", "second"]

[models.mock.providers.first]
type = "openai"
model_name = "mock"
api_base = "{first}/"
api_key_location = "none"

[models.mock.providers.second]
type = "openai"
model_name = "mock"
api_base = "{second}/"
api_key_location = "none"
"""

# Python only starts the Rust server and then sleeps. The server picks its own port.
_STARTER = """
import pathlib, signal, sys, urllib.parse
from tensorzero import _start_http_gateway
config, port_file = sys.argv[1:]
gateway = _start_http_gateway(
    config_file=config, clickhouse_url=None, postgres_url=None, valkey_url=None, async_setup=False
)
pathlib.Path(port_file).write_text(str(urllib.parse.urlsplit(gateway.base_url).port))
signal.sigwait([signal.SIGTERM])
"""


class TensorZero:
    """Two providers behind one model; observability off, as in its own benchmark, so nothing is recorded."""

    name = "TensorZero"
    settings = (
        f"{VERSION}, the embedded HTTP gateway of its Python package; two providers in the routing list. Observability is "
        "off, as in its own benchmark (it needs ClickHouse), so nothing is recorded; no keys, no budgets."
    )

    def prepare(self) -> None:
        """Installs into an environment of its own."""
        self._python()

    def launch(self, site: Site) -> Launch:
        """Writes tensorzero.toml and the starter."""
        config, starter, port_file = (site.folder / name for name in ("tensorzero.toml", "starter.py", "port"))
        first, second = site.upstreams
        config.write_text(_CONFIG.format(first=first, second=second))
        starter.write_text(_STARTER)
        return Launch(
            command=[str(self._python()), str(starter), str(config), str(port_file)],
            address=Address(port=0, model="tensorzero::model_name::mock", path="/openai/v1/chat/completions"),
            port_file=port_file,
        )

    def _python(self) -> Path:
        return tools.python_peer("tensorzero", [f"tensorzero=={VERSION}"])
