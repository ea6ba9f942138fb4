"""The JSON schema of `freehold.toml`, for editors that check and complete while one types."""

from __future__ import annotations

from typing import Any

import msgspec

from freehold.app.settings import Secret, Settings

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """A schema that accepts what the checker accepts as far as the shape goes; rules across keys are the checker's."""
    schema = msgspec.json.schema(Settings, schema_hook=_secret)
    return {"$schema": DIALECT, "title": "freehold.toml", **schema}


def _secret(kind: type) -> dict[str, Any]:
    if kind is not Secret:
        raise NotImplementedError
    return {"type": "string", "examples": ["env:NAME", "file:PATH"]}
