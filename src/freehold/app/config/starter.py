"""A commented freehold.toml to start from: every key with its description and its default, all commented out."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import inspect

from freehold.app.settings import Settings

HEAD = """\
# Freehold's configuration. Every line is optional; a commented key shows its default, or an example where it has none.
# Check it with `freehold config check`, see what is in force with `freehold config show`.
# An environment variable FREEHOLD_<SECTION>_<KEY> overrides a key. Spans are in seconds, sizes in bytes.
"""

TAIL = """\

# Providers. A known one needs no table: it is there as soon as its key variable (OPENAI_API_KEY, ...) is set.
# All keys: `freehold config schema`.
#
# [providers.openai]
# key = "env:OPENAI_API_KEY"
# models = ["gpt-4o*"]
# requests_per_minute = 500
#
# [providers.my-box]
# like = "vllm"
# base_url = "http://10.0.0.2:8000/v1"
# place = "own"
# preference = -1

# Names of your own, each for a list of offers that are tried in order.
# [aliases]
# fast = ["my-box/*", "openai/gpt-4o-mini"]
# "gpt-*" = ["openai/*"]

# Prices that the catalog does not know, in US dollars per million tokens.
# [prices."my-box/*"]
# input = 0.02
# output = 0.02
"""


def starter() -> str:
    """The text of the file."""
    kind = inspect.type_info(Settings)
    assert isinstance(kind, inspect.StructType)  # noqa: S101 - it is: this tells the type checker
    sections = "\n".join(_section(field) for field in kind.fields if isinstance(field.type, inspect.StructType))
    return f"{HEAD}\n{sections}{TAIL}"


def _section(field: inspect.Field) -> str:
    kind = field.type
    assert isinstance(kind, inspect.StructType)  # noqa: S101 - the caller looked
    lines = [*_comment(kind.cls.__doc__ or ""), f"[{field.encode_name}]"]
    for key in kind.fields:
        lines += _key(key)
    return "\n".join(lines) + "\n"


def _key(field: inspect.Field) -> Iterator[str]:
    extra = field.type.extra_json_schema or {} if isinstance(field.type, inspect.Metadata) else {}
    yield from _comment(extra.get("description", ""))
    value = field.default_factory() if field.default is msgspec.NODEFAULT else field.default
    if value is None:
        value = next(iter(extra.get("examples", ())), None)
    if value is not None:
        yield f"# {field.encode_name} = {_toml(value)}"


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, width=118, initial_indent="# ", subsequent_indent="# ")


def _toml(value: Any) -> str:
    """TOML and JSON agree on everything that a default can be."""
    return msgspec.json.encode(value).decode()
