"""W3C trace context."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.ground.units import Seconds
from freehold.words.traces import Span, attempt_span, read_traceparent, request_span

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
spans = st.builds(
    Span,
    trace_id=st.integers(1, (1 << 128) - 1),
    span_id=st.integers(1, (1 << 64) - 1),
    sampled=st.booleans(),
)


@given(spans)
def test_what_is_written_is_read(span: Span) -> None:
    assert read_traceparent(span.traceparent) == span


@given(st.text())
def test_anything_else_is_ignored_and_nothing_breaks(header: str) -> None:
    assert read_traceparent(header) is None or len(header) >= 55


@pytest.mark.parametrize(
    "header",
    [
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-01-more",
        f"00-{TRACE}-{PARENT}-01\r\nx: y",
        f"00-{TRACE}-{PARENT}",
        "",
    ],
)
def test_what_the_standard_forbids_is_ignored(header: str) -> None:
    assert read_traceparent(header) is None


def test_a_later_version_is_read_as_far_as_it_is_known() -> None:
    assert read_traceparent(f"01-{TRACE}-{PARENT}-03-more") == read_traceparent(f"00-{TRACE}-{PARENT}-01")


def test_spans_of_a_request_are_always_the_same_and_never_each_others() -> None:
    client = read_traceparent(f"00-{TRACE}-{PARENT}-00")
    request = request_span("req_1", client)
    first = attempt_span("req_1", request, "a/m", Seconds(0.001))
    assert request_span("req_1", client) == request
    assert attempt_span("req_1", request, "a/m", Seconds(0.001)) == first
    others = {
        request.span_id,
        first.span_id,
        request_span("req_2", client).span_id,
        attempt_span("req_1", request, "b/m", Seconds(0.001)).span_id,
        attempt_span("req_1", request, "a/m", Seconds(0.002)).span_id,
    }
    assert len(others) == 5
    assert (f"{request.trace_id:032x}", request.sampled, first.sampled) == (TRACE, False, False)


def test_without_a_client_each_request_is_a_trace_of_its_own() -> None:
    assert request_span("req_1", None).trace_id != request_span("req_2", None).trace_id
