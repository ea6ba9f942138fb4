"""`script/up`, as a stranger meets it."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from doc_pages import ROOT

OLD_PYTHON = """#!/bin/sh
[ "$1" = --version ] && exec echo "Python 3.9.2"
exit 1
"""


def test_a_python_that_is_too_old_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "script").mkdir()
    shutil.copy(ROOT / "script" / "setup", tmp_path / "script")
    python = tmp_path / "python"
    python.write_text(OLD_PYTHON)
    python.chmod(0o755)
    done = subprocess.run(
        [tmp_path / "script" / "setup"],
        env=os.environ | {"PYTHON": str(python)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Freehold needs Python 3.11 or newer" in done.stderr
    assert "Python 3.9.2" in done.stderr
    assert "PYTHON=/path/to/python3.12" in done.stderr


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_fresh_clone_answers_and_starts_without_installing_the_second_time(tmp_path: Path) -> None:
    """Installs from the package index and pulls the starter weights: the one test that needs a network."""
    clone = tmp_path / "freehold"
    subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
    with started(clone, tmp_path) as (url, said):
        assert "Installing" in said
        assert "Paris" in ask(url, "What is the capital of France?")
    with started(clone, tmp_path) as (url, said):
        assert "Installing" not in said
        assert ask(url, "What is 17% of 2,340?") == "397.8"


@contextmanager
def started(clone: Path, home: Path) -> Iterator[tuple[str, str]]:
    """The gateway's address and what `script/up` said before it listened."""
    environment = os.environ | {"HOME": str(home), "FREEHOLD_LOCAL_DISCOVERY": "false"}
    with subprocess.Popen(
        [clone / "script" / "up", "--port", "0"], env=environment, stderr=subprocess.PIPE, text=True, cwd=home
    ) as gateway:
        said = ""
        assert gateway.stderr is not None
        for line in gateway.stderr:
            said += line
            if found := re.match(r"Freehold listens at (http://127\.0\.0\.1:(\d+))", line):
                wait_until_it_listens(int(found[2]))
                yield found[1], said
                break
        else:
            raise AssertionError(said)
        gateway.terminate()


def wait_until_it_listens(port: int) -> None:
    while True:
        with socket.socket() as knock:
            if knock.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)  # bound, but not listening yet: there is nothing to wait for


def ask(url: str, question: str) -> str:
    body = {"model": "auto", "messages": [{"role": "user", "content": question}]}
    with urllib.request.urlopen(f"{url}/v1/chat/completions", json.dumps(body).encode()) as answer:
        text: str = json.load(answer)["choices"][0]["message"]["content"]
        return text
