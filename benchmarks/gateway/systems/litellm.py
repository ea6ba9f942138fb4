"""LiteLLM's proxy, one worker.

Its traps: `--num_workers 2` respawns workers for ever under uvicorn; without LITELLM_LOCAL_MODEL_COST_MAP it spends its
start fetching prices from the internet. 1.107 was withdrawn from the index, so the version before it is pinned.
"""

import json
from pathlib import Path

from benchmarks.gateway import tools
from benchmarks.gateway.systems.system import Launch, Site
from benchmarks.gateway.workloads import Address

VERSION = "1.106.2"
_KEY = "sk-benchmark"


class LiteLLM:
    """Master key, two deployments behind one model name, retries; no database, so no budgets and no spend log."""

    name = "LiteLLM"
    settings = (
        f"{VERSION}, one uvicorn worker, LITELLM_MODE=PRODUCTION, log level ERROR, master key checked, two deployments of "
        "one model with two retries, local price map. Virtual keys, budgets and the spend log are off: they need PostgreSQL."
    )

    def prepare(self) -> None:
        """Installs into an environment of its own."""
        self._python()

    def launch(self, site: Site) -> Launch:
        """Writes config.yaml (as JSON, which is YAML)."""
        config = site.folder / "config.yaml"
        config.write_text(json.dumps(self._config(site), indent=1))
        python = self._python()
        command = [str(python), str(python.with_name("litellm")), "--config", str(config)]
        return Launch(
            command=[*command, "--host", "127.0.0.1", "--port", str(site.port), "--num_workers", "1"],
            environment={
                "LITELLM_MODE": "PRODUCTION",
                "LITELLM_LOG": "ERROR",
                "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            },
            address=Address(port=site.port, headers={"Authorization": f"Bearer {_KEY}"}),
        )

    def _config(self, site: Site) -> dict[str, object]:
        deployments = [
            {"model_name": "mock", "litellm_params": {"model": "openai/mock", "api_base": base, "api_key": "unused"}}
            for base in site.upstreams
        ]
        return {
            "model_list": deployments,
            "router_settings": {"num_retries": 2},
            "litellm_settings": {"telemetry": False, "set_verbose": False, "request_timeout": 600},
            "general_settings": {"master_key": _KEY},
        }

    def _python(self) -> Path:
        return tools.python_peer("litellm", [f"litellm[proxy]=={VERSION}"])
