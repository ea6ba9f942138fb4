"""A hub on loopback: redirects to a second origin, honours Range and If-Range, and can be told to misbehave."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FakeHub:
    """Two origins: `hub` redirects, `store` has the bytes. What was asked is kept in `asked`."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.versions: dict[str, str] = {}
        self.break_after: int | None = None
        """Hang up after so many bytes of the next answer."""
        self.stall_after: int | None = None
        """Stop sending after so many bytes of the next answer, until `released`."""
        self.released = threading.Event()
        self.fail_next: list[int] = []
        """Status codes for the next answers of the store."""
        self.token: str | None = None
        self.send_etag = True
        self.hub = ""
        self.store = ""

    def put(self, path: str, data: bytes) -> str:
        """Serve `data`; its digest."""
        self.files[path] = data
        self.versions[path] = hashlib.sha256(data).hexdigest()
        return self.versions[path]

    def ranges(self) -> list[str | None]:
        """The Range of each request that reached the store."""
        return [headers.get("range") for origin, _, headers in self.asked if origin == "store"]

    @contextmanager
    def running(self) -> Iterator[FakeHub]:
        store, hub = _server(self, _Store), _server(self, _Redirects)
        self.store, self.hub = (f"http://127.0.0.1:{server.server_port}" for server in (store, hub))
        threads = [threading.Thread(target=server.serve_forever, args=(0.01,)) for server in (store, hub)]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self.released.set()
            for server in (store, hub):
                server.shutdown()
                server.server_close()
            for thread in threads:
                thread.join()


class _Handler(BaseHTTPRequestHandler):
    fake: FakeHub
    origin = ""

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.fake.asked.append((self.origin, self.path, headers))
        self.answer()

    def answer(self) -> None:
        raise NotImplementedError

    def head(self, status: int, **headers: object) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()


class _Redirects(_Handler):
    origin = "hub"

    def answer(self) -> None:
        path = self.path.replace("/resolve/main", "")
        if self.fake.token and self.headers.get("Authorization") != f"Bearer {self.fake.token}":
            self.head(401, Content_Length=0)
        elif path not in self.fake.files:
            self.head(404, Content_Length=0)
        else:
            data = self.fake.files[path]
            self.head(
                302, Location=f"{self.fake.store}{path}", X_Linked_Size=len(data),
                X_Linked_ETag=f'"{self.fake.versions[path]}"', Content_Length=0,
            )  # fmt: skip


class _Store(_Handler):
    origin = "store"

    def answer(self) -> None:
        fake = self.fake
        if fake.fail_next:
            return self.head(fake.fail_next.pop(0), Content_Length=0)
        data = fake.files.get(self.path)
        if data is None:
            return self.head(404, Content_Length=0)
        start, status = self._start(data)
        if status == 416:
            return self.head(416, Content_Range=f"bytes */{len(data)}", Content_Length=0)
        headers: dict[str, object] = {"Content_Length": len(data) - start}
        if fake.send_etag:
            headers["ETag"] = self._etag()
        if status == 206:
            headers["Content_Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        self.head(status, **headers)
        self._send(data[start:])
        return None

    def _etag(self) -> str:
        return f'"v-{self.fake.versions[self.path][:8]}"'

    def _start(self, data: bytes) -> tuple[int, int]:
        wanted = self.headers.get("Range")
        if not wanted or self.headers.get("If-Range") not in (None, self._etag()):
            return 0, 200
        start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        return (start, 206) if start < len(data) else (start, 416)

    def _send(self, data: bytes) -> None:
        stall, self.fake.stall_after = self.fake.stall_after, None
        if stall is not None:
            self.wfile.write(data[:stall])
            self.wfile.flush()
            self.fake.released.wait()
            self.close_connection = True
            return
        limit, self.fake.break_after = self.fake.break_after, None
        if limit is None:
            self.wfile.write(data)
            return
        self.wfile.write(data[:limit])
        self.wfile.flush()
        self.close_connection = True


def _server(fake: FakeHub, handler: type[_Handler]) -> ThreadingHTTPServer:
    bound = type(handler.__name__, (handler,), {"fake": fake})
    return ThreadingHTTPServer(("127.0.0.1", 0), bound)
