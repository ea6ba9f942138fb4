"""What a program can rely on: the names that `import freehold` gives."""

from __future__ import annotations

import subprocess
import sys

import freehold

NAMES = """
Capability ComputeAbstractionLayer ComputeRequirements Delta FixRequest FreeholdError GiveUp InferenceResult Privacy Receipt
TryAnother Wait __version__ open
"""


def test_the_exported_names_are_frozen() -> None:
    assert sorted(NAMES.split()) == sorted(freehold.__all__)
    assert all(getattr(freehold, name) is not None for name in freehold.__all__)


def test_importing_it_brings_nothing_heavy() -> None:
    heavy = {
        "torch",
        "ray",
        "numpy",
        "onnxruntime",
        "aiohttp",
        "xllamacpp",
        "pydantic",
        "httpx",
        "sqlalchemy",
        "psycopg",
    }
    program = f"import sys, freehold; print(*sorted({heavy!r} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "\n"
