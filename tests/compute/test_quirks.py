"""Services that take a little less than others get what they take."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from freehold.compute.providers.quirks import Quirks
from freehold.words.dialects import Dialect


def applied(quirks: Quirks, dialect: Dialect = Dialect.CHAT, **fields: Any) -> dict[str, Any]:
    raw = {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in fields.items()}
    before = dict(raw)
    found = {name: msgspec.json.decode(value) for name, value in quirks.apply(dialect, raw).items()}
    assert raw == before, "the request itself is left as it is"
    return found


@pytest.mark.parametrize(
    ("takes", "fields", "sent"),
    [
        ("max_tokens", {"max_completion_tokens": 5}, {"max_tokens": 5}),
        ("max_tokens", {"max_tokens": 5}, {"max_tokens": 5}),
        ("max_tokens", {"max_tokens": 5, "max_completion_tokens": 9}, {"max_tokens": 5}),
        ("max_completion_tokens", {"max_tokens": 5}, {"max_completion_tokens": 5}),
        ("max_completion_tokens", {"seed": 1}, {"seed": 1}),
        ("", {"max_tokens": 5, "max_completion_tokens": 9}, {"max_tokens": 5, "max_completion_tokens": 9}),
    ],
)
def test_the_bound_goes_by_the_name_the_service_knows(takes: str, fields: dict[str, Any], sent: dict[str, Any]) -> None:
    assert applied(Quirks(output_limit=takes), **fields) == sent


def test_a_service_that_knows_no_developer_is_sent_system_messages() -> None:
    messages = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": 'say "developer"', "name": "developer"},
    ]
    (first, second) = applied(Quirks(developer_role=False), messages=messages)["messages"]
    assert first == {"role": "system", "content": "Be brief."}
    assert second == messages[1]
    assert applied(Quirks(), messages=messages)["messages"] == messages


@pytest.mark.parametrize("messages", ["developer", [["developer"]], {"role": "developer"}, None])
def test_messages_that_make_no_sense_are_for_the_service_to_refuse(messages: object) -> None:
    assert applied(Quirks(developer_role=False), messages=messages) == {"messages": messages}


def test_other_dialects_are_left_alone() -> None:
    quirks = Quirks(output_limit="max_tokens", developer_role=False)
    assert applied(quirks, Dialect.RESPONSES, max_completion_tokens=5) == {"max_completion_tokens": 5}


def test_without_quirks_there_is_nothing_to_do() -> None:
    assert Quirks().none
    assert not Quirks(output_limit="max_tokens").none
    assert not Quirks(developer_role=False).none
