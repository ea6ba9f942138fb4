"""Real weights, pulled once per machine into a cache of the tests' own."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import pytest

from freehold.compute.models.pull import pull
from freehold.ground.errors import NotAvailable
from freehold.ground.paths import Home


@pytest.fixture(scope="session")
def weights() -> Home:
    """A home for real weights: $FREEHOLD_TEST_HOME, or one in the user's cache."""
    named = os.environ.get("FREEHOLD_TEST_HOME")
    return Home(Path(named) if named else Path.home() / ".cache" / "freehold-tests")


def _pulled(home: Home, name: str) -> Home:
    try:
        pull(name, home)
    except NotAvailable as error:
        pytest.skip(f"{name} cannot be pulled here: {error.message}")
    return home


@pytest.fixture(scope="session")
def chat_weights(weights: Home) -> Home:
    """A home with SmolLM2-135M-Instruct."""
    return _pulled(weights, "smollm2-135m-instruct")


@pytest.fixture(scope="session")
def embedding_weights(weights: Home) -> Home:
    """A home with MiniLM."""
    return _pulled(weights, "all-minilm-l6-v2-int8")


@pytest.fixture(scope="session")
def speech_weights(weights: Home) -> Home:
    """A home with whisper tiny.en."""
    if find_spec("faster_whisper") is None:
        pytest.skip("the speech extra is not installed")
    return _pulled(weights, "whisper-tiny.en")
