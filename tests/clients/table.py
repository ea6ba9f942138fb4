"""Writes docs/compatibility.md from what the tests hold every cell to.

python -m tests.clients.table           write it
python -m tests.clients.table --check   exit 1 where it is not up to date
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path

from freehold.words.dialects import Dialect

from .expected import Answers, Outcome, Refuses, Unasked, Works, expected
from .faults import FAULTS, Fault
from .features import TITLES, Feature
from .roster import CLIENTS, Client
from .upstreams import UPSTREAMS

_ROOT = Path(__file__).resolve().parents[2]
PAGE = _ROOT / "docs" / "compatibility.md"
_PINNED = Path(__file__).with_name("node") / "package.json"

_HEAD = """\
<!-- Written by `python -m tests.clients.table`; do not edit. -->
# Compatibility

Which client gets what from which upstream, through a running `freehold up`. Every cell but the dashes is a test
(`tests/clients`) that uses the client as its users do and looks at what the answer says.

**✓** works. **refused**: status 400, and the error names what cannot be had; nothing is ever dropped in silence.
**○** answered, without what this upstream does not show. **–** the client has no way to ask.

OpenAI, Anthropic and the chat server are stand-ins on loopback that are as strict as the vendors' documentation; no vendor
is called by a test.

"""

_APIS = {
    Dialect.CHAT: ("Chat Completions", "`/v1/chat/completions`, and the routes that stand beside it."),
    Dialect.RESPONSES: ("Responses", "`/v1/responses`. Natively at OpenAI, translated everywhere else."),
    Dialect.MESSAGES: ("Messages", "`/v1/messages`. Natively at Anthropic, translated everywhere else."),
}
_ERRORS = """\
## Errors

The client's own name for what goes wrong. A client that gives up, or leaves in the middle of a stream, stops the work
upstream.

"""
_HINTS = """\
## What to set

| client | setting |
|---|---|
| openai, langchain-openai, pydantic-ai, llm | base URL `http://127.0.0.1:8585/v1` |
| anthropic | base URL `http://127.0.0.1:8585`, without `/v1` |
| any, at a gateway that is open on loopback | any key that does not begin with `fh-` |
| langchain-openai `OpenAIEmbeddings` | `check_embedding_ctx_length=False`: it would send OpenAI's token numbers instead of text |
| pydantic-ai `AnthropicModel` | `profile={"supports_json_schema_output": True}` for models whose names it does not know |
| llm | an entry in `extra-openai-models.yaml`, with `responses: true` for the Responses API and to see reasoning |

```sh
freehold up
```

```sh
curl http://127.0.0.1:8585/v1/chat/completions --json '{
  "model": "auto",
  "messages": [{"role": "user", "content": "What is 17% of 2,340?"}]
}'
freehold ask "What is 17% of 2,340?"
```
"""


def page() -> str:
    """The whole page."""
    pinned = json.loads(_PINNED.read_text())["dependencies"]
    versions = ", ".join(f"{name} {version}" for name, version in pinned.items() if name != "zod")
    return "".join(
        [
            _HEAD,
            "Upstreams:\n\n",
            *(f"- **{upstream.title}**: {upstream.about}.\n" for upstream in UPSTREAMS),
            f"\nClients from npm are pinned: {versions}. Those from PyPI are the newest that `pyproject.toml` allows.\n\n",
            *(_section(api, [client for client in CLIENTS if client.speaks is api]) for api in _APIS),
            _faults(),
            _HINTS,
        ]
    )


def _section(api: Dialect, clients: list[Client]) -> str:
    """What an API gets from whom, and which of it each of its clients can ask for."""
    title, routes = _APIS[api]
    features = [feature for feature in Feature if any(feature not in client.without for client in clients)]
    notes = _Notes()
    upstreams = [_row(clients, feature, notes) for feature in features]
    reasons = _Notes()
    askers = [_askers(clients, feature, reasons) for feature in features]
    return (
        f"## {title}\n\n{routes}\n\n"
        f"{_table([upstream.title for upstream in UPSTREAMS], upstreams)}\n{notes.text()}\n"
        f"Tested with every client that has a mark:\n\n"
        f"{_table([client.title for client in clients], askers)}\n{reasons.text()}\n"
    )


def _row(clients: list[Client], feature: Feature, notes: _Notes) -> list[str]:
    """One feature at every upstream: the same for all clients that can ask."""
    asker = next(client for client in clients if feature not in client.without)
    return [TITLES[feature], *(_cell(expected(asker, upstream, feature), notes) for upstream in UPSTREAMS)]


def _cell(outcome: Outcome, notes: _Notes) -> str:
    match outcome:
        case Works():
            return "✓"
        case Answers(why):
            return f"○ {notes.mark(why)}"
        case Refuses(code, naming):
            return f"refused {notes.mark(f'`{code}`: “{naming}”')}"
        case Unasked(why):
            return f"– {notes.mark(why)}"


def _askers(clients: list[Client], feature: Feature, notes: _Notes) -> list[str]:
    whys = [client.without.get(feature) for client in clients]
    return [TITLES[feature], *("✓" if why is None else f"– {notes.mark(why)}" for why in whys)]


class _Notes:
    """Footnotes of one table."""

    def __init__(self) -> None:
        self._marks: dict[str, int] = {}

    def mark(self, note: str) -> str:
        return f"<sup>{self._marks.setdefault(note, len(self._marks) + 1)}</sup>"

    def text(self) -> str:
        lines = [f"<sup>{number}</sup> {note}" for note, number in self._marks.items()]
        return "; ".join(lines) + ".\n" if lines else ""


def _faults() -> str:
    """Errors, by the client's own name for them."""
    titles = [f"{fault.title} ({fault.status})" for fault in FAULTS.values()]
    rows = [
        [_full(client), *(client.errors[fault] for fault in Fault), client.timeout_error or "–"] for client in CLIENTS
    ]
    return f"{_ERRORS}{_table([*titles, 'Its own timeout'], rows)}\n"


def _full(client: Client) -> str:
    """Its title, with its API where that is one of several."""
    several = sum(other.title == client.title for other in CLIENTS) > 1
    return f"{client.title}, {_APIS[client.speaks][0]}" if several else client.title


def _table(titles: list[str], rows: Iterable[list[str]]) -> str:
    """Markdown; the first column has no title."""
    lines = [["", *titles], ["---"] * (len(titles) + 1), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def main(arguments: list[str]) -> int:
    """Write or check; the exit code."""
    text = page()
    if arguments == ["--check"]:
        fresh = PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text
        if not fresh:
            print(f"{PAGE.relative_to(_ROOT)} is not up to date: run python -m tests.clients.table", file=sys.stderr)  # noqa: T201
        return 0 if fresh else 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
