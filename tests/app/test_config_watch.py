"""A change of the configuration is noticed, and only a right one is put in force."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from freehold.app.config import load
from freehold.app.config.watch import Watcher, needs_restart


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "freehold.toml"
    path.write_text("[deadlines]\ntotal = 100\n")
    return path


def rewrite(file: Path, text: str) -> None:
    """Replace the file as editors do: by a new one in its place."""
    draft = file.with_suffix(".new")
    draft.write_text(text)
    draft.replace(file)


def test_nothing_happens_while_nothing_changes(file: Path) -> None:
    watcher = Watcher(load(file, environment={}), environment={})
    assert watcher.poll() is None
    os.utime(file, ns=(1, 1))
    assert watcher.poll() is None, "touched, but it says the same"


def test_new_settings_come_out_once(file: Path) -> None:
    watcher = Watcher(load(file, environment={}), environment={})
    rewrite(file, "[deadlines]\ntotal = 200\n")
    loaded = watcher.poll()
    assert loaded is not None
    assert loaded.settings.deadlines.total == 200
    assert watcher.loaded is loaded
    assert watcher.poll() is None


def test_a_wrong_file_leaves_the_old_settings_in_force_until_it_is_mended(file: Path) -> None:
    watcher = Watcher(load(file, environment={}), environment={})
    rewrite(file, "[deadlines]\ntotl = 200\n")
    assert watcher.poll() is None
    assert watcher.problems == (f'{file}:2:1: deadlines.totl: unknown key. Did you mean "total"?',)
    assert watcher.loaded.settings.deadlines.total == 100
    assert watcher.poll() is None, "the same mistake is not read again"
    rewrite(file, "[deadlines]\ntotal = 300\n")
    assert watcher.poll() is not None
    assert watcher.problems == ()


def test_a_file_that_went_away_is_a_problem_not_a_reset(file: Path) -> None:
    watcher = Watcher(load(file, environment={}), environment={})
    file.unlink()
    assert watcher.poll() is None
    assert watcher.problems == (f"{file} cannot be read: No such file or directory",)
    assert watcher.loaded.settings.deadlines.total == 100


def test_a_secret_that_was_renewed_in_its_file_is_noticed(tmp_path: Path, file: Path) -> None:
    key = tmp_path / "key"
    key.write_text("old")
    rewrite(file, f'[providers.openai]\nkey = "file:{key}"\n')
    watcher = Watcher(load(file, environment={}), environment={})
    key.write_text("newer")
    loaded = watcher.poll()
    assert loaded is not None
    assert loaded.settings.providers["openai"].credentials[0].secret.reveal() == "newer"


def test_a_reload_by_signal_reads_at_once(file: Path) -> None:
    watcher = Watcher(load(file, environment={}), environment={})
    assert watcher.reload() is None
    rewrite(file, "[deadlines]\ntotal = 200\n")
    assert watcher.reload() is not None


def test_what_only_a_restart_can_change_is_named(file: Path) -> None:
    before = load(file, environment={}).settings
    variables = {"FREEHOLD_SERVER_PORT": "9", "FREEHOLD_DEADLINES_CONNECT": "9", "OPENAI_API_KEY": "x"}
    after = load(file, environment=variables).settings
    assert needs_restart(before, after) == ("server.port",)


def test_a_change_between_reading_and_watching_is_not_missed(file: Path) -> None:
    loaded = load(file, environment={})
    rewrite(file, "[deadlines]\ntotal = 200\n")
    assert Watcher(loaded, environment={}).poll() is not None


def test_a_first_configuration_is_noticed_when_it_appears(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FREEHOLD_HOME", str(tmp_path / "home"))
    watcher = Watcher(load(environment={}), environment={})
    assert watcher.poll() is None
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "freehold.toml").write_text("[deadlines]\ntotal = 200\n")
    loaded = watcher.poll()
    assert loaded is not None
    assert loaded.settings.deadlines.total == 200
