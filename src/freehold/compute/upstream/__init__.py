"""HTTP towards providers: one narrow interface.

`Upstream` sends one request and gives the response as soon as its head is in. Foreign errors become Freehold's here, once:
no connection is `ProviderUnreachable`, silence is `ProviderTimedOut`, nonsense is `ProviderBroken`. `open_upstream` makes
the one to use: a direct client of our own, and aiohttp for what lies behind a proxy.
"""

from freehold.compute.upstream.interface import Deadlines, Origin, Request, Response, Upstream
from freehold.compute.upstream.limits import Limits
from freehold.compute.upstream.opening import open_upstream

__all__ = ["Deadlines", "Limits", "Origin", "Request", "Response", "Upstream", "open_upstream"]
