"""Write the reference pages from the program itself: `docs/generate.py`, or with `--check` say which are stale.

What a page states is read from the objects that are in force (settings, commands, errors, routes, metrics, provider rows), so a
page cannot drift from them unnoticed. Nothing is started and nothing is read from this machine's own configuration.
"""

from __future__ import annotations

import sys
from pathlib import Path

from pages import commands, configuration, errors, http, metrics, providers, receipts

REFERENCE = Path(__file__).parent / "reference"
NOTE = "<!-- Written by docs/generate.py; do not edit. -->\n\n"


def reference() -> dict[Path, str]:
    """Every generated file and what has to be in it."""
    pages = {
        "configuration.md": configuration.page(),
        "commands.md": commands.page(),
        "errors.md": errors.page(),
        "http.md": http.page(),
        "metrics.md": metrics.page(),
        "providers.md": providers.page(),
        "receipts.md": receipts.page(),
    }
    files = {REFERENCE / name: NOTE + text.rstrip() + "\n" for name, text in pages.items()}
    return files | {REFERENCE / "openapi.json": http.document()}


def stale(files: dict[Path, str]) -> list[Path]:
    """Files that are not as they should be."""
    return [path for path, text in files.items() if not path.exists() or path.read_text(encoding="utf-8") != text]


def main(arguments: list[str]) -> int:
    """Write what is stale; with --check only name it, and fail if there is any."""
    found = stale(files := reference())
    for path in found:
        sys.stdout.write(
            f"{'stale' if arguments == ['--check'] else 'written'}: {path.relative_to(REFERENCE.parents[1])}\n"
        )
    if arguments == ["--check"]:
        return 1 if found else 0
    REFERENCE.mkdir(exist_ok=True)
    for path in found:
        path.write_text(files[path], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
