"""Receipts to try things with: plain ones, and any that could ever be."""

from __future__ import annotations

import itertools

from hypothesis import strategies as st

from freehold.ground.units import Joules, Seconds, Usd
from freehold.words.dialects import Dialect
from freehold.words.offers import Layer, Place
from freehold.words.prices import Usage
from freehold.words.receipts import Attempt, Basis, Energy, Outcome, Receipt

_numbers = itertools.count()

counts = st.integers(0, 2**40)
spans = st.floats(0, 1e6).map(Seconds)
words = st.sampled_from(["", "a", "b", "ä ✓"])
money = st.none() | st.integers(0, 10**12).map(lambda nanos: Usd(nanos / 1e9))
attempts = st.builds(
    Attempt,
    provider=words,
    model=words,
    started=spans,
    seconds=spans,
    outcome=st.sampled_from(Outcome),
    error=st.text(max_size=10),
    status=st.none() | st.integers(100, 599),
    usd=money,
    key=words,
)
receipts = st.builds(
    Receipt,
    id=st.builds(lambda: f"req_{next(_numbers)}"),
    time=st.floats(1.7e9, 1.7e9 + 10 * 86_400),
    owner=words,
    dialect=st.sampled_from(Dialect),
    asked=words,
    outcome=st.sampled_from(Outcome),
    error=words,
    provider=words,
    model=words,
    layer=st.none() | st.sampled_from([int(layer) for layer in Layer]),
    place=st.sampled_from(["", *(place.value for place in Place)]),
    stream=st.booleans(),
    cached=st.booleans(),
    usage=st.builds(
        Usage,
        input=counts,
        cache_read=counts,
        cache_write=counts,
        output=counts,
        reasoning=counts,
        audio_seconds=st.floats(0, 1e6),
        estimated=st.booleans(),
    ),
    usd=money,
    energy=st.none() | st.builds(Energy, joules=st.floats(0, 1e9).map(Joules), basis=st.sampled_from(Basis)),
    first_byte=st.none() | spans,
    seconds=spans,
    attempts=st.lists(attempts, max_size=3).map(tuple),
)


def plain(number: int, **changes: object) -> Receipt:
    """An ordinary receipt; its id tells its number."""
    fields: dict[str, object] = {
        "id": f"req_{number:06}",
        "time": 1.7e9 + number,
        "owner": "key_1",
        "dialect": Dialect.CHAT,
        "asked": "auto",
        "outcome": Outcome.OK,
        "provider": "openai",
        "model": "gpt-4o-mini",
        "layer": 6,
        "place": "cloud",
        "usage": Usage(input=100, output=50),
        "usd": 0.00005,
        "seconds": 0.5,
        "attempts": (
            Attempt(
                provider="openai", model="gpt-4o-mini", started=Seconds(0.1), seconds=Seconds(0.4), outcome=Outcome.OK
            ),
        ),
    }
    return Receipt(**fields | changes)  # type: ignore[arg-type]
