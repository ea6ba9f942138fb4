"""Pages of the documentation, cut into their fenced blocks.

A comment before a block says what cannot be seen from the block itself:

    <!-- not run: needs an account -->   the block is only read: its commands must exist and take these options
    <!-- fails -->                       the block is there to show a failure

A `text` block right after a block that is run shows what it prints. `...` stands for anything; white space, spans of time, times of
day and ids are alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

import msgspec

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"<!-- ([\w ]+?)(?:: .*?)? -->\s*\Z", re.DOTALL)
_ALIKE = (
    (re.compile(r"\b\d\d:\d\d:\d\d\b"), "TIME"),
    (re.compile(r"\b(\d+(\.\d+)?) (ms|s|min|h|J)\b"), "SPAN"),
    (re.compile(r"\breq_[0-9a-f]+\b"), "REQUEST"),
    (re.compile(r"\bkey_[0-9a-f]+\b"), "KEY"),
    (re.compile(r"\bfh-[\w-]+(\.\.\.)?"), "SECRET"),
    (re.compile(r"-{3,}"), "LINE"),
)


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """One fenced block."""

    language: str
    text: str
    line: int
    remark: str
    """The comment before it, up to its colon."""
    shown: str | None = None
    """What it is said to print."""


def pages() -> list[Path]:
    """Every page there is, the README first."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path) -> list[Block]:
    """Its blocks in order, each with the output that follows it."""
    found = list(_blocks(page.read_text(encoding="utf-8")))
    followed = zip_longest(found, found[1:])
    return [_with_output(block, after) for block, after in followed]


def check_output(wanted: str, printed: str) -> bool:
    """Whether a block printed what its page says."""
    parts = (re.escape(part.strip()) for part in _alike(wanted).split("..."))
    return re.fullmatch(".*".join(parts), _alike(printed)) is not None


def _blocks(text: str) -> Iterator[Block]:
    for fence in _FENCE.finditer(text):
        before = text[: fence.start()]
        comment = _COMMENT.search(before)
        remark = comment[1] if comment else ""
        yield Block(language=fence[1], text=fence[2], line=before.count("\n") + 1, remark=remark)


def _with_output(block: Block, after: Block | None) -> Block:
    if after is None or after.language != "text" or block.language not in ("sh", "python", "toml"):
        return block
    return msgspec.structs.replace(block, shown=after.text)


def _alike(text: str) -> str:
    for pattern, name in _ALIKE:
        text = pattern.sub(name, text)
    return " ".join(text.split())
