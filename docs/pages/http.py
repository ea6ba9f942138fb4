"""Routes and headers, from the gateway's own OpenAPI document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from freehold.gateway.openapi import document as described
from pages.tables import code, table

HEAD = """\
# HTTP

A running gateway describes itself at `/openapi.json`; [this is the same document](openapi.json). Keys travel as
`Authorization: Bearer` or `x-api-key`, and are asked for where `[server] require_key` is set. Fields that are not described pass through
untouched where the provider speaks the same dialect; where a request has to be translated and has no words on the other side, it is
refused by name.
"""


def document() -> str:
    """The OpenAPI document as a file."""
    return json.dumps(described(), indent=1, ensure_ascii=False) + "\n"


def page() -> str:
    found = described()
    parameters = list(found["components"]["parameters"].values())
    answered = found["paths"]["/v1/chat/completions"]["post"]["responses"]["200"]["headers"]
    return "\n".join(
        (
            HEAD,
            "## Routes\n",
            table(("route", "method", "what it does"), _routes(found["paths"])),
            "## Headers of a request\n",
            table(("header", "takes", "what it does"), (_parameter(parameter) for parameter in parameters)),
            "## Headers of an answer\n",
            table(("header", "what it says"), ((code(n), h.get("description", "")) for n, h in answered.items())),
            "A stream's headers leave before its cost is known; its receipt has it: `freehold receipts show ID`.\n",
            "## Statuses\n",
            table(("status", "what it means"), _statuses(found["components"]["responses"])),
        )
    )


def _routes(paths: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for path, operations in paths.items():
        for method, operation in operations.items():
            if method != "head":
                yield code(path), method.upper(), operation["summary"]


def _parameter(parameter: dict[str, Any]) -> tuple[str, str, str]:
    schema = parameter["schema"]
    takes = ", ".join(code(value) for value in schema["enum"]) if "enum" in schema else str(schema.get("type", ""))
    return code(parameter["name"]), takes, parameter.get("description", "")


def _statuses(responses: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, response in responses.items():
        if name.startswith("OpenAI"):
            yield name.removeprefix("OpenAI"), response["description"]
