"""`freehold keys`."""

from __future__ import annotations

import json

import pytest
from command_line import Cli

CREATE = ("keys", "create", "alice", "--budget", "5usd/day", "--limit", "60req/min", "--tokens", "1.5M/month")


def test_a_secret_is_shown_once(cli: Cli) -> None:
    made = cli(*CREATE, "--models", "gpt-*, local/*")
    secret = made.out.strip()
    assert secret.startswith("fh-")
    for command in (("keys", "list"), ("keys", "show", "alice"), ("keys", "list", "--json")):
        shown = cli(*command).out
        assert "alice" in shown
        assert secret not in shown


def test_allowances_mean_what_was_written(cli: Cli) -> None:
    made = json.loads(cli(*CREATE, "--expires", "12h", "--json").out)
    assert made["key"]["allowances"] == [
        {"unit": "usd", "limit": 5.0, "period": "day"},
        {"unit": "tokens", "limit": 1.5e6, "period": "month"},
        {"unit": "requests", "limit": 60.0, "period": "minute"},
    ]
    assert made["key"]["expires"] - made["key"]["created"] == pytest.approx(12 * 3600, abs=60)
    assert "$5/day; 1,500,000 tokens/month; 60 requests/minute" in cli("keys", "show", "alice").out


@pytest.mark.parametrize(
    "arguments",
    [
        ("--budget", "5eur/day"),
        ("--budget", "5usd"),
        ("--budget", "5usd/fortnight"),
        ("--budget", "60req/min"),
        ("--budget", "99999999999usd/day"),
        ("--limit", "-1/day"),
        ("--tokens", "many/day"),
        ("--expires", "soon"),
        ("--privacy", "public"),
    ],
)
def test_what_cannot_be_read_is_a_usage_error(cli: Cli, arguments: tuple[str, str]) -> None:
    shown = cli("keys", "create", "bob", *arguments)
    assert shown.code == 2
    assert f"Invalid value for '{arguments[0]}'" in shown.err
    assert cli("keys", "list", "--json").out == "[]\n"


def test_a_key_is_revoked_by_name_and_then_listed_only_on_demand(cli: Cli) -> None:
    cli(*CREATE)
    assert "is revoked." in cli("keys", "revoke", "alice").out
    assert "alice" not in cli("keys", "list").out
    assert "revoked" in cli("keys", "list", "--all").out


def test_a_key_that_is_not_there_is_said_so(cli: Cli) -> None:
    shown = cli("keys", "revoke", "nobody")
    assert shown.code == 3
    assert "There is no key 'nobody'." in shown.err


def test_a_name_that_is_taken_is_refused(cli: Cli) -> None:
    cli(*CREATE)
    assert cli(*CREATE).code == 3
