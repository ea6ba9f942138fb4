"""HTTP towards providers: one narrow interface.

`Upstream` sends one request and gives the response as soon as its head is in. Foreign errors become Freehold's here, once:
no connection is `ProviderUnreachable`, silence is `ProviderTimedOut`, nonsense is `ProviderBroken`.
"""

from freehold.compute.upstream.interface import Deadlines, Origin, Request, Response, Upstream

__all__ = ["Deadlines", "Origin", "Request", "Response", "Upstream"]
