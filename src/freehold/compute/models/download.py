"""One file over HTTP: resumable, bounded, and careful with whom it tells its token.

The bytes go to a `.part` file beside a note of the version they belong to. After any interruption, kill -9 included, the
next call asks only for the rest, and only if the server still has the same version; otherwise it starts over. That the
bytes are the right ones is checked by digest, by the caller.
"""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from email.message import Message
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import msgspec

from freehold.compute.models.disk import check_room, disk_errors
from freehold.compute.models.progress import Progress
from freehold.ground.errors import InvalidRequest, NotAvailable, NotFound

_BLOCK = 1 << 18
_TIMEOUT = 30.0
_MOST_REDIRECTS = 5
_TRIES_WITHOUT_PROGRESS = 4
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
HTTPResponse = http.client.HTTPResponse | urllib.error.HTTPError
_DIGITS = frozenset("0123456789abcdef")


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What the server said about the file."""

    sha256: str = ""
    """64 hex digits; empty where it did not say."""
    size: int | None = None


def download(
    url: str,
    part: Path,
    *,
    headers: Mapping[str, str] | None = None,
    size: int | None = None,
    progress: Progress,
    label: str,
    sleep: Callable[[float], None] = time.sleep,
) -> Told:
    """Bring `url` to `part`, going on from what is there. `headers` go to the first origin only.

    Raises NotAvailable where the server cannot be reached or will not give the file, StorageFailed where the disk is full.
    """
    fetch = _Fetch(url, part, headers=headers or {}, size=size, progress=progress, label=label)
    idle = 0
    while True:
        before = fetch.done
        try:
            return fetch.go_on()
        except (OSError, http.client.HTTPException) as error:
            idle = 0 if fetch.done > before else idle + 1
            if idle >= _TRIES_WITHOUT_PROGRESS:
                raise NotAvailable(
                    f"{_host(url)} broke off: {_reason(error)}.", advice="Pull again: it goes on where it stopped."
                ) from error
            sleep(0.5 * 2**idle)


class _Fetch:
    """One file on its way."""

    def __init__(
        self,
        url: str,
        part: Path,
        *,
        headers: Mapping[str, str],
        size: int | None,
        progress: Progress,
        label: str,
    ) -> None:
        self._url = url
        self._part = part
        self._note = part.with_name(part.name + ".version")
        self._headers = headers
        self._size = size
        self._progress = progress
        self._label = label

    @property
    def done(self) -> int:
        """Bytes on disk."""
        return self._part.stat().st_size if self._part.exists() else 0

    @property
    def _resumable(self) -> int:
        """Bytes on disk that can be built on: their version is known."""
        return self.done if self._note.exists() else 0

    def go_on(self) -> Told:
        """One attempt at the rest of the file. Raises OSError where it breaks off."""
        start = self._resumable
        response, told = _open(self._url, self._conditions(start))
        with response:
            if response.status == 416 and start:
                return self._past_the_end(response.headers, start, told)
            if response.status not in (200, 206):
                raise _refusal(response.status or 0, self._url)
            if response.status == 200 or not _continues(response.headers, start):
                start = self._start_over(response.headers)
            total = self._total(response.headers, start)
            with disk_errors():
                check_room(self._part.parent, None if total is None else total - start)
            self._copy(response, start, total)
        if total is not None and self.done != total:
            raise http.client.IncompleteRead(b"", total - self.done)
        return Told(sha256=told.sha256, size=self.done)

    def _conditions(self, start: int) -> dict[str, str]:
        conditions = {"Accept-Encoding": "identity", "User-Agent": "freehold", **self._headers}
        if start:
            conditions |= {"Range": f"bytes={start}-", "If-Range": self._note.read_text()}
        return conditions

    def _past_the_end(self, headers: Message, start: int, told: Told) -> Told:
        """Nothing is left to send: either all of it is here, or what is here belongs to another version."""
        if headers.get("Content-Range", "") == f"bytes */{start}":
            return Told(sha256=told.sha256, size=start)
        self._note.unlink(missing_ok=True)
        raise ConnectionError("the server has a different file now")

    def _start_over(self, headers: Message) -> int:
        """The server sends the file from its start: note which version, if it can be asked for again."""
        version = headers.get("ETag", "")
        with disk_errors():
            self._part.unlink(missing_ok=True)
            self._note.unlink(missing_ok=True)
            if version and not version.startswith("W/"):
                self._note.write_text(version)
        return 0

    def _total(self, headers: Message, start: int) -> int | None:
        length = headers.get("Content-Length", "")
        total = start + int(length) if length.isdigit() else None
        if self._size is not None and total is not None and total != self._size:
            raise NotAvailable(f"{_host(self._url)} offers {total} bytes for {self._label}, not {self._size}.")
        return total if total is not None else self._size

    def _copy(self, response: IO[bytes], start: int, total: int | None) -> None:
        with disk_errors():
            file = self._part.open("ab")
        with file:
            done = start
            while block := response.read(_BLOCK):
                done += len(block)
                if total is not None and done > total:
                    raise NotAvailable(f"{_host(self._url)} sends more than the {total} bytes of {self._label}.")
                with disk_errors():
                    file.write(block)
                self._progress(self._label, done, total)
            with disk_errors():
                file.flush()


def _continues(headers: Message, start: int) -> bool:
    return headers.get("Content-Range", "").startswith(f"bytes {start}-")


def _open(url: str, headers: Mapping[str, str]) -> tuple[HTTPResponse, Told]:
    """GET `url`, following redirects, and what was said on the way. Raises ConnectionError for a fault that may pass."""
    told = Told()
    for _ in range(_MOST_REDIRECTS):
        response = _get(url, headers)
        if response.status not in _REDIRECTS:
            return response, told
        with response:
            told = _told(response.headers, told)
            url, headers = _follow(url, response.headers.get("Location", ""), headers)
    raise NotAvailable(f"{_host(url)} redirects in circles.")


def _get(url: str, headers: Mapping[str, str]) -> HTTPResponse:
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise InvalidRequest(f"{url!r} is no http or https address.")
    request = urllib.request.Request(url, headers=dict(headers))  # noqa: S310 - the scheme was checked
    try:
        response = _OPENER.open(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code in _PASSING:
            with error:
                raise ConnectionError(f"status {error.code}") from error
        return error
    return response  # type: ignore[no-any-return]


def _follow(url: str, location: str, headers: Mapping[str, str]) -> tuple[str, Mapping[str, str]]:
    target = urllib.parse.urljoin(url, location)
    if urlsplit(url).scheme == "https" and urlsplit(target).scheme != "https":
        raise NotAvailable(f"{_host(url)} redirects to a place without encryption.")
    if urlsplit(target)[:2] != urlsplit(url)[:2]:
        headers = {name: value for name, value in headers.items() if name.lower() != "authorization"}
    return target, headers


def _told(headers: Message, before: Told) -> Told:
    """What a hub says about the file it redirects to."""
    digest = headers.get("X-Linked-ETag", "").strip('"').lower()
    size = headers.get("X-Linked-Size", "")
    known = len(digest) == 64 and set(digest) <= _DIGITS
    return Told(sha256=digest if known else before.sha256, size=int(size) if size.isdigit() else before.size)


def _refusal(status: int, url: str) -> NotAvailable | NotFound:
    if status in (401, 403):
        return NotAvailable(
            f"{_host(url)} will not give the file (status {status}).",
            advice="Accept the model's terms at its hub and set HF_TOKEN.",
        )
    if status in (404, 410):
        return NotFound(f"{_host(url)} has no such file.", advice="Check the name and the revision.")
    return NotAvailable(f"{_host(url)} answered with status {status}.")


def _host(url: str) -> str:
    return urlsplit(url).hostname or "the server"


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", None) or error
    return str(reason) or type(reason).__name__


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Redirects are followed by `_open`, which looks at them first."""

    def redirect_request(self, *_: object) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirects)
