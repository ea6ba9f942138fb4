"""Makes up an instance of a JSON schema: always the same one, small, and valid for the schemas that tools have."""

from __future__ import annotations

from typing import Any

_DEPTH = 16
Schema = dict[str, Any]


def sample(schema: Schema, index: int = 1) -> Any:
    """An instance of `schema`. Strings carry the property's name and `index`, so that two calls differ."""
    return _sample(schema, schema, "value", index, _DEPTH)


def _sample(schema: Schema, root: Schema, name: str, index: int, depth: int) -> Any:
    if depth == 0:
        return None
    if "$ref" in schema:
        return _sample(_resolve(schema["$ref"], root), root, name, index, depth - 1)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][(index - 1) % len(schema["enum"])]
    for combined in ("anyOf", "oneOf", "allOf"):
        if schema.get(combined):
            return _sample(schema[combined][0], root, name, index, depth - 1)
    return _of_type(schema, root, name, index, depth)


def _of_type(schema: Schema, root: Schema, name: str, index: int, depth: int) -> Any:
    kind = schema.get("type", "object" if "properties" in schema else "string")
    match kind[0] if isinstance(kind, list) else kind:
        case "object":
            wanted = schema.get("properties", {})
            return {key: _sample(value, root, key, index, depth - 1) for key, value in wanted.items()}
        case "array":
            count = max(1, schema.get("minItems", 1))
            return [_sample(schema.get("items", {}), root, name, index + more, depth - 1) for more in range(count)]
        case "integer" | "number":
            return max(index, schema.get("minimum", index))
        case "boolean":
            return True
        case "null":
            return None
    return f"{name}-{index}"


def _resolve(reference: str, root: Schema) -> Schema:
    found: Any = root
    for step in reference.removeprefix("#").strip("/").split("/"):
        found = found.get(step, {}) if step and isinstance(found, dict) else found
    return found if isinstance(found, dict) else {}
