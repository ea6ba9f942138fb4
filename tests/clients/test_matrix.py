"""Every client gets from every upstream what docs/compatibility.md says it gets."""

from __future__ import annotations

from typing import Any

import pytest
from _pytest.mark import ParameterSet

from .expected import Answers, Outcome, Refuses, Works, asked
from .features import Feature
from .judging import judge, judge_without
from .observed import Observed, Refused
from .roster import CLIENTS, Client
from .upstreams import LOCAL, Upstream

MANY_TOKENS = {Feature.STRUCTURED, Feature.STREAM_USAGE, Feature.REASONING, Feature.REASONING_STREAM}
FIRST = {"openai", "openai-responses", "anthropic", "curl"}
"""Clients for which a real model answers everything; for the others it does with `--all`."""


def cell(client: Client, upstream: Upstream, feature: Feature, outcome: Outcome) -> ParameterSet:
    costly = upstream is LOCAL and feature in MANY_TOKENS and client.name not in FIRST
    name = f"{client.name}-{upstream.name}-{feature}"
    return pytest.param(client, upstream, feature, outcome, id=name, marks=[pytest.mark.slow] if costly else [])


CELLS = [cell(client, *asking) for client in CLIENTS for asking in asked(client)]


@pytest.mark.parametrize(("client", "upstream", "feature", "outcome"), CELLS)
def test_a_client_gets_what_the_table_says(
    adapter: Any, client: Client, upstream: Upstream, feature: Feature, outcome: Outcome
) -> None:
    match outcome:
        case Works():
            judge(feature, _ask(adapter, feature, upstream), upstream)
        case Answers():
            judge_without(feature, _ask(adapter, feature, upstream), upstream)
        case Refuses(code, naming):
            with pytest.raises(Refused) as caught:
                _ask(adapter, feature, upstream)
            assert caught.value.status == 400
            assert caught.value.code in (code, None)
            assert naming in caught.value.message


def _ask(adapter: Any, feature: Feature, upstream: Upstream) -> Observed:
    try:
        seen: Observed = getattr(adapter, feature)(upstream)
    except adapter.errors as error:
        raise adapter.refused(error) from error
    return seen
