"""Rules about deadlines, retries and hedging."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.app.config.positions import Path
from freehold.app.config.problems import Finding
from freehold.app.config.rules.picture import PLAIN_CODE, Picture, Rule, at


def deadlines_fit_into_the_total(picture: Picture) -> Iterator[Finding]:
    """A deadline beyond the total never passes. Defaults are not held against the user."""
    deadlines = picture.settings.deadlines
    stated: dict[Path, float] = {
        at("deadlines", "connect"): deadlines.connect,
        at("deadlines", "first_byte"): deadlines.first_byte,
        at("deadlines", "between_chunks"): deadlines.between_chunks,
    }
    for name, provider in picture.enabled.items():
        for key in ("connect", "first_byte", "between_chunks"):
            stated[at("providers", name, "deadlines", key)] = getattr(provider.deadlines, key) or 0.0
    for path, seconds in stated.items():
        if picture.says(*path) and seconds > deadlines.total:
            yield Finding(
                path=path,
                what=f"{seconds:g} s never pass, because deadlines.total is {deadlines.total:g} s",
                allowed=f"at most {deadlines.total:g}",
            )


def the_total_allows_a_connection(picture: Picture) -> Iterator[Finding]:
    deadlines = picture.settings.deadlines
    if deadlines.total < deadlines.connect and not picture.says("deadlines", "connect"):
        yield Finding(
            path=at("deadlines", "total"),
            what=f"shorter than deadlines.connect ({deadlines.connect:g} s)",
            allowed=f"{deadlines.connect:g} or more, or state a shorter connect as well",
        )


def retries_add_up(picture: Picture) -> Iterator[Finding]:
    retry = picture.settings.retry
    if retry.attempts > retry.max_attempts:
        key = "attempts" if picture.says("retry", "attempts") else "max_attempts"
        yield Finding(
            path=at("retry", key),
            what=f"attempts ({retry.attempts}) is more than max_attempts ({retry.max_attempts}) lets happen",
            allowed="attempts <= max_attempts",
        )
    if retry.backoff > retry.backoff_cap:
        key = "backoff" if picture.says("retry", "backoff") else "backoff_cap"
        yield Finding(
            path=at("retry", key),
            what=f"backoff ({retry.backoff:g} s) is more than backoff_cap ({retry.backoff_cap:g} s) lets happen",
            allowed="backoff <= backoff_cap",
        )


def breakers_rest_within_bounds(picture: Picture) -> Iterator[Finding]:
    breaker = picture.settings.breaker
    if breaker.open_seconds > breaker.max_open_seconds:
        key = "open_seconds" if picture.says("breaker", "open_seconds") else "max_open_seconds"
        yield Finding(
            path=at("breaker", key),
            what=f"open_seconds ({breaker.open_seconds:g}) is more than max_open_seconds "
            f"({breaker.max_open_seconds:g}) lets happen",
            allowed="open_seconds <= max_open_seconds",
        )


def hedging_has_someone_to_ask(picture: Picture) -> Iterator[Finding]:
    hedge, deadlines = picture.settings.hedge, picture.settings.deadlines
    if hedge.after is None:
        return
    if len(picture.askable - {PLAIN_CODE}) < 2:
        yield Finding(
            path=at("hedge", "after"),
            what="there is no second provider to ask",
            allowed="remove it, or add a provider",
        )
    limit = min(deadlines.first_byte, deadlines.total)
    if hedge.after >= limit:
        yield Finding(
            path=at("hedge", "after"),
            what=f"{hedge.after:g} s never pass, because waiting for a first byte ends after {limit:g} s",
            allowed=f"less than {limit:g}",
        )


EFFORT_RULES: tuple[Rule, ...] = (
    deadlines_fit_into_the_total,
    the_total_allows_a_connection,
    retries_add_up,
    breakers_rest_within_bounds,
    hedging_has_someone_to_ask,
)
