"""`freehold.toml`, key by key, from the settings' own descriptions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from freehold.app.config.schema import json_schema
from pages.tables import code, table

HEAD = """\
# Configuration

`freehold.toml` is looked for at `--config`, then `$FREEHOLD_CONFIG`, then in the current folder, then in Freehold's home
(`$FREEHOLD_HOME`, by default `~/.freehold`). Every key is optional. `freehold config init` writes a commented file,
`freehold config check` says everything that is wrong with one, with its line, and `freehold config show` what is in force and where
each value comes from. A change is put in force while the gateway runs, between two requests; a file that is wrong changes nothing and
shows in `freehold status`.

A variable `FREEHOLD_<SECTION>_<KEY>` overrides a key: `FREEHOLD_SERVER_PORT=9000`. Spans are in seconds, sizes in bytes, prices in
US dollars per million tokens. A secret is `env:NAME`, `file:PATH`, or the value itself where only you can read the file.

Editors that know JSON schemas can check the file while you type: `freehold config schema`.
"""
_NAMED = {"providers": "[providers.NAME]", "prices": '[prices."PROVIDER/MODEL"]'}
_BOUNDS = (
    ("minimum", "at least"),
    ("exclusiveMinimum", "above"),
    ("maximum", "at most"),
    ("exclusiveMaximum", "below"),
)


def page() -> str:
    schema = json_schema()
    definitions: dict[str, Any] = schema["$defs"]
    top = definitions[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    return HEAD + "".join(f"\n{part}" for part in _sections(top["properties"], definitions))


def _sections(sections: dict[str, Any], definitions: dict[str, Any]) -> Iterator[str]:
    for name, section in sections.items():
        kind = _definition(section, definitions) or _definition(section.get("additionalProperties", {}), definitions)
        if kind is None:
            yield f"## `[{name}]`\n\n{section['description']}\n"
            continue
        about = section.get("description") or kind["description"]
        yield f"## `{_NAMED.get(name, f'[{name}]')}`\n\n{about}\n\n{_keys(kind, definitions)}"


def _keys(kind: dict[str, Any], definitions: dict[str, Any], prefix: str = "") -> str:
    return table(("key", "takes", "default", "what it is"), _rows(kind, definitions, prefix))


def _rows(kind: dict[str, Any], definitions: dict[str, Any], prefix: str) -> Iterator[tuple[str, str, str, str]]:
    for name, key in kind["properties"].items():
        inner = _definition(key, definitions)
        if inner is not None and "properties" in inner:
            yield from _rows(inner, definitions, f"{prefix}{name}.")
            continue
        yield (
            code(prefix + name),
            _takes(key, definitions),
            _default(key),
            key.get("description", "").replace("<", "\\<"),
        )


def _definition(key: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any] | None:
    reference = key.get("$ref") or next((part["$ref"] for part in key.get("anyOf", ()) if "$ref" in part), "")
    return definitions.get(reference.rpartition("/")[2])


def _default(key: dict[str, Any]) -> str:
    value = key.get("default")
    return "" if value in (None, [], {}) else code(json.dumps(value))


def _takes(key: dict[str, Any], definitions: dict[str, Any]) -> str:
    """The type in words, with its bounds."""
    parts = [part for part in key.get("anyOf", (key,)) if part.get("type") != "null"]
    return " or ".join(_one(part, definitions) for part in parts)


def _one(part: dict[str, Any], definitions: dict[str, Any]) -> str:
    if "$ref" in part:
        return _one(definitions[part["$ref"].rpartition("/")[2]], definitions)
    if "enum" in part:
        return ", ".join(code(value) for value in part["enum"])
    if part.get("type") == "array":
        return f"list of {_one(part.get('items') or {}, definitions) or 'values'}"
    if part.get("type") == "object":
        inner = part.get("additionalProperties")
        return f"table of {_one(inner, definitions)}" if isinstance(inner, dict) else "table"
    bounds = [f"{words} {_number(part[bound])}" for bound, words in _BOUNDS if bound in part]
    return ", ".join([{"boolean": "true or false"}.get(part.get("type", ""), part.get("type", "")), *bounds])


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:g}"
