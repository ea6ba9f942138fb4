"""An OpenTelemetry collector on loopback that keeps what it is sent."""

from __future__ import annotations

import gzip
from collections import defaultdict
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread
from typing import Any, Self

from google.protobuf.message import Message
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

SHAPES: dict[str, type[Message]] = {
    "/v1/traces": ExportTraceServiceRequest,
    "/v1/metrics": ExportMetricsServiceRequest,
}


class Collector:
    """Listens while it is entered. Whatever cannot be parsed is turned away with 400."""

    def __enter__(self) -> Self:
        self.bodies: list[bytes] = []
        self._got: defaultdict[str, list[Any]] = defaultdict(list)
        self._news = Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def spans(self, count: int) -> list[Span]:
        """The spans, once there are as many."""
        with self._news:
            assert self._news.wait_for(lambda: len(list(self._spans())) >= count, timeout=60), list(self._spans())
            return list(self._spans())

    def resources(self) -> list[dict[str, Any]]:
        """Who sent spans."""
        return [
            plain(part.resource.attributes) for request in self._got["/v1/traces"] for part in request.resource_spans
        ]

    def points(self, metric: str) -> list[tuple[dict[str, Any], Any]]:
        """Attributes and data points of the newest report of a metric, once there is one."""
        with self._news:
            assert self._news.wait_for(lambda: self._points(metric), timeout=60)
            return self._points(metric)

    def _spans(self) -> Iterator[Span]:
        for request in self._got["/v1/traces"]:
            for part in request.resource_spans:
                for scope in part.scope_spans:
                    yield from scope.spans

    def _points(self, metric: str) -> list[tuple[dict[str, Any], Any]]:
        found: list[tuple[dict[str, Any], Any]] = []
        for request in self._got["/v1/metrics"]:
            for part in request.resource_metrics:
                for scope in part.scope_metrics:
                    for told in scope.metrics:
                        if told.name == metric:
                            data = told.histogram if told.HasField("histogram") else told.sum
                            found = [(plain(point.attributes), point) for point in data.data_points]
        return found

    def _take(self, path: str, body: bytes) -> None:
        request = SHAPES[path]()
        request.ParseFromString(body)
        with self._news:
            self.bodies.append(body)
            self._got[path].append(request)
            self._news.notify_all()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                collector._take(self.path, body)
                self.send_response(200)
                self.send_header("content-type", "application/x-protobuf")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Nothing to say."""

        return Handler


def plain(attributes: Any) -> dict[str, Any]:
    """Attributes as a dictionary."""
    return {attribute.key: _value(attribute) for attribute in attributes}


def _value(attribute: KeyValue) -> Any:
    return getattr(attribute.value, attribute.value.WhichOneof("value") or "string_value")
