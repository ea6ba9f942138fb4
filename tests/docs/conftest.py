"""What the pages of the documentation are acted out with: real weights, and two machines that stand for the reader's own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from doc_stage import Stage, install_model

from freehold.compute.models.pull import pull
from freehold.ground.errors import NotAvailable
from freehold.ground.paths import Home
from freehold.testing.vendors import FakeVLLM

STARTERS = ("smollm2-135m-instruct", "all-minilm-l6-v2-int8")


@pytest.fixture(scope="session")
def starters() -> Path:
    """A home with the starter weights: $FREEHOLD_TEST_HOME, or one in the user's cache."""
    named = os.environ.get("FREEHOLD_TEST_HOME")
    home = Home(Path(named) if named else Path.home() / ".cache" / "freehold-tests")
    for name in STARTERS:
        try:
            pull(name, home)
        except NotAvailable as error:
            pytest.skip(f"{name} cannot be pulled here: {error.message}")
    return home.root


@pytest.fixture
def stage(tmp_path: Path, starters: Path, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """A user's folder with the starter models at home, two machines with vLLM on them, and PostgreSQL where a page is about it."""
    for name in STARTERS:
        install_model(name, tmp_path / ".freehold", starters)
    with FakeVLLM("qwen3-8b") as one, FakeVLLM("qwen3-8b", "gpt-oss-120b") as other:
        machines = {"10.0.0.2:8000": f"127.0.0.1:{one.port}", "10.0.0.3:8000": f"127.0.0.1:{other.port}"}
        if "postgresql" in request.node.name:
            machines["postgresql://freehold@127.0.0.1/freehold"] = request.getfixturevalue("new_postgres_url")
        with Stage(tmp_path, machines=machines) as stage:
            yield stage
