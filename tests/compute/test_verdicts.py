"""What Freehold makes of each way in which a vendor turns a request away."""

import json

import pytest

from freehold.compute.providers.verdicts import verdict
from freehold.ground.errors import (
    CannotServe,
    CredentialRejected,
    FreeholdError,
    ProviderBroken,
    ProviderBusy,
    ProviderRefused,
)
from freehold.testing.vendors import Failure, anthropic, openai


def judged(failure: Failure) -> FreeholdError:
    headers = {name.encode(): value.encode() for name, value in failure.headers.items()}
    return verdict("vendor", failure.status, headers, json.dumps(failure.body).encode())


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (openai.wrong_key("sk-0123456789abcdef"), CredentialRejected),
        (openai.out_of_quota(), CredentialRejected),
        (openai.out_of_quota("credit_balance_exhausted"), CredentialRejected),
        (openai.failure(429, "Spent.", code="project_spend_limit_exceeded"), CredentialRejected),
        (openai.rate_limited(), ProviderBusy),
        (openai.server_error(), ProviderBroken),
        (openai.overloaded(), ProviderBroken),
        (openai.failure(404, "The model does not exist.", code="model_not_found"), CannotServe),
        (openai.failure(400, "Too long.", code="context_length_exceeded"), CannotServe),
        (openai.failure(400, "Wrong."), ProviderRefused),
        (anthropic.forbidden(), CredentialRejected),
        (anthropic.billing(), CredentialRejected),
        (anthropic.spend_limit_reached(), CredentialRejected),
        (anthropic.rate_limited(), ProviderBusy),
        (anthropic.overloaded(), ProviderBusy),
        (anthropic.server_error(), ProviderBroken),
        (anthropic.failure(404, "not_found_error", "model: x"), CannotServe),
        (anthropic.failure(413, "request_too_large", "Too large."), ProviderRefused),
    ],
    ids=lambda value: str(value)[:60] if isinstance(value, Failure) else value.__name__,
)
def test_a_vendors_no_is_understood(failure: Failure, expected: type[FreeholdError]) -> None:
    assert type(judged(failure)) is expected


def test_a_wait_that_is_stated_is_kept() -> None:
    for failure in (openai.rate_limited(seconds=7), anthropic.rate_limited(seconds=7)):
        said = judged(failure)
        assert isinstance(said, ProviderBusy) and said.retry_after == 7.0


def test_no_verdict_repeats_a_key() -> None:
    assert "sk-0123456789abcdef" not in str(judged(openai.wrong_key("sk-0123456789abcdef")))
