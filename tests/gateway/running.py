"""A gateway in a process of its own, as `freehold up` starts it, in front of what a test hands it."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec


class Page(msgspec.Struct):
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Running:
    """A gateway that listens at `url`; `token` opens its admin pages."""

    def __init__(self, process: subprocess.Popen[str], home: Path) -> None:
        word = json.loads((home / "state" / "gateway.json").read_bytes())
        self.process = process
        self.home = home
        self.url: str = word["url"]
        self.token: str = word["token"]

    def send(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Page:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc)
        try:
            data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
            connection.request(method, path, data, dict(headers or {}))
            response = connection.getresponse()
            named = {name.lower(): value for name, value in response.getheaders()}
            return Page(status=response.status, headers=named, body=response.read())
        finally:
            connection.close()

    def ask(self, model: str, question: str, headers: Mapping[str, str] | None = None, **fields: Any) -> Page:
        """One chat completion."""
        body = {"model": model, "messages": [{"role": "user", "content": question}], **fields}
        return self.send("POST", "/v1/chat/completions", body, {"content-type": "application/json", **(headers or {})})

    def status(self) -> Any:
        """The status page."""
        page = self.send("GET", "/admin/status", headers={"authorization": f"Bearer {self.token}"})
        assert page.status == 200, page
        return page.json


@contextmanager
def gateway(home: Path, config: str, *arguments: str, **variables: str) -> Iterator[Running]:
    """`freehold up` over `config`, with nothing of this machine's own settings or keys; ended at the end."""
    home.mkdir(parents=True, exist_ok=True)
    file = home / "freehold.toml"
    file.write_text(config)
    file.chmod(0o600)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FREEHOLD_", "OTEL_"))}
    kept = {name: value for name, value in kept.items() if not name.endswith("_API_KEY")}
    command = [str(Path(sys.executable).with_name("freehold")), "up", "--port", "0", "--no-local"]
    process = subprocess.Popen(
        [*command, "--config", str(file), *arguments],
        env={**kept, "FREEHOLD_HOME": str(home), **variables},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        line = process.stderr.readline()
        assert line.startswith("Freehold listens at "), line + process.stderr.read()
        yield Running(process, home)
    finally:
        process.terminate()
        process.communicate()
