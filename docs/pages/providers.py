"""The providers that Freehold knows, from their rows."""

from __future__ import annotations

from freehold.compute.rows import Row, load_rows
from pages.tables import code, table

HEAD = """\
# Providers

One row each in `providers.toml`; facts are the providers' own documentation of November 2026. **Cloud providers are contract-tested
against fakes on loopback, never run live.** A provider is there as soon as one of its key variables is set, or its table
`[providers.NAME]` is written; servers on this machine are found while they run. Dialects that are not spoken natively are translated.

*Listed* models are offered by themselves, and to `auto`. Any other of its models can be asked for as `provider/model`, or be listed with
`models = [...]`.
"""


def page() -> str:
    heads = ("name", "what it is", "where", "key variable", "address", "speaks natively", "listed models")
    return f"{HEAD}\n{table(heads, (_row(row) for row in load_rows().values()))}"


def _row(row: Row) -> tuple[str, ...]:
    return (
        code(row.name),
        row.title,
        row.place,
        ", ".join(code(name) for name in row.key_env) or "none",
        code(row.base_url) or "yours to state",
        ", ".join(sorted(row.dialects)),
        ", ".join(code(model.id) for model in row.models if not model.wildcard),
    )
