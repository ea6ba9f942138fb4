"""Files, environment and secrets come together; everything that is wrong is said at once."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from freehold.app.config import ConfigRejected, Loaded, find_file, load, load_text
from freehold.app.config.environment import variable_for
from freehold.app.config.show import entries
from freehold.app.settings import Secret, Settings
from freehold.ground.errors import InvalidConfig
from freehold.ground.paths import Home


def problems_of(text: str, **environment: str) -> list[str]:
    with pytest.raises(ConfigRejected) as caught:
        load_text(text, environment=environment)
    return [str(problem) for problem in caught.value.problems]


def test_without_anything_the_defaults_are_in_force() -> None:
    assert load_text("", environment={}).settings == Settings()


def test_everything_that_is_wrong_is_said_at_once() -> None:
    text = """\
[server]
prot = 80
workers = "two"
[cache]
enabled = false
ttl = 3
[providers.box]
base_url = "ftp://box"
[aliases]
fast = ["nobody/x"]
empty = []
"""
    assert problems_of(text, FREEHOLD_SERVER_PRT="1", FREEHOLD_DEADLINES_TOTAL="soon") == [
        "$FREEHOLD_SERVER_PRT: no setting has that name. Allowed: FREEHOLD_<SECTION>_<KEY>, for example"
        ' FREEHOLD_SERVER_PORT. Did you mean "FREEHOLD_SERVER_PORT"?',
        "$FREEHOLD_DEADLINES_TOTAL: deadlines.total: this string does not fit."
        " Allowed: a number, above 0, at most 86400.",
        'freehold.toml:2:1: server.prot: unknown key. Did you mean "port"?',
        "freehold.toml:3:1: server.workers: this string does not fit. Allowed: a whole number, 1 or more, at most 256.",
        "freehold.toml:6:1: cache.ttl: it does nothing, because cache.enabled is false."
        " Allowed: remove it, or switch the section on.",
        "freehold.toml:8:1: providers.box.base_url: not an address of an API."
        " Allowed: http:// or https://, a host, and a path; keys go into `key`.",
        "freehold.toml:10:9: aliases.fast[0]: there is no provider nobody."
        " Allowed: box, code, llamacpp, lmstudio, local, local-embeddings, local-speech, ollama, sglang, vllm.",
        "freehold.toml:11:1: aliases.empty: it is empty. Allowed: a list, each a string that is not empty.",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[server\nport = 1", "freehold.toml:1:8: not TOML: "),
        ("a = [1,", "freehold.toml:1:8: not TOML: "),
        ("a = 1\na = 2", "freehold.toml:2:6: not TOML: "),
        ("a = " + "[" * 5000, "freehold.toml: it is nested too deeply."),
    ],
)
def test_what_is_not_toml_is_reported_at_its_place(text: str, expected: str) -> None:
    (problem,) = problems_of(text)
    assert problem.startswith(expected), "what follows is Python's own wording"


def test_a_number_beyond_all_bounds_is_refused_calmly() -> None:
    assert len(problems_of("[server]\nport = " + "9" * 5000)) == 1


@pytest.mark.parametrize(
    ("variable", "value", "path"),
    [
        ("FREEHOLD_SERVER_PORT", "9000", "server.port"),
        ("FREEHOLD_CACHE_INCLUDE_SAMPLING", "TRUE", "cache.include_sampling"),
        ("FREEHOLD_DEADLINES_CONNECT", "2.5", "deadlines.connect"),
        ("FREEHOLD_HEDGE_AFTER", "1.5", "hedge.after"),
        ("FREEHOLD_PROVIDERS_MY_BOX_REGION", "eu", "providers.my-box.region"),
        ("FREEHOLD_PROVIDERS_MY_BOX_MODELS", "a, b,", "providers.my-box.models"),
        ("FREEHOLD_PROVIDERS_MY_BOX_HEADERS", '{"x-team":"blue"}', "providers.my-box.headers.x-team"),
        ("FREEHOLD_PROVIDERS_MY_BOX_DEADLINES_CONNECT", "3", "providers.my-box.deadlines.connect"),
    ],
)
def test_a_variable_overrides_its_key_and_is_named_as_the_origin(variable: str, value: str, path: str) -> None:
    text = '[server]\nport = 1234\n[providers.my-box]\nbase_url = "http://127.0.0.1:9/v1"\nregion = "us"\n'
    loaded = load_text(text, environment={variable: value})
    shown = {entry.key: entry for entry in entries(loaded)}
    expected = {
        "9000": 9000, "TRUE": True, "2.5": 2.5, "1.5": 1.5, "eu": "eu", "a, b,": ["a", "b"], "3": 3.0,
        '{"x-team":"blue"}': "********",
    }  # fmt: skip
    assert shown[path].value == expected[value]
    assert shown[path].origin == (f"${variable}" if "x-team" not in path else "default")


def test_every_plain_key_has_a_variable_of_its_own() -> None:
    names = [
        variable_for((section, key))
        for section in Settings.__struct_fields__
        if isinstance(value := getattr(Settings(), section), msgspec.Struct)
        for key in value.__struct_fields__
    ]
    assert len(names) == len(set(names)) > 40


def test_a_vendor_key_switches_its_provider_on() -> None:
    loaded = load_text("", environment={"OPENAI_API_KEY": "sk-hunter2", "RUNPOD_API_KEY": "x", "VLLM_API_KEY": "x"})
    assert list(loaded.settings.providers) == ["openai"]
    (credential,) = loaded.settings.providers["openai"].credentials
    assert (credential.label, credential.secret.reveal()) == ("env:OPENAI_API_KEY", "sk-hunter2")
    assert str(loaded.origin(("providers", "openai"))) == "$OPENAI_API_KEY"


def test_a_vendor_key_can_be_left_unused() -> None:
    loaded = load_text("[providers.openai]\nenabled = false", environment={"OPENAI_API_KEY": "x"})
    assert not loaded.settings.providers["openai"].enabled


def test_a_vendor_key_is_not_sent_to_another_address() -> None:
    text = '[providers.mine]\nlike = "openai"\nbase_url = "https://elsewhere.example/v1"\n'
    assert "has to be stated" in problems_of(text, OPENAI_API_KEY="x")[0]
    same_host = '[providers.openai]\nbase_url = "https://api.openai.com/v2"\n'
    loaded = load_text(same_host, environment={"OPENAI_API_KEY": "x"})
    assert len(loaded.settings.providers["openai"].credentials) == 1


def test_secrets_are_read_from_files_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "key.txt").write_text("sk-hunter2\n")
    file = tmp_path / "freehold.toml"
    file.write_text('[providers.openai]\nkey = "file:key.txt"\n')
    loaded = load(file, environment={})
    assert loaded.settings.providers["openai"].credentials[0].secret.reveal() == "sk-hunter2"
    assert list(loaded.marks) == [file, tmp_path / "key.txt"]


@pytest.mark.parametrize(
    ("content", "fault"),
    [(None, "cannot be read (No such file or directory)"), (b"", "is empty"), (b"\xff", "is not UTF-8 text")],
)
def test_a_secret_that_cannot_be_read_is_a_problem(tmp_path: Path, content: bytes | None, fault: str) -> None:
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)
    (problem,) = problems_of(f'[providers.openai]\nkey = "file:{path}"\n')
    assert f"providers.openai.key: {path} {fault}." in problem


def test_secrets_are_never_shown(tmp_path: Path) -> None:
    file = tmp_path / "freehold.toml"
    file.write_text(
        '[providers.openai]\nkeys = ["hunter2-a", "env:K"]\nheaders = { x-a = "hunter2-b" }\n'
        '[receipts]\ndatabase = "postgresql://me:hunter2-c@db/x"\n'
    )
    file.chmod(0o600)
    loaded = load(file, environment={"K": "hunter2-d"})
    shown = repr(loaded.settings.providers) + json.dumps([msgspec.to_builtins(entry) for entry in entries(loaded)])
    assert "hunter2" not in shown
    assert "env:K" in shown
    with pytest.raises(TypeError):
        msgspec.json.encode(loaded.settings)


def test_equal_secrets_are_equal_and_others_are_not() -> None:
    assert Secret("a", reference="env:A") == Secret("a", reference="env:A")
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2


def test_origins_name_the_line(tmp_path: Path) -> None:
    file = tmp_path / "freehold.toml"
    file.write_text("[server]\n  port = 9000\n")
    loaded: Loaded = load(file, environment={})
    assert str(loaded.origin(("server", "port"))) == f"{file}:2:3"
    assert str(loaded.origin(("server", "host"))) == "default"


def test_relative_paths_start_at_the_file(tmp_path: Path) -> None:
    (tmp_path / "tiny.gguf").write_bytes(b"")
    file = tmp_path / "freehold.toml"
    file.write_text('[local.models]\ntiny = "tiny.gguf"\n[receipts]\ndatabase = "r.db"\n')
    settings = load(file, environment={}).settings
    assert settings.local.models == {"tiny": str(tmp_path / "tiny.gguf")}
    assert settings.receipts.database == str(tmp_path / "r.db")


def test_the_file_is_found_by_name_then_here_then_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path / "home")
    monkeypatch.chdir(tmp_path)
    assert find_file({}, home) is None
    home.root.mkdir()
    (home.root / "freehold.toml").touch()
    assert find_file({}, home) == home.root / "freehold.toml"
    (tmp_path / "freehold.toml").touch()
    assert find_file({}, home) == tmp_path / "freehold.toml"
    assert find_file({"FREEHOLD_CONFIG": "/etc/x.toml"}, home) == Path("/etc/x.toml")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"\xff", "is not UTF-8 text (byte 0)"),
        (b"#" * (1 << 21), "is larger than"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, content: bytes | None, message: str) -> None:
    file = tmp_path / "freehold.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InvalidConfig, match=message.replace("(", r"\(").replace(")", r"\)")):
        load(file, environment={})
