"""A real `freehold up` in front of loopback vendors and of the models of this machine."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from freehold.testing.faulty import closed_port
from freehold.testing.vendors import FakeAnthropic, FakeOpenAI, FakeVLLM
from freehold.testing.vendors.openai.vendor import MODELS

from .troubled import BusyOpenAI, EndlessOpenAI

_FREEHOLD = str(Path(sys.executable).with_name("freehold"))
_SERVED = ("open-8b", "gpt-9-open", "open-embed", "open-whisper", "open-rerank")
_LISTENS = "Freehold listens at "


class House(msgspec.Struct, frozen=True, kw_only=True):
    """The running gateway, its keys, and who stands behind it."""

    url: str
    key: str
    limited_key: str
    """Lets one request an hour pass."""
    openai: FakeOpenAI
    server: FakeVLLM
    anthropic: FakeAnthropic
    endless: EndlessOpenAI
    environment: dict[str, str]
    """What a command of Freehold's needs to find this home."""

    @property
    def base_url(self) -> str:
        """What OpenAI's clients take."""
        return f"{self.url}/v1"


@contextlib.contextmanager
def open_house(root: Path, weights: Path) -> Iterator[House]:
    """Start everything; `weights` is a directory of pulled models."""
    with contextlib.ExitStack() as stack:
        openai = stack.enter_context(FakeOpenAI())
        server = stack.enter_context(FakeVLLM(*_SERVED))
        anthropic = stack.enter_context(FakeAnthropic())
        endless = stack.enter_context(EndlessOpenAI())
        busy = stack.enter_context(BusyOpenAI())
        gone = f"http://127.0.0.1:{stack.enter_context(closed_port())}/v1"
        config = root / "freehold.toml"
        config.write_text(
            _BASE
            + _provider("openai", openai.base_url, openai.key, MODELS)
            + _provider("vllm", server.base_url, "", _SERVED)
            + _provider("anthropic", anthropic.base_url, anthropic.key)
            + _provider("busy", busy.base_url, busy.key, ["gpt-4o-mini"], like="openai")
            + _provider("gone", gone, "x", ["gpt-4o-mini"], like="openai")
            + _provider("endless", endless.base_url, endless.key, ["gpt-4o-mini"], like="openai-compatible")
        )
        config.chmod(0o600)
        (root / "home").mkdir()
        (root / "home" / "model_zoo").symlink_to(weights, target_is_directory=True)
        environment = _environment(root / "home", config)
        key = _make_key(environment, "house")
        limited_key = _make_key(environment, "limited", "--limit", "1req/hour")
        yield House(
            url=stack.enter_context(_gateway(environment)),
            key=key,
            limited_key=limited_key,
            openai=openai,
            server=server,
            anthropic=anthropic,
            endless=endless,
            environment={**environment, "FREEHOLD_KEY": key},
        )


_BASE = """
[server]
port = 0
require_key = true

[local]
discovery = false
threads = 1

[cache]
enabled = false

[retry]
attempts = 1

[aliases]
either = ["anthropic/claude-haiku-4-5", "openai/gpt-4o-mini"]
"""


def _provider(name: str, base_url: str, key: str, models: Iterable[str] = (), *, like: str = "") -> str:
    """A provider's table."""
    fields = {"base_url": base_url, "key": key, "like": like, "models": list(models)}
    return f"\n[providers.{name}]\n" + "".join(
        f"{field} = {json.dumps(value)}\n" for field, value in fields.items() if value
    )


def _environment(home: Path, config: Path) -> dict[str, str]:
    """This process's, without what it says of Freehold and of vendors."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("FREEHOLD_") and not name.endswith("_API_KEY")
    }
    return {**kept, "FREEHOLD_HOME": str(home), "FREEHOLD_CONFIG": str(config)}


def _make_key(environment: dict[str, str], name: str, *limits: str) -> str:
    command = [_FREEHOLD, "keys", "create", name, "--json", *limits]
    made = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return str(json.loads(made.stdout)["secret"])


@contextlib.contextmanager
def _gateway(environment: dict[str, str]) -> Iterator[str]:
    process = subprocess.Popen([_FREEHOLD, "up"], env=environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        line = process.stderr.readline()
        assert line.startswith(_LISTENS), line + process.stderr.read()
        yield line.removeprefix(_LISTENS).split()[0]
    finally:
        process.terminate()
        _, said = process.communicate(timeout=30)
        assert process.returncode == 0, said
        assert "Traceback" not in said, said
