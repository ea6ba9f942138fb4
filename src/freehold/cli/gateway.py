"""Talking to the running gateway over HTTP.

It is found by $FREEHOLD_URL, or by the file that `freehold up` leaves in its home. Whoever can read that file is the owner;
$FREEHOLD_KEY is the key to show where the gateway asks for one. Only the standard library is used: this must start quickly.
"""

from __future__ import annotations

import http.client
import os
from collections.abc import Iterator
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from freehold.app.report import read_gateway_file
from freehold.ground import errors
from freehold.ground.errors import FreeholdError, InvalidConfig, NotAvailable, ProviderBroken, ProviderUnreachable
from freehold.ground.paths import home

MAX_ANSWER = 64 << 20
CONNECT_SECONDS = 5.0
LOG_ADVICE = "See what the gateway itself printed when it stopped, and start it again with `freehold up`."

T = TypeVar("T")


class _Error(msgspec.Struct):
    message: str = ""
    code: str | None = None


class _Errors(msgspec.Struct):
    error: _Error


class RunningGateway:
    """A gateway that answers at `url`; `token` opens its admin pages, `key` its models."""

    def __init__(self, url: str, *, token: str, key: str) -> None:
        self.url = url
        self._token = token
        self._key = key

    def __repr__(self) -> str:
        return f"RunningGateway({self.url!r})"

    def get(self, path: str, kind: type[T]) -> T:
        """The decoded answer of an admin page."""
        connection = self._connect(timeout=CONNECT_SECONDS)
        try:
            response = self._send(connection, "GET", path, credential=self._token)
            return msgspec.json.decode(_read(response), type=kind)
        except msgspec.DecodeError as error:
            raise ProviderBroken(
                f"The gateway at {self.url} sent something unexpected: {error}.", advice=LOG_ADVICE
            ) from error
        finally:
            connection.close()

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> Iterator[bytes]:
        """Lines of the answer as they come. Raises the gateway's own error before the first."""
        connection = self._connect(timeout=None)
        try:
            response = self._send(
                connection, "POST", path, credential=self._key or self._token, body=body, headers=headers
            )
            while line := _line(response):
                yield line
        finally:
            connection.close()

    def _connect(self, *, timeout: float | None) -> http.client.HTTPConnection:
        parts = urlsplit(self.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        try:
            connection = kind(parts.hostname or "", parts.port, timeout=CONNECT_SECONDS)
            connection.connect()
        except (OSError, ValueError) as error:
            raise ProviderUnreachable(
                f"No gateway answers at {self.url}.", advice="Start one with `freehold up`."
            ) from error
        connection.sock.settimeout(timeout)
        return connection

    def _send(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        *,
        credential: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> http.client.HTTPResponse:
        stated = {"content-type": "application/json", **(headers or {})}
        if credential:
            stated["authorization"] = f"Bearer {credential}"
        try:
            connection.request(method, urlsplit(self.url).path.rstrip("/") + path, body, stated)
            response = connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            raise ProviderBroken(f"The gateway at {self.url} broke the connection off.", advice=LOG_ADVICE) from error
        if response.status >= 400:
            raise error_from(_read(response), response.status)
        return response


def find_gateway() -> RunningGateway | None:
    """The gateway that runs, if one does."""
    key = os.environ.get("FREEHOLD_KEY", "")
    if url := os.environ.get("FREEHOLD_URL", ""):
        if urlsplit(url).scheme not in {"http", "https"}:
            raise InvalidConfig("FREEHOLD_URL is not an address.", advice="Set it to http://host:port.")
        return RunningGateway(url.rstrip("/"), token=key, key=key)
    found = read_gateway_file(home())
    return RunningGateway(found.url, token=found.token, key=key) if found is not None else None


def need_gateway() -> RunningGateway:
    """The same, or NotAvailable."""
    gateway = find_gateway()
    if gateway is None:
        raise NotAvailable(f"No gateway runs in {home().root}.", advice="Start one with `freehold up`.")
    return gateway


def error_from(body: bytes, status: int) -> FreeholdError:
    """The error that the gateway put into its answer, as one of ours, so that it ends in the right exit code."""
    try:
        told = msgspec.json.decode(body, type=_Errors).error
    except msgspec.DecodeError:
        told = _Error(message=f"The gateway answered with status {status}.")
    kind = _BY_CODE.get(told.code or "") or _by_status(status)
    error = kind(told.message or f"The gateway answered with status {status}.")
    if isinstance(error, errors.NotAuthenticated):
        error.advice = "Set FREEHOLD_KEY to a key made by `freehold keys create`."
    else:
        error.advice = ""
    return error


def _by_status(status: int) -> type[FreeholdError]:
    if status == 429:
        return errors.RateLimited
    return errors.FixRequest if status < 500 else errors.AllFailed


def _read(response: http.client.HTTPResponse) -> bytes:
    try:
        body = response.read(MAX_ANSWER + 1)
    except (OSError, http.client.HTTPException) as error:
        raise ProviderBroken("The gateway's answer broke off.", advice=LOG_ADVICE) from error
    if len(body) > MAX_ANSWER:
        raise ProviderBroken("The gateway's answer is too long.", advice=LOG_ADVICE)
    return body


def _line(response: http.client.HTTPResponse) -> bytes:
    try:
        return response.readline(MAX_ANSWER)
    except (OSError, http.client.HTTPException) as error:
        raise ProviderBroken("The gateway's answer broke off.", advice=LOG_ADVICE) from error


def _all_errors(kind: type[FreeholdError]) -> Iterator[type[FreeholdError]]:
    for child in kind.__subclasses__():
        yield from _all_errors(child)
        yield child


_BY_CODE: dict[str, type[Any]] = {kind.code: kind for kind in _all_errors(FreeholdError)}
