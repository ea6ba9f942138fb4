"""`freehold config`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import Cli


def test_init_then_check_then_show(cli: Cli, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cli("config", "init").out == f"Wrote {home}/freehold.toml.\n"
    assert (home / "freehold.toml").stat().st_mode & 0o777 == 0o600
    assert cli("config", "check").out == f"{home}/freehold.toml is in order.\n"
    monkeypatch.delenv("FREEHOLD_LOCAL_DISCOVERY")
    assert "Everything is at its default" in cli("config", "show").out


def test_init_never_writes_over_a_file(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "freehold.toml"
    file.write_text("mine")
    shown = cli("config", "init", "freehold.toml")
    assert shown.code == 3
    assert file.read_text() == "mine"


def test_check_says_everything_that_is_wrong(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("[server]\nprot = 1\nworkers = 0\n")
    shown = cli("config", "check", "bad.toml")
    assert shown.code == 7
    assert shown.err.splitlines() == [
        'error: bad.toml:2:1: server.prot: unknown key. Did you mean "port"?',
        "bad.toml:3:1: server.workers: 0 does not fit. Allowed: a whole number, 1 or more, at most 256.",
        "Correct the file, then run `freehold config check`.",
    ]


def test_check_for_programs(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("[server]\nprot = 1\n")
    shown = cli("config", "check", "bad.toml", "--json")
    assert shown.code == 7
    (problem,) = json.loads(shown.out)["problems"]
    assert problem["key"] == "server.prot"
    assert problem["suggestion"] == "port"
    assert problem["origin"] == {"file": "bad.toml", "line": 2, "column": 1, "variable": ""}


def test_show_names_the_origin_and_hides_secrets(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "freehold.toml").write_text("[server]\nport = 9000\n")
    monkeypatch.setenv("FREEHOLD_SERVER_WORKERS", "2")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-hunter2")
    shown = cli("config", "show", "--json")
    values = {entry["key"]: (entry["value"], entry["origin"]) for entry in json.loads(shown.out)}
    assert values == {
        "server.port": (9000, f"{tmp_path}/freehold.toml:2:1"),
        "server.workers": (2, "$FREEHOLD_SERVER_WORKERS"),
        "local.discovery": (False, "$FREEHOLD_LOCAL_DISCOVERY"),
        "providers.openai.key": ("env:OPENAI_API_KEY", "$OPENAI_API_KEY"),
    }
    everything = cli("config", "show", "--all").out
    assert "deadlines.total" in everything
    assert "hunter2" not in everything


def test_schema_is_json(cli: Cli) -> None:
    assert json.loads(cli("config", "schema").out)["title"] == "freehold.toml"
