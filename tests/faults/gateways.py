"""A real gateway in a process of its own, with a home and a configuration of its own.

with Gateway(tmp_path, {"providers": {...}}) as gateway:   # `freehold up` on a free port, ready
    ...                                                     # gateway.port, gateway.receipt(id), gateway.status()
                                                            # SIGTERM: ended in order, nothing untoward in its log
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import psutil
from wires import PATIENCE

from freehold.app.report import read_gateway_file
from freehold.ground.database import Database, open_database
from freehold.ground.database.schema import migrate
from freehold.ground.errors import NotFound
from freehold.ground.paths import Home
from freehold.stack.allowances.terms import Allowance
from freehold.stack.keys import KeyStore
from freehold.stack.receipts.store import ReceiptFilter, ReceiptStore
from freehold.words.receipts import Receipt

T = TypeVar("T")
Settings = Mapping[str, Any]

HASTY: Settings = {
    "server": {"port": 0, "header_timeout": 0.5, "body_timeout": 0.5, "drain": 5},
    "deadlines": {"connect": 0.7, "first_byte": 0.7, "between_chunks": 0.7, "total": 5},
    "retry": {"backoff": 0.01, "backoff_cap": 0.05},
    "breaker": {"failures": 100},
    "receipts": {"window_ms": 5},
    "local": {"enabled": False, "discovery": False},
}
"""Short deadlines, so that tests of them are short. Breakers that open late, so that tests do not disturb each other."""


UNTOWARD = ("Traceback", "failed internally", "never retrieved", "was destroyed", "never awaited", "Warning")


@dataclass(frozen=True)
class Pair:
    """Two providers that no other test uses. `model` asks the first and falls back to the second."""

    first: str
    second: str
    model: str


@dataclass(frozen=True)
class Ports:
    """Where the two upstreams are, when they are up."""

    first: int
    second: int


def model_at(port: int, **more: Any) -> dict[str, Any]:
    """The table of a provider on this machine that has one model, `m`."""
    return {"base_url": f"http://127.0.0.1:{port}/v1", "models": ["m"], **more}


class Gateway:
    """`freehold up` over the settings `HASTY`, with `settings` laid over them section by section."""

    def __init__(self, folder: Path, settings: Settings, *, variables: Mapping[str, str] | None = None) -> None:
        self.home = Home(folder / "home")
        self.config = folder / "freehold.toml"
        self.log: list[str] = []
        self.port = 0
        self.untoward = list(UNTOWARD)
        """What may not be in its log."""
        self.settings = {
            section: {**HASTY.get(section, {}), **settings.get(section, {})} for section in (*HASTY, *settings)
        }
        self._variables = dict(variables or {})
        self._process: subprocess.Popen[str] | None = None
        self._listens = threading.Event()
        self._reader: threading.Thread | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self.configure()

    def configure(self, **sections: Any) -> None:
        """Write the configuration with these sections laid over it; a running gateway will notice."""
        for section, keys in sections.items():
            self.settings[section] = {**self.settings.get(section, {}), **keys}
        self.write(toml(self.settings))

    def write(self, text: str) -> None:
        """Put `text` in place of the configuration, at once as editors do."""
        draft = self.config.with_suffix(".draft")
        draft.write_text(text)
        draft.chmod(0o600)
        draft.replace(self.config)

    @property
    def process(self) -> subprocess.Popen[str]:
        assert self._process is not None
        return self._process

    @property
    def children(self) -> list[psutil.Process]:
        """Its workers, the oldest first."""
        return sorted(psutil.Process(self.process.pid).children(), key=lambda child: child.create_time())

    def start(self) -> Self:
        """Start it, and wait until it answers."""
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "PYTHONPATH") if name in os.environ}
        environment["PYTHONWARNINGS"] = "default"  # shown in the log, where none may be
        environment |= {"FREEHOLD_HOME": str(self.home.root), "FREEHOLD_CONFIG": str(self.config), **self._variables}
        self._listens.clear()
        command = [str(Path(sys.executable).with_name("freehold")), "up"]
        self._process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        self._reader = threading.Thread(target=self._read_log, args=(self._process,))
        self._reader.start()
        assert self._listens.wait(PATIENCE), self.log
        assert self.port, self.log
        wait_until(lambda: _answers(self.port))
        return self

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def ended(self) -> int:
        """Wait for its end; its exit code."""
        code = self.process.wait(PATIENCE)
        if self._reader is not None:
            self._reader.join(PATIENCE)
        if self.process.stderr is not None:
            self.process.stderr.close()
        return code

    def stop(self) -> None:
        """End it in order, and see that nothing was untoward."""
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        code = self.ended()
        assert code == 0, (code, self.log)
        self.check_log()

    def check_log(self) -> None:
        """Nothing failed that ought not to."""
        text = "".join(self.log)
        for sign in self.untoward:
            assert sign not in text, text

    def kill(self) -> None:
        """As the kernel does when memory runs out."""
        self.process.kill()
        self.ended()

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self._clear_away()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self.stop()
        finally:
            self._clear_away()

    def _clear_away(self) -> None:
        if self.process.poll() is None:
            for each in self.children:
                each.kill()
            self.kill()

    # What is known of it from outside

    def database(self) -> Database:
        """Its database, as another process opens it. To be closed."""
        database = open_database(self.home.state / "freehold.db")
        migrate(database)
        return database

    def new_key(self, name: str, *allowances: Allowance) -> str:
        """Make a key; its secret."""
        database = self.database()
        try:
            return KeyStore(database).create(name, allowances=allowances).secret
        finally:
            database.close()

    async def receipt(self, id: str) -> Receipt:
        """The receipt of a request, as soon as it is written."""

        def look() -> Receipt | None:
            database = self.database()
            try:
                return ReceiptStore(database).get(id)
            except NotFound:
                return None
            finally:
                database.close()

        return await until(look)

    async def newest_of(self, asked: str) -> Receipt:
        """The newest receipt of a request for that model, as soon as there is one."""

        def look() -> Receipt | None:
            database = self.database()
            try:
                return next(iter(ReceiptStore(database).recent(ReceiptFilter(asked=asked), limit=1)), None)
            finally:
                database.close()

        return await until(look)

    async def alone(self) -> None:
        """Wait until nobody is connected to it."""
        process = psutil.Process(self.process.pid)

        def look() -> bool:
            ours = (each for each in process.net_connections("tcp") if each.laddr.port == self.port)
            return not any(each.status == psutil.CONN_ESTABLISHED for each in ours)

        await until(look)

    async def newest(self, count: int = 1) -> list[Receipt]:
        """All receipts as soon as there are `count`, newest first."""

        def look() -> list[Receipt] | None:
            database = self.database()
            try:
                found = ReceiptStore(database).recent(limit=10_000)
            finally:
                database.close()
            return found if len(found) >= count else None

        return await until(look)

    def status(self) -> dict[str, Any]:
        """What `freehold status` shows."""
        told = read_gateway_file(self.home)
        assert told is not None
        return json.loads(page(self.port, "/admin/status", {"authorization": f"Bearer {told.token}"})[1])

    def provider(self, name: str) -> dict[str, Any]:
        return next(provider for provider in self.status()["providers"] if provider["name"] == name)

    def _read_log(self, process: subprocess.Popen[str]) -> None:
        assert process.stderr is not None
        for line in process.stderr:
            self.log.append(line)
            if line.startswith("Freehold listens at "):
                self.port = int(line.split()[3].rpartition(":")[2])
                self._listens.set()
        self._listens.set()


def page(port: int, path: str, headers: Mapping[str, str] = {}) -> tuple[int, bytes]:
    """GET, by the standard library."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", path, headers=dict(headers))
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def wait_until(holds: Callable[[], object]) -> None:
    """Look again and again until `holds`; for what another process does and tells nobody."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.01)


async def until(look: Callable[[], T | Awaitable[T | None] | None]) -> T:
    """The first thing that `look` finds. As `wait_until`, without holding up the loop."""
    end = time.monotonic() + PATIENCE
    while True:
        found = look()
        seen = await found if isinstance(found, Awaitable) else found
        if seen:
            return seen
        assert time.monotonic() < end, "it did not come about"
        await asyncio.sleep(0.01)


def toml(settings: Settings, above: str = "") -> str:
    """Settings as TOML."""
    lines = [
        f"{json.dumps(key)} = {json.dumps(value)}" for key, value in settings.items() if not isinstance(value, dict)
    ]
    for key, value in settings.items():
        if isinstance(value, dict):
            name = f"{above}{json.dumps(key)}"
            lines.append(f"[{name}]\n{toml(value, f'{name}.')}")
    return "\n".join(lines) + "\n"


def _answers(port: int) -> bool:
    try:
        return page(port, "/healthz")[0] == 200
    except ConnectionError:
        return False
