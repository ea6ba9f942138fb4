"""The page says what the tests hold, and nothing is left out of it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from .expected import Unasked, expected
from .faults import Fault
from .features import TITLES, Feature
from .roster import CLIENTS, Client
from .table import PAGE, page
from .upstreams import UPSTREAMS


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m tests.clients.table"


def test_every_feature_has_a_title_and_every_client_a_name_for_every_fault() -> None:
    assert set(TITLES) == set(Feature)
    assert all(set(client.errors) == set(Fault) for client in CLIENTS)


@pytest.mark.parametrize(
    "client", [pytest.param(client, id=client.name) for client in CLIENTS if not client.needs_node]
)
def test_what_a_client_cannot_ask_for_has_a_reason_and_what_it_can_has_a_method(client: Client) -> None:
    adapter = client.load()
    for feature in Feature:
        asked = not isinstance(expected(client, UPSTREAMS[0], feature), Unasked)
        assert not asked or callable(getattr(adapter, feature, None)), feature


def test_the_table_needs_no_client_library() -> None:
    """So that it can be checked where none is installed."""
    ours = {"table", "expected", "faults", "features", "roster", "upstreams"}
    allowed = {
        "freehold",
        "msgspec",
        "__future__",
        "collections",
        "enum",
        "importlib",
        "json",
        "pathlib",
        "sys",
        "typing",
    }
    for name in ours:
        tree = ast.parse(Path(__file__).with_name(f"{name}.py").read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                found = {node.module.split(".")[0]} if node.module else set()
                assert found <= (ours if node.level else allowed), (name, found)
            elif isinstance(node, ast.Import):
                assert {alias.name.split(".")[0] for alias in node.names} <= allowed
