"""The reference is what the program says of itself."""

from __future__ import annotations

import subprocess
import sys

from doc_pages import ROOT


def test_every_reference_page_is_as_the_program_would_write_it_now() -> None:
    done = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
