"""A small HTTP/1.1 server for the hot path: httptools parses, one task answers each request.

See `docs/decisions/0002-our-own-http-server.md` for why this is not uvicorn.
"""

from freehold.gateway.http.connection import Connection, Handler
from freehold.gateway.http.limits import Limits
from freehold.gateway.http.request import Exchange, HttpRequest
from freehold.gateway.http.server import HttpServer

__all__ = ["Connection", "Exchange", "Handler", "HttpRequest", "HttpServer", "Limits"]
