"""Which client for which origin: direct, unless the environment names a proxy for it.

The environment is read once, when the upstream is opened: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, in either
case. This machine itself (localhost, loopback addresses) is never reached through a proxy.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from freehold.compute.upstream.direct import DirectUpstream
from freehold.compute.upstream.interface import Deadlines, Origin, Request, Response, Upstream
from freehold.compute.upstream.limits import Limits
from freehold.ground.errors import InvalidConfig

if TYPE_CHECKING:
    from freehold.compute.upstream.proxied import ProxiedUpstream

_USUAL = Limits()


def open_upstream(*, trust: Path | None = None, limits: Limits = _USUAL) -> Upstream:
    """A client for every origin, to be closed with `aclose`. Touches no network and may be called before there is a loop.

    `trust` is a PEM file of CA certificates to trust besides the system's.
    Raises InvalidConfig if the environment names a proxy of a kind that cannot be used.
    """
    direct = DirectUpstream(trust=trust, limits=limits)
    if not any(name.lower().endswith("_proxy") for name in os.environ):
        return direct  # the usual case, spared the import below
    from urllib.request import getproxies_environment

    proxies = Proxies(getproxies_environment())
    return RoutedUpstream(direct, proxies, trust=trust, limits=limits) if proxies else direct


class Proxies:
    """The proxies that an environment names; false if there are none. Built from {"https": url, ..., "no": names}."""

    def __init__(self, named: Mapping[str, str]) -> None:
        self._named = dict(named)
        self._by_scheme = {
            scheme: _checked(scheme, url)
            for scheme in ("http", "https")
            if (url := named.get(scheme) or named.get("all"))
        }

    def __bool__(self) -> bool:
        return bool(self._by_scheme)

    def before(self, origin: Origin) -> str | None:
        """The URL of the proxy that stands before `origin`, credentials included."""
        proxy = self._by_scheme.get(origin.scheme)
        if proxy is None or _is_this_machine(origin.host):
            return None
        from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

        return None if proxy_bypass_environment(f"{origin.host}:{origin.port}", self._named) else proxy


class RoutedUpstream:
    """Sends each request by the client that fits its origin."""

    def __init__(self, direct: DirectUpstream, proxies: Proxies, *, trust: Path | None, limits: Limits) -> None:
        self._direct = direct
        self._proxies = proxies
        self._trust = trust
        self._limits = limits
        self._routes: dict[Origin, Upstream] = {}

    async def send(self, origin: Origin, request: Request, deadlines: Deadlines) -> Response:
        return await self.route(origin).send(origin, request, deadlines)

    def route(self, origin: Origin) -> Upstream:
        """The client for `origin`."""
        known = self._routes.get(origin)
        if known is None:
            known = self._direct if self._proxies.before(origin) is None else self._proxied
            self._routes[origin] = known
        return known

    async def aclose(self) -> None:
        await self._direct.aclose()
        if "_proxied" in self.__dict__:
            await self._proxied.aclose()

    @cached_property
    def _proxied(self) -> ProxiedUpstream:
        from freehold.compute.upstream.proxied import ProxiedUpstream

        return ProxiedUpstream(self._proxies.before, trust=self._trust, limits=self._limits)


def _checked(scheme: str, url: str) -> str:
    given = url if "://" in url else f"http://{url}"
    if urlsplit(given).scheme not in ("http", "https"):
        raise InvalidConfig(
            f"the proxy for {scheme} is neither http:// nor https://",
            advice=f"Set {scheme.upper()}_PROXY to an HTTP proxy, or unset it and ALL_PROXY.",
        )
    return given


def _is_this_machine(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
