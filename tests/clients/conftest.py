"""One house for all of these tests, and each client once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from freehold.compute.models.pull import pull
from freehold.ground.errors import NotAvailable
from freehold.ground.paths import Home

from .adapters.npm import NpmMissing, driver, installed
from .house import House, open_house
from .roster import Client


@pytest.fixture(scope="package")
def weights() -> Path:
    """Real weights, in the tests' own cache or in $FREEHOLD_TEST_HOME."""
    named = os.environ.get("FREEHOLD_TEST_HOME")
    home = Home(Path(named) if named else Path.home() / ".cache" / "freehold-tests")
    for name in ("smollm2-135m-instruct", "all-minilm-l6-v2-int8", "whisper-tiny.en"):
        try:
            pull(name, home)
        except NotAvailable as error:
            _lacking(f"{name} cannot be pulled here: {error.message}")
    return home.models


@pytest.fixture(scope="package")
def house(tmp_path_factory: pytest.TempPathFactory, weights: Path) -> Iterator[House]:
    """`freehold up` in front of everybody."""
    with open_house(tmp_path_factory.mktemp("clients"), weights) as opened:
        yield opened


@pytest.fixture(scope="package")
def node() -> Iterator[None]:
    """Skips where Node or its packages cannot be had, except where they have to be."""
    try:
        installed()
    except NpmMissing as error:
        _lacking(str(error))
    yield
    if driver.cache_info().currsize:
        driver().close()
        driver.cache_clear()


@pytest.fixture(scope="package", autouse=True)
def llm_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A folder of llm's own, so that nobody's models and logs are touched."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("LLM_USER_PATH", str(tmp_path_factory.mktemp("llm")))
        for name in [name for name in os.environ if name.endswith("_API_KEY")]:
            patched.delenv(name)
        yield


@pytest.fixture(scope="package")
def adapters(house: House) -> Iterator[dict[str, Any]]:
    """Adapters by the client's name, made on first use."""
    made: dict[str, Any] = {}
    yield made
    for adapter in made.values():
        adapter.close()


@pytest.fixture
def adapter(client: Client, house: House, adapters: dict[str, Any], request: pytest.FixtureRequest) -> Any:
    """The client's adapter."""
    if client.needs_node:
        request.getfixturevalue("node")
    if client.name not in adapters:
        adapters[client.name] = client.load()(house)
    return adapters[client.name]


def _lacking(why: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)
