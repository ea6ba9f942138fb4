"""What goes wrong reaches each client as the error that it knows for it, and who leaves is noticed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from .faults import ENDLESS, FAULTS, Fault, asking_for
from .house import House
from .observed import Refused
from .roster import CLIENTS, Client
from .upstreams import OPENAI, Upstream

every_client = pytest.mark.parametrize("client", [pytest.param(client, id=client.name) for client in CLIENTS])


def refusal(adapter: Any, to: Upstream) -> Refused:
    """The error that asking ends in."""
    with pytest.raises(adapter.errors) as caught:
        adapter.whole(to)
    told: Refused = adapter.refused(caught.value)
    return told


@contextmanager
def another(client: Client, house: House, **settings: Any) -> Iterator[Any]:
    """The same client, set up otherwise."""
    made = client.load()(house, **settings)
    yield made
    made.close()


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault is not Fault.WRONG_KEY])
@every_client
def test_a_fault_is_the_error_that_the_client_knows_for_it(adapter: Any, client: Client, fault: Fault) -> None:
    told = refusal(adapter, asking_for(FAULTS[fault].model))
    assert told.kind == client.errors[fault]
    if told.status is not None:
        assert told.status == FAULTS[fault].status
        assert (told.retry_after is not None) == (fault is Fault.BUSY)


@every_client
def test_a_wrong_key_is_the_error_that_the_client_knows_for_it(house: House, adapter: Any, client: Client) -> None:
    with another(client, house, key="fh-not-a-key-of-this-house") as stranger:
        told = refusal(stranger, OPENAI)
    assert told.kind == client.errors[Fault.WRONG_KEY]
    assert told.status in (401, None)


@every_client
def test_a_client_that_leaves_stops_the_work_upstream(house: House, adapter: Any, client: Client) -> None:
    house.endless.forget()
    assert "Well" in adapter.leave(ENDLESS)
    assert house.endless.left.get(timeout=20)


@pytest.mark.parametrize("client", [pytest.param(client, id=client.name) for client in CLIENTS if client.timeout_error])
def test_a_client_that_gives_up_stops_the_work_upstream(house: House, adapter: Any, client: Client) -> None:
    house.endless.forget()
    with another(client, house, timeout=0.5) as hasty:
        assert refusal(hasty, ENDLESS).kind == client.timeout_error
        assert house.endless.left.get(timeout=20)


@pytest.mark.parametrize("name", ["openai", "anthropic"])
def test_a_key_at_its_limit_says_when_to_come_back(house: House, name: str) -> None:
    client = next(client for client in CLIENTS if client.name == name)
    with another(client, house, key=house.limited_key) as limited, pytest.raises(limited.errors) as caught:
        for _ in range(3):  # one passes, or two where an hour ends in between
            limited.whole(OPENAI)
    told = limited.refused(caught.value)
    assert (told.kind, told.status) == ("RateLimitError", 429)
    assert 0 < told.retry_after <= 3600
