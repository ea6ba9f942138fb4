"""Every error has its status and shape, in each dialect, and gives nothing away."""

from __future__ import annotations

import inspect
from typing import Any

import msgspec
import pytest

from freehold.gateway.refusals import STATUS, render, render_event, status_of
from freehold.ground import errors
from freehold.ground.errors import FreeholdError
from freehold.words.dialects import Dialect

ALL = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, FreeholdError)]
GROUPS = (errors.TryAnother, errors.Wait, errors.FixRequest, errors.GiveUp)


def test_the_table_covers_every_error() -> None:
    for kind in ALL:
        listed = next(each for each in kind.__mro__ if each in STATUS)
        assert listed is not FreeholdError or kind is FreeholdError, f"{kind.__name__} has no status of its group"
    assert set(STATUS) <= set(ALL)


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_the_status_says_whose_fault_it_is(kind: type[FreeholdError]) -> None:
    status = status_of(kind("because"))
    if issubclass(kind, errors.FixRequest):
        assert 400 <= status < 500
    elif issubclass(kind, errors.TryAnother):
        assert 500 <= status < 600
    else:
        assert 400 <= status < 600


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("dialect", [*Dialect, None])
def test_every_error_has_a_body_in_every_dialect(kind: type[FreeholdError], dialect: Dialect | None) -> None:
    status, headers, body = render(kind("because"), dialect, "req_1")
    assert status == status_of(kind("because"))
    assert b"content-type: application/json\r\n" in headers
    error = msgspec.json.decode(body)["error"]
    assert "because" in error["message"]
    assert error["type"]


@pytest.mark.parametrize("dialect", [Dialect.CHAT, Dialect.COMPLETIONS, Dialect.MESSAGES, Dialect.RESPONSES])
def test_in_a_stream_it_is_one_whole_event(dialect: Dialect) -> None:
    event = render_event(errors.ProviderBroken("because\nof that"), dialect, "req_1")
    assert event.endswith(b"\n\n")
    assert event.count(b"\n\n") == 1
    (data,) = [line for line in event.split(b"\n") if line.startswith(b"data: ")]
    assert b"because" in msgspec.json.encode(msgspec.json.decode(data.removeprefix(b"data: ")))


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (errors.RateLimited("slow", retry_after=1.2), b"2"),
        (errors.Overloaded("full", retry_after=1.0), b"1"),
        (errors.AllFailed("all", retry_after=0.3), b"1"),
    ],
)
def test_when_to_come_back_is_told(error: FreeholdError, seconds: bytes) -> None:
    _, headers, _ = render(error, Dialect.CHAT, "req_1")
    assert b"retry-after: %b\r\n" % seconds in headers


def test_a_providers_own_verdict_is_passed_on() -> None:
    body = b'{"error":{"message":"too long","type":"invalid_request_error","code":"string_above_max_length"}}'
    refused = errors.ProviderRefused("too long", status=422, body=body)
    status, _, passed = render(refused, Dialect.CHAT, "req_1")
    assert (status, passed) == (422, body)


def test_what_is_not_ours_says_nothing_of_itself() -> None:
    for error in (ZeroDivisionError("a secret"), KeyError("a secret")):
        status, _, body = render(error, Dialect.CHAT, "req_1")
        assert status == 500
        assert b"secret" not in body
        assert b"secret" not in render_event(error, Dialect.MESSAGES, "req_1")


def test_the_parameter_at_fault_is_named() -> None:
    _, _, body = render(errors.InvalidRequest("no", parameter="messages"), Dialect.CHAT, "req_1")
    shaped: dict[str, Any] = msgspec.json.decode(body)["error"]
    assert shaped["param"] == "messages"
