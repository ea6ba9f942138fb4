"""Files on a Hugging Face hub, or anything that speaks like one.

Contract-tested against a hub of our own on loopback; never run against the live one. `HF_ENDPOINT` names another hub,
`HF_TOKEN` opens gated repositories and is sent to that hub only, never to where it redirects.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from urllib.parse import quote

from freehold.compute.models.catalog import Source
from freehold.ground.errors import InvalidRequest

_HUB = "https://huggingface.co"
_SCHEME = "hf:"
_ADVICE = "Write hf:owner/repository/path/to/file.gguf, with @revision at the end if it is not main."


def hub_url(source: Source, environment: Mapping[str, str] = os.environ) -> str:
    """Where the hub serves the file."""
    hub = environment.get("HF_ENDPOINT", "").rstrip("/") or _HUB
    return f"{hub}/{quote(source.repository)}/resolve/{quote(source.revision, safe='')}/{quote(source.file)}"


def hub_headers(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What the hub needs to know about us."""
    token = environment.get("HF_TOKEN", "").strip()
    return {"Authorization": f"Bearer {token}"} if token else {}


def parse_hub(text: str) -> Source | None:
    """Read `hf:owner/repository/file[@revision]`; None where it is none of that kind. Raises InvalidRequest."""
    if not text.startswith(_SCHEME):
        return None
    path, _, revision = text.removeprefix(_SCHEME).partition("@")
    parts = path.split("/")
    if len(parts) < 3 or not all(parts) or ".." in parts:
        raise InvalidRequest(f"{text!r} names no file on a hub.", advice=_ADVICE)
    return Source(repository="/".join(parts[:2]), file="/".join(parts[2:]), revision=revision or "main")
