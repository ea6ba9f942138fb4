"""Every error: its code, its status, what it means and what to do."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.cli.exits import code_for
from freehold.gateway.refusals import status_of
from freehold.ground import errors
from freehold.ground.errors import FreeholdError, ProviderRefused
from pages.tables import code, table

HEAD = """\
# Errors

Errors are grouped by what you do next. Over HTTP they come in the shape of the API that was called: OpenAI's
`{"error": {"message", "type", "param", "code"}}` or Anthropic's `{"type": "error", "error": {"type", "message"}}`. Receipts and metrics
name them by code. As a library they are exceptions; the groups are `freehold.TryAnother`, `freehold.Wait`, `freehold.FixRequest` and
`freehold.GiveUp`. What another provider can mend has been tried there before you see it.
"""
GROUPS = {
    errors.TryAnother: "another provider may succeed",
    errors.Wait: "the same request may pass later",
    errors.FixRequest: "the same request will never pass",
    errors.GiveUp: "a human has to look",
}


def page() -> str:
    return HEAD + "".join(_group(group, about) for group, about in GROUPS.items())


def _group(group: type[FreeholdError], about: str) -> str:
    rows = table(("code", "class", "HTTP", "exit", "what it means", "advice"), (_row(kind) for kind in _below(group)))
    return f"\n## `{group.__name__}`: {about}\n\n{rows}"


def _row(kind: type[FreeholdError]) -> tuple[str, ...]:
    error = kind("")
    status = "the provider's" if kind is ProviderRefused else str(status_of(error))
    meaning = (kind.__doc__ or "").partition("\n")[0]
    return code(kind.code), code(kind.__name__), status, str(code_for(error)), meaning, error.advice


def _below(group: type[FreeholdError]) -> Iterator[type[FreeholdError]]:
    """The errors of the house below `group`; rooms may have their own, which carry the code of one of these."""
    for kind in group.__subclasses__():
        if kind.__module__ == errors.__name__:
            yield kind
            yield from _below(kind)
