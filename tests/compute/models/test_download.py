"""Files come over HTTP whole, or the rest of them comes next time."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakehub import FakeHub

from freehold.compute.models import disk
from freehold.compute.models.download import Told, download
from freehold.compute.models.progress import silent
from freehold.ground.errors import NotAvailable, NotFound, StorageFailed

DATA = bytes(range(256)) * 4096


def bring(url: str, part: Path, **options: object) -> Told:
    return download(url, part, progress=silent, label="file", sleep=lambda _: None, **options)  # type: ignore[arg-type]


def test_a_broken_download_asks_only_for_the_rest(hub: FakeHub, tmp_path: Path) -> None:
    hub.put("/file", DATA)
    hub.break_after = 300_000
    bring(f"{hub.store}/file", tmp_path / "part")
    assert (tmp_path / "part").read_bytes() == DATA
    assert hub.ranges() == [None, "bytes=300000-"]


def test_a_file_that_changed_meanwhile_starts_over(hub: FakeHub, tmp_path: Path) -> None:
    hub.put("/file", b"old" * 1000)
    part = tmp_path / "part"
    bring(f"{hub.store}/file", part)
    part.write_bytes(part.read_bytes()[:500])
    hub.put("/file", DATA)
    bring(f"{hub.store}/file", part)
    assert part.read_bytes() == DATA


def test_a_whole_part_is_not_fetched_again(hub: FakeHub, tmp_path: Path) -> None:
    hub.put("/file", DATA)
    bring(f"{hub.store}/file", tmp_path / "part")
    bring(f"{hub.store}/file", tmp_path / "part")
    assert hub.ranges() == [None, f"bytes={len(DATA)}-"]
    assert (tmp_path / "part").read_bytes() == DATA


def test_a_part_longer_than_the_file_is_started_over(hub: FakeHub, tmp_path: Path) -> None:
    hub.put("/file", DATA)
    part = tmp_path / "part"
    bring(f"{hub.store}/file", part)
    part.write_bytes(DATA + b"more")
    bring(f"{hub.store}/file", part)
    assert part.read_bytes() == DATA


def test_without_a_version_nothing_is_built_on(hub: FakeHub, tmp_path: Path) -> None:
    hub.put("/file", DATA)
    hub.send_etag = False
    hub.break_after = 1000
    bring(f"{hub.store}/file", tmp_path / "part")
    assert hub.ranges() == [None, None]
    assert (tmp_path / "part").read_bytes() == DATA


def test_passing_faults_are_waited_out(hub: FakeHub, tmp_path: Path) -> None:
    hub.put("/file", DATA)
    hub.fail_next = [503, 429, 500]
    waits: list[float] = []
    download(f"{hub.store}/file", tmp_path / "part", progress=silent, label="file", sleep=waits.append)
    assert waits == [1.0, 2.0, 4.0]


def test_a_server_that_never_recovers_is_given_up(hub: FakeHub, tmp_path: Path) -> None:
    hub.put("/file", DATA)
    hub.fail_next = [503] * 9
    with pytest.raises(NotAvailable, match="broke off: status 503"):
        bring(f"{hub.store}/file", tmp_path / "part")


def test_a_missing_file_is_said_to_be_missing(hub: FakeHub, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        bring(f"{hub.store}/nothing", tmp_path / "part")


def test_nobody_listening_is_an_error_with_advice(tmp_path: Path) -> None:
    with pytest.raises(NotAvailable) as caught:
        bring("http://127.0.0.1:9/file", tmp_path / "part")
    assert "goes on" in caught.value.advice


def test_another_size_than_announced_is_refused_before_a_byte_is_kept(hub: FakeHub, tmp_path: Path) -> None:
    hub.put("/file", DATA)
    with pytest.raises(NotAvailable, match="not 17"):
        bring(f"{hub.store}/file", tmp_path / "part", size=17)
    assert not (tmp_path / "part").exists()


def test_a_token_does_not_follow_a_redirect_elsewhere(hub: FakeHub, tmp_path: Path) -> None:
    hub.put("/file", DATA)
    hub.token = "sesame"
    told = bring(f"{hub.hub}/file", tmp_path / "part", headers={"Authorization": "Bearer sesame"})
    assert told.sha256 == hub.versions["/file"]
    (_, _, first), (_, _, second) = hub.asked
    assert first["authorization"] == "Bearer sesame"
    assert "authorization" not in second


def test_progress_is_told_in_bytes(hub: FakeHub, tmp_path: Path) -> None:
    hub.put("/file", DATA)
    seen: list[tuple[str, int, int | None]] = []
    download(f"{hub.store}/file", tmp_path / "part", progress=lambda *told: seen.append(told), label="file")
    assert seen[-1] == ("file", len(DATA), len(DATA))
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)


def test_a_full_disk_is_named_before_the_download(
    hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.put("/file", DATA)
    monkeypatch.setattr(disk, "_SPARE", 1 << 60)
    with pytest.raises(StorageFailed) as caught:
        bring(f"{hub.store}/file", tmp_path / "part")
    assert "FREEHOLD_HOME" in caught.value.advice


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_disk_that_fills_up_is_named_with_a_remedy() -> None:
    with pytest.raises(StorageFailed, match="No space left") as caught, disk.disk_errors():
        Path("/dev/full").write_bytes(DATA)
    assert "goes on where it stopped" in caught.value.advice
