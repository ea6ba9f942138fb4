"""Every error of the house, grouped by what the caller does next.

    FreeholdError
    ├── TryAnother               someone else may well succeed
    │   ├── CannotServe          this offer does not do that (unknown model, context too long, plain code stays silent)
    │   ├── ProviderUnreachable  no connection: refused, unresolved, reset before an answer
    │   ├── ProviderTimedOut     connected, but silent for longer than a deadline allows
    │   ├── ProviderBroken       it answered with a fault: 5xx, garbage, a cut body, an error event in a stream
    │   ├── ProviderBusy         it asks to be left alone for a while (429, 503 with Retry-After, own concurrency cap)
    │   └── CredentialRejected   its key is banned or out of quota; the key is set aside until it is mended
    ├── Wait                     the same request may pass later
    │   ├── RateLimited          a limit of the caller's own key
    │   ├── AllBusy              every provider that could answer asks to be left alone for a while
    │   └── Overloaded           this gateway is full or stopping
    ├── FixRequest               the same request will never pass
    │   ├── InvalidRequest       malformed, or a value out of range
    │   ├── NotTranslatable      a feature, named, that the only capable upstream has no words for
    │   ├── ProviderRefused      a provider judged the request itself (400, 413, 422): its verdict is passed on
    │   ├── UnknownModel         no offer has that name
    │   ├── NotAuthenticated     no key, or not one of ours
    │   ├── NotAllowed           the key may not do that
    │   ├── NotFound             no such route or record
    │   └── RequestTooLarge      a bound on size was passed
    │       └── HeadTooLarge     before the body
    └── GiveUp                   a human has to look
        ├── BudgetExhausted      money, tokens or requests of the key are spent for the period
        ├── NothingFits          no offer meets the stated requirements
        ├── AllFailed            every offer in the plan was tried and failed
        │   └── AllTimedOut      each of them by its silence
        ├── DeadlineExceeded     the whole chain took longer than the caller allows
        ├── InvalidConfig        the configuration is wrong; says file, line and remedy
        ├── StorageFailed        the database or the disk refuses
        └── NotAvailable         an optional part (extra, weights, machine) is missing

Messages and advice never contain secrets: whoever raises keeps keys and bodies out.
"""

from __future__ import annotations

from typing import ClassVar


