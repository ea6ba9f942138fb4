"""How workers stand together."""

from __future__ import annotations

from freehold.app.report import KeyReport, ProviderReport
from freehold.app.standing import Counts, Levels, Standing, together


def standing(*, began: float, hits: int = 0, **levels: object) -> Standing:
    return Standing(began=began, counts=Counts(cache_hits=hits), levels=Levels(**levels))


def provider(**what: object) -> ProviderReport:
    return ProviderReport(**{"name": "box", "place": "own", "ready": True, **what})


def test_counts_and_levels_add_up_and_the_first_to_begin_says_when() -> None:
    both = together(
        [
            standing(began=5.0, hits=1, processes=(1,), in_flight=2, first_bytes=(0.5,)),
            standing(began=3.0, hits=2, processes=(2,), in_flight=3, first_bytes=(0.1,)),
        ]
    )
    assert (both.began, both.counts.cache_hits, both.levels.in_flight) == (3.0, 3, 5)
    assert (both.levels.processes, both.levels.first_bytes) == ((1, 2), (0.5, 0.1))


def test_of_breakers_the_worst_shows() -> None:
    both = together(
        [
            standing(began=0.0, breakers={"box": "closed", "one": "open"}),
            standing(began=0.0, breakers={"box": "half_open", "two": "closed"}),
        ]
    )
    assert both.levels.breakers == {"box": "half_open", "one": "open", "two": "closed"}


def test_a_trouble_that_one_worker_sees_is_seen() -> None:
    aside = KeyReport(label="env:K", set_aside="banned")
    both = together(
        [
            standing(began=0.0, providers=(provider(in_flight=1, offers=3, keys=(KeyReport(label="env:K"),)),)),
            standing(
                began=0.0,
                providers=(provider(in_flight=1, offers=2, keys=(aside,), ready=False, reason="no", breaker="open"),),
            ),
        ]
    )
    expected = provider(in_flight=2, offers=3, keys=(aside,), ready=False, reason="no", breaker="open")
    assert both.levels.providers == (expected,)
