"""What a receipt holds, from the words it is made of, and the table it lies in."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import msgspec

from freehold.words.prices import Usage
from freehold.words.receipts import Attempt, Energy, Outcome, Receipt
from pages.tables import code, table

HEAD = """\
# Receipts

Every request ends in one receipt, success or not. `freehold receipts --json` prints one a line, with these fields. They are written in
batches; a crash loses at most the last `[receipts] window_ms`. What a request says and what it is answered is not in them.
"""
_TABLE = re.compile(r"CREATE TABLE receipts \((.*?)\n\);", re.DOTALL)


def page() -> str:
    parts = [HEAD]
    parts += [f"\n## {name}\n\n{_fields(kind)}" for name, kind in _KINDS.items()]
    parts.append(f"\n## Outcomes\n\n{table(('outcome', 'when'), _outcomes())}")
    parts.append(
        f"\n## In the database\n\nThe table `receipts`, in SQLite and PostgreSQL alike; money is whole nano-dollars.\n\n{_columns()}"
    )
    return "".join(parts)


_KINDS: dict[str, type[msgspec.Struct]] = {
    "A receipt": Receipt,
    "`attempts`: each try": Attempt,
    "`usage`: tokens in disjoint buckets": Usage,
    "`energy`": Energy,
}


def _fields(kind: type[msgspec.Struct]) -> str:
    notes = dict(_notes(kind))
    types = ((name, str(kind.__annotations__[name])) for name in kind.__struct_fields__)
    return table(
        ("field", "type", "what it is"), ((code(name), code(shown), notes.get(name, "")) for name, shown in types)
    )


def _outcomes() -> Iterator[tuple[str, str]]:
    notes = dict(_notes(Outcome))
    return ((code(outcome.value), notes.get(outcome.name, "It ended well.")) for outcome in Outcome)


def _notes(kind: type[Any]) -> Iterator[tuple[str, str]]:
    """The string after each field in the source, which is where this house documents fields."""
    body = ast.parse(inspect.getsource(kind)).body[0]
    assert isinstance(body, ast.ClassDef)
    for field, after in zip(body.body, body.body[1:], strict=False):
        target = (
            field.target
            if isinstance(field, ast.AnnAssign)
            else field.targets[0]
            if isinstance(field, ast.Assign)
            else None
        )
        if isinstance(target, ast.Name) and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            yield target.id, str(after.value.value)


def _columns() -> str:
    text = (files("freehold.ground.database") / "migrations" / "0001_ledger.sql").read_text(encoding="utf-8")
    found = _TABLE.search(text)
    assert found is not None
    lines = (line.strip().rstrip(",").split(maxsplit=1) for line in found[1].strip().splitlines())
    return table(
        ("column", "type"), ((code(name), "a number that grows" if "{" in kind else code(kind)) for name, kind in lines)
    )
