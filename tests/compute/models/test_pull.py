"""Weights come from a hub, a URL or a path; they are here whole and as pinned, or not at all."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from fakehub import FakeHub

from freehold.compute.models.errors import BrokenWeights
from freehold.compute.models.manifest import installed, read_manifest
from freehold.compute.models.pull import pull, remove, verify
from freehold.ground.errors import InvalidRequest, NotAvailable, UnknownModel
from freehold.ground.paths import Home

NAME = "hf:acme/models/tiny.gguf"
PATH = "/acme/models/tiny.gguf"


def test_a_model_on_a_hub_comes_with_the_hubs_own_digest(hub: FakeHub, home: Home, tiny: Path) -> None:
    digest = hub.put(PATH, tiny.read_bytes())
    model = pull(NAME, home)
    assert model.path("tiny.gguf").read_bytes() == tiny.read_bytes()
    assert model.manifest.files["tiny.gguf"].sha256 == digest
    assert model.manifest.facts is not None
    assert model.manifest.facts.architecture == "llama"
    assert [each.name for each in installed(home)] == ["tiny"]


def test_pulling_twice_fetches_once(hub: FakeHub, home: Home, tiny: Path) -> None:
    hub.put(PATH, tiny.read_bytes())
    pull(NAME, home)
    before = len(hub.asked)
    pull(NAME, home)
    assert len(hub.asked) == before


def test_two_pulls_at_once_fetch_once(hub: FakeHub, home: Home, tiny: Path) -> None:
    hub.put(PATH, tiny.read_bytes())
    threads = [threading.Thread(target=pull, args=(NAME, home)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(hub.ranges()) == 1
    assert verify(pull(NAME, home)) == ()


def test_wrong_bytes_are_set_aside_and_nothing_is_installed(hub: FakeHub, home: Home, tiny: Path) -> None:
    hub.put(PATH, tiny.read_bytes())
    with pytest.raises(BrokenWeights) as caught:
        pull(NAME, home, sha256="0" * 64)
    (aside,) = (home.cache / "set_aside").iterdir()
    assert str(aside) in caught.value.advice
    assert installed(home) == ()


def test_a_hub_that_serves_other_bytes_than_it_says_is_not_believed(hub: FakeHub, home: Home, tiny: Path) -> None:
    hub.put(PATH, tiny.read_bytes())
    hub.versions[PATH] = "a" * 64
    with pytest.raises(BrokenWeights):
        pull(NAME, home)


def test_right_bytes_that_are_no_gguf_are_not_installed(hub: FakeHub, home: Home) -> None:
    hub.put(PATH, b"GGUF but not really")
    with pytest.raises(BrokenWeights):
        pull(NAME, home)
    assert installed(home) == ()


def test_a_closed_hub_opens_with_its_token(
    hub: FakeHub, home: Home, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.put(PATH, tiny.read_bytes())
    hub.token = "sesame"
    with pytest.raises(NotAvailable) as caught:
        pull(NAME, home)
    assert "HF_TOKEN" in caught.value.advice
    monkeypatch.setenv("HF_TOKEN", "sesame")
    assert pull(NAME, home).name == "tiny"


def test_a_url_must_name_its_digest(hub: FakeHub, home: Home, tiny: Path) -> None:
    digest = hub.put("/any.gguf", tiny.read_bytes())
    with pytest.raises(InvalidRequest) as caught:
        pull(f"{hub.store}/any.gguf", home)
    assert "--sha256" in caught.value.advice
    assert pull(f"{hub.store}/any.gguf", home, sha256=digest, name="mine").name == "mine"


_PULLER = """
import sys
from pathlib import Path
from freehold.compute.models.pull import pull
from freehold.ground.paths import Home
pull(sys.argv[1], Home(Path(sys.argv[2])), progress=lambda *told: print(*told, flush=True))
"""


def test_a_killed_pull_goes_on_where_it_stopped(hub: FakeHub, home: Home, tiny: Path) -> None:
    data = tiny.read_bytes() + bytes(1 << 20)
    hub.put(PATH, data)
    hub.stall_after = 1 << 19
    command = [sys.executable, "-c", _PULLER, NAME, str(home.root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ) as process:
        assert process.stdout is not None
        while int(process.stdout.readline().split()[1]) < 1 << 19:
            pass
        process.send_signal(signal.SIGKILL)
    assert installed(home) == ()
    model = pull(NAME, home)
    assert hub.ranges() == [None, f"bytes={1 << 19}-"]
    assert model.manifest.files["tiny.gguf"].sha256 == hashlib.sha256(data).hexdigest()


def test_a_file_of_ones_own_is_used_where_it_lies(home: Home, tiny: Path, tmp_path: Path) -> None:
    mine = tmp_path / "My Model.gguf"
    mine.write_bytes(tiny.read_bytes())
    model = pull(str(mine), home)
    assert model.name == "my-model"
    assert model.only(".gguf") == mine
    assert remove(home, "my-model")
    assert mine.exists()


def test_altered_and_truncated_files_are_found(hub: FakeHub, home: Home, tiny: Path) -> None:
    hub.put(PATH, tiny.read_bytes())
    model = pull(NAME, home)
    path = model.path("tiny.gguf")
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert verify(model) == ("tiny.gguf has been altered",)
    path.write_bytes(data[:-9])
    assert verify(model) == (f"tiny.gguf has {len(data) - 9} bytes instead of {len(data)}",)
    assert verify(pull(NAME, home)) == ()


@pytest.mark.parametrize("what", ["hf:acme/tiny.gguf", "hf:acme/models/../tiny.gguf", "hf:acme/models/weights.bin"])
def test_what_cannot_be_a_model_is_refused(what: str, home: Home) -> None:
    with pytest.raises(InvalidRequest):
        pull(what, home)


def test_an_unknown_name_is_answered_with_what_there_is(home: Home) -> None:
    with pytest.raises(UnknownModel) as caught:
        pull("gpt-17", home)
    assert "smollm2-135m-instruct" in caught.value.advice


def test_removing_what_is_not_there_says_so(home: Home) -> None:
    assert not remove(home, "tiny")
    assert read_manifest(home.models / "tiny") is None