class FreeholdError(Exception):
    """Base of all errors raised on purpose. `advice` tells a human what to do about it."""

    advice: str = "See the cause with --verbose."
    code: ClassVar[str] = "freehold_error"

    def __init__(self, message: str, *, advice: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if advice is not None:
            self.advice = advice


class TryAnother(FreeholdError):
    """This provider failed in a way that another one may mend.

    `status` is the HTTP status it answered with, if any. `retry_after` is in seconds, None where it did not say.
    `again` tells whether asking the same offer once more, later, makes sense; `at_once` that it makes sense right now,
    because the provider has another key to try. `key` is the label of the key that was used.
    """

    code = "provider_failed"
    advice = "Add a second provider so that requests can fail over."
    again: ClassVar[bool] = True

    def __init__(
        self,
        message: str,
        *,
        advice: str | None = None,
        status: int | None = None,
        retry_after: float | None = None,
        at_once: bool = False,
        key: str = "",
    ) -> None:
        super().__init__(message, advice=advice)
        self.status = status
        self.retry_after = retry_after
        self.at_once = at_once
        self.key = key


class CannotServe(TryAnother):
    """This offer does not do that; nothing is wrong with it."""

    code = "cannot_serve"
    again = False


class ProviderUnreachable(TryAnother):
    """No connection could be made, or it broke before a single byte of an answer."""

    code = "provider_unreachable"
    advice = "Check the base_url and that the server runs."


class ProviderTimedOut(TryAnother):
    """Silent for longer than the connect, first-byte or between-chunks deadline."""

    code = "provider_timed_out"
    advice = "Raise the deadline in [deadlines], or put a faster provider first."


class ProviderBroken(TryAnother):
    """It answered with a fault of its own."""

    code = "provider_broken"


class ProviderBusy(TryAnother):
    """It asks to be left alone for a while."""

    code = "provider_busy"
    advice = "Wait, add another key, or add another provider."


class CredentialRejected(TryAnother):
    """The key is banned or out of quota."""

    code = "credential_rejected"
    again = False
    advice = "Mend the key at the provider, then reload: see `freehold status` for which one is set aside."


class Wait(FreeholdError):
    """The same request may pass later. `retry_after` in seconds."""

    code = "wait"

    def __init__(self, message: str, *, advice: str | None = None, retry_after: float | None = None) -> None:
        super().__init__(message, advice=advice)
        self.retry_after = retry_after


class RateLimited(Wait):
    """A rate limit of the caller's own key."""

    code = "rate_limit_exceeded"
    advice = "Slow down, or have the key's limit raised with `freehold keys`."


class AllBusy(Wait):
    """Every provider that could answer asks to be left alone for a while."""

    code = "all_providers_busy"
    advice = "Retry later, add another key, or add another provider."


class Overloaded(Wait):
    """This gateway is full or stopping."""

    code = "overloaded"
    advice = "Retry shortly."


class FixRequest(FreeholdError):
    """The same request will never pass. `parameter` names the field at fault, if one is."""

    code = "invalid_request"
    advice = "Change the request."

    def __init__(self, message: str, *, advice: str | None = None, parameter: str | None = None) -> None:
        super().__init__(message, advice=advice)
        self.parameter = parameter


class InvalidRequest(FixRequest):
    """Malformed, or a value out of range."""


class NotTranslatable(FixRequest):
    """The request uses a feature that the upstream's dialect has no words for; it is refused rather than dropped."""

    code = "not_translatable"
    advice = "Leave the named feature out, or choose a model whose provider has it."


class ProviderRefused(FixRequest):
    """A provider judged the request itself. Asking anyone else would be wrong.

    `status` and `body` are the provider's own, to be passed on as they are.
    """

    code = "provider_refused"
    advice = "Reword the request, or lower its limits."

    def __init__(self, message: str, *, status: int = 400, body: bytes = b"") -> None:
        super().__init__(message)
        self.status = status
        self.body = body


class UnknownModel(FixRequest):
    """No offer has that name."""

    code = "model_not_found"
    advice = 'List what there is with `freehold models`, or ask for "auto".'


class NotAuthenticated(FixRequest):
    """No key, or not one of ours."""

    code = "invalid_api_key"
    advice = "Send `Authorization: Bearer <key>`; make a key with `freehold keys create`."


class NotAllowed(FixRequest):
    """The key may not do that."""

    code = "not_allowed"
    advice = "Ask the owner of this gateway to widen the key's allow-list."


class NotFound(FixRequest):
    """No such route or record."""

    code = "not_found"
    advice = "See /openapi.json for what there is."


class RequestTooLarge(FixRequest):
    """A bound on size was passed."""

    code = "request_too_large"
    advice = "Send less, or raise the limit in [server]."


class HeadTooLarge(RequestTooLarge):
    """The same, before the body."""

    code = "request_headers_too_large"


class GiveUp(FreeholdError):
    """A human has to look."""

    code = "give_up"


class BudgetExhausted(GiveUp):
    """Money, tokens or requests of the key are spent for the period."""

    code = "insufficient_quota"
    advice = "Wait for the next period, or raise the budget with `freehold keys`."


class NothingFits(GiveUp):
    """No offer meets the stated requirements."""

    code = "nothing_fits"
    advice = "See why with `freehold explain`; loosen the requirements or add a provider."


class AllFailed(GiveUp):
    """Every offer in the plan was tried and failed."""

    code = "all_providers_failed"
    advice = "See `freehold status` for what is down and `freehold receipts` for each attempt."

    def __init__(self, message: str, *, advice: str | None = None, retry_after: float | None = None) -> None:
        super().__init__(message, advice=advice)
        self.retry_after = retry_after


class AllTimedOut(AllFailed):
    """The same, each of them by its silence."""

    code = "all_providers_timed_out"
    advice = "Raise the deadlines in [deadlines], or add a faster provider."


class DeadlineExceeded(GiveUp):
    """The whole chain took longer than the caller allows."""

    code = "deadline_exceeded"
    advice = "Allow more time, or choose a faster model."


class InvalidConfig(GiveUp):
    """The configuration is wrong."""

    code = "invalid_config"
    advice = "Correct the file, then run `freehold config check`."


class StorageFailed(GiveUp):
    """The database or the disk refuses."""

    code = "storage_failed"
    advice = "Check that $FREEHOLD_HOME is writable and the disk has room."


class NotAvailable(GiveUp):
    """An optional part is missing."""

    code = "not_available"
