"""Portkey's open-source gateway on Node.

Its trap: streams break with the newest @hono/node-server that its manifest admits, so 1.13.8 is pinned beneath it.
"""

import json
from pathlib import Path

from benchmarks.gateway import tools
from benchmarks.gateway.systems.system import Launch, Site
from benchmarks.gateway.workloads import Address

VERSION = "1.15.2"
_MANIFEST = {
    "private": True,
    "dependencies": {"@portkey-ai/gateway": VERSION},
    "overrides": {"@hono/node-server": "1.13.8"},
}


class Portkey:
    """Headless, fallback between two targets with retries; its open-source form keeps no keys, budgets or records."""

    name = "Portkey"
    settings = (
        f"{VERSION} on Node, headless, NODE_ENV=production; fallback list of two targets and two retries in the config "
        "header. The open-source gateway has no virtual keys, budgets or request log of its own."
    )

    def prepare(self) -> None:
        """Installs into a node_modules of its own."""
        self._folder()

    def launch(self, site: Site) -> Launch:
        """Its configuration travels with each request, in a header."""
        targets = [{"provider": "openai", "api_key": "unused", "custom_host": base} for base in site.upstreams]
        config = {"strategy": {"mode": "fallback"}, "targets": targets, "retry": {"attempts": 2}}
        script = self._folder() / "node_modules/@portkey-ai/gateway/build/start-server.js"
        return Launch(
            command=[tools.debian("node", "nodejs"), str(script), f"--port={site.port}", "--headless"],
            environment={"NODE_ENV": "production"},
            address=Address(port=site.port, headers={"x-portkey-config": json.dumps(config)}),
        )

    def _folder(self) -> Path:
        return tools.node_peer("portkey", json.dumps(_MANIFEST))
