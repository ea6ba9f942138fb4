"""Who may come in, before anything is read.

A gateway on loopback without keys is open to every program of this machine's user, but it must not be open to the web pages
in the user's browser: a page may send a plain POST anywhere, and may make its own name resolve to 127.0.0.1. So a request
that names a foreign Host or a foreign Origin is turned away.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from freehold.ground.errors import NotAllowed

LOOPBACK_HOSTS = frozenset({b"localhost", b"127.0.0.1", b"[::1]"})


def check_origin(headers: Mapping[bytes, bytes], hosts: frozenset[bytes]) -> None:
    """Raise NotAllowed for a foreign Host or Origin. `hosts` empty means that keys guard the door, and any name will do."""
    if not hosts:
        return
    host = headers.get(b"host", b"")
    if host not in hosts and _name(host) not in hosts:
        raise NotAllowed(
            f"This gateway does not answer to the host name {host[:100].decode('latin-1')!r}.",
            advice="Use http://127.0.0.1 or localhost, or set [server] require_key and host.",
        )
    origin = headers.get(b"origin")
    if origin is not None and _origin_name(origin) not in hosts:
        raise NotAllowed(
            "Requests from web pages of other origins are not answered.",
            advice="Call the gateway from a program, or from a page that it serves itself.",
        )


def presented_key(headers: Mapping[bytes, bytes]) -> str:
    """The key in `Authorization: Bearer` or, as Anthropic's clients send it, `x-api-key`; empty if there is none."""
    authorization = headers.get(b"authorization", b"")
    if authorization[:7].lower() == b"bearer ":
        return authorization[7:].strip().decode("latin-1")
    return headers.get(b"x-api-key", b"").strip().decode("latin-1")


def _name(host: bytes) -> bytes:
    """A Host header's value without its port."""
    if host.startswith(b"["):
        return host.partition(b"]")[0] + b"]"
    return host.partition(b":")[0].lower()


def _origin_name(origin: bytes) -> bytes:
    try:
        name = urlsplit(origin.decode("latin-1")).hostname or ""
    except ValueError:
        return b""
    return f"[{name}]".encode() if ":" in name else name.encode("latin-1", "replace")
