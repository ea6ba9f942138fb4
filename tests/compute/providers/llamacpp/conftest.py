from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from freehold.compute.providers.llamacpp import LlamaCppOptions, LlamaCppProvider
from freehold.ground.paths import Home
from freehold.testing.tiny_gguf import write_tiny_gguf

Make = Callable[..., LlamaCppProvider]


@pytest.fixture(scope="session")
def tiny_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with two small models, one of them with room for a very long answer."""
    home = Home(tmp_path_factory.mktemp("home"))
    write_tiny_gguf(home.models / "tiny.gguf")
    write_tiny_gguf(home.models / "endless.gguf", context=200_000)
    return home


@pytest.fixture
async def make(tiny_home: Home) -> AsyncIterator[Make]:
    """Makes providers and closes them."""
    made: list[LlamaCppProvider] = []

    def provider(home: Home = tiny_home, **options: object) -> LlamaCppProvider:
        chosen = LlamaCppOptions(**{"threads": 1, **options})  # type: ignore[arg-type]
        made.append(LlamaCppProvider(home, chosen))
        return made[-1]

    yield provider
    for each in made:
        await each.aclose()


@pytest.fixture
def provider(make: Make) -> LlamaCppProvider:
    return make()


@pytest.fixture
def copy(tiny_home: Home, tmp_path: Path) -> Home:
    """A home of the test's own, with a copy of the tiny model."""
    home = Home(tmp_path / "home")
    (home.models / "tiny.gguf").write_bytes((tiny_home.models / "tiny.gguf").read_bytes())
    return home
