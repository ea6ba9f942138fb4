"""Routes, shapes and headers, put together into one document."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from freehold import __version__
from freehold.gateway.openapi.answers import AnthropicError, OpenAIError
from freehold.gateway.openapi.headers import ALLOW, ANSWERED, LIMITS, REQUEST_ID, RETRY_AFTER, Json
from freehold.gateway.openapi.routes import MODEL_ROUTES, PAGES, ModelRoute, PageRoute

_SCHEMA = "#/components/schemas/{name}"
_SECURITY: dict[str, list[Json]] = {
    "": [{}],
    "client": [{}, {"bearer": []}, {"apiKey": []}],
    "admin": [{"admin": []}],
}
_REFUSALS = {
    "400": "The request is malformed, or no offer meets it. The message names the field at fault.",
    "401": "No key, or not one of this gateway's.",
    "403": "The key may not do that, or the request comes from a web page of another origin.",
    "404": "There is no model of that name.",
    "405": "The route does not take that method.",
    "408": "The request did not arrive in time.",
    "413": "The request is larger than the gateway takes.",
    "422": "A provider's verdict on the request, passed on.",
    "429": "A limit or budget of the key is used up, or every provider is at its limit.",
    "500": "Freehold failed internally; its log says how.",
    "501": "An optional part is not installed.",
    "502": "Every provider that could answer failed.",
    "503": "The gateway is full or stopping, or receipts are required and cannot be written.",
    "504": "The time that the request allows is used up.",
}
_FOR_PAGES = ("403", "405")


@cache
def encoded() -> bytes:
    """The document as JSON."""
    return msgspec.json.encode(_document())


def document() -> Json:
    """The document as an object of one's own."""
    found: Json = msgspec.json.decode(encoded())
    return found


def _document() -> Json:
    paths: Json = {path: {"post": _model_operation(route)} for path, route in MODEL_ROUTES.items()}
    paths |= {path: _page_operations(route) for path, route in PAGES.items()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Freehold",
            "version": __version__,
            "summary": "One OpenAI-compatible endpoint over all the AI compute you own, rent or can call.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": _components(),
            "parameters": LIMITS,
            "responses": _error_responses(),
            "securitySchemes": _security_schemes(),
        },
    }


def _model_operation(route: ModelRoute) -> Json:
    takes = "multipart/form-data" if route.form else "application/json"
    return {
        "operationId": route.operation,
        "summary": route.summary,
        "tags": ["models"],
        "security": _SECURITY["client"],
        "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in LIMITS],
        "requestBody": {"required": True, "content": {takes: {"schema": _reference(route.takes)}}},
        "responses": {
            "200": {"description": "The answer.", "headers": ANSWERED, "content": _answers(route)},
            **_refusals(_REFUSALS, "Anthropic" if route.anthropic else "OpenAI"),
        },
    }


def _answers(route: ModelRoute) -> Json:
    content: Json = {"application/json": {"schema": _reference(route.gives)}}
    if route.gives_text:
        content["text/plain"] = {"schema": {"type": "string"}}
    if route.streams:
        content["text/event-stream"] = {"schema": _event(route.streams)}
    return content


def _event(streams: str) -> Json:
    """One server-sent event, which is what readers of OpenAPI take the schema of a stream to describe."""
    text: Json = {"type": "string"}
    return {
        "type": "object",
        "description": f"Server-sent events: {streams}",
        "properties": {"event": text, "data": text},
        "required": ["data"],
    }


def _page_operations(route: PageRoute) -> Json:
    operation: Json = {
        "summary": route.summary,
        "tags": ["gateway"],
        "security": _SECURITY[route.key],
        "responses": {
            "200": {"description": "What was asked for."},
            **_refusals(_page_refusals(route), "OpenAI" if route.key != "client" else "Either"),
        },
    }
    if route.unready:
        operation["responses"]["503"] = {"description": "The same, not ready."}
    if route.parameter:
        schema = {"type": "string", "minLength": 1}
        parameter = {"name": route.parameter, "in": "path", "required": True, "schema": schema, "example": "auto"}
        operation["parameters"] = [parameter]
    content = {"content": _page_content(route)}
    bodies = {
        status: response | content for status, response in operation["responses"].items() if "$ref" not in response
    }
    return {
        "get": {"operationId": route.operation, **operation, "responses": operation["responses"] | bodies},
        "head": {"operationId": f"{route.operation}Head", **operation},
    }


def _page_refusals(route: PageRoute) -> tuple[str, ...]:
    return (*_FOR_PAGES, *(("401",) if route.key else ()), *(("404",) if route.parameter else ()))


def _page_content(route: PageRoute) -> Json:
    if not route.gives:
        kind = "object" if "application/json" in route.content_types else "string"
        return {content_type: {"schema": {"type": kind}} for content_type in route.content_types}
    shapes = [_reference(kind) for kind in route.gives]
    return {"application/json": {"schema": shapes[0] if len(shapes) == 1 else {"anyOf": shapes}}}


def _refusals(statuses: Any, shape: str) -> Json:
    return {status: {"$ref": f"#/components/responses/{shape}{status}"} for status in sorted(statuses)}


def _error_responses() -> Json:
    return {
        f"{shape}{status}": {
            "description": description,
            "headers": _error_headers(status),
            "content": {"application/json": {"schema": schema}},
        }
        for shape, schema in _error_shapes().items()
        for status, description in _REFUSALS.items()
    }


def _error_shapes() -> dict[str, Json]:
    """Either: in Anthropic's shape for clients that send `anthropic-version`."""
    openai, anthropic = _reference(OpenAIError), _reference(AnthropicError)
    return {"OpenAI": openai, "Anthropic": anthropic, "Either": {"anyOf": [openai, anthropic]}}


def _error_headers(status: str) -> Json:
    if status == "405":
        return ALLOW
    return {**REQUEST_ID, **RETRY_AFTER} if status in ("429", "502", "503") else REQUEST_ID


def _security_schemes() -> Json:
    return {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "A key made by `freehold keys create`. Needed where [server] require_key is set.",
        },
        "apiKey": {
            "type": "apiKey",
            "in": "header",
            "name": "x-api-key",
            "description": "The same, as Anthropic's clients send it.",
        },
        "admin": {
            "type": "http",
            "scheme": "bearer",
            "description": "The token in state/gateway.json of Freehold's home.",
        },
    }


def _components() -> Json:
    kinds: list[Any] = [OpenAIError, AnthropicError]
    for route in MODEL_ROUTES.values():
        kinds += [route.takes, route.gives]
    for page in PAGES.values():
        kinds += page.gives
    _, components = msgspec.json.schema_components(kinds, ref_template=_SCHEMA)
    return components


def _reference(kind: type[Any]) -> Json:
    return {"$ref": _SCHEMA.format(name=kind.__name__)}
