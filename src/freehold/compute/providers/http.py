"""Every service that speaks one of our dialects over HTTP, as it is: OpenAI's, Anthropic's, and all that imitate them.

The request's own bytes are passed on, with the model's name put in and the provider's key on top. Nothing is translated here
(see `compute/dialects`), nothing is retried here (see `stack/dispatch`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

import msgspec

from freehold.compute.dialects.usage import usage_of_answer
from freehold.compute.estimates import estimate
from freehold.compute.keyring import Keyring, ProviderKey
from freehold.compute.pacing import Pacing
from freehold.compute.provider import Answer, AnswerStream, ProviderStatus
from freehold.compute.providers.multipart import encode_form
from freehold.compute.providers.passthrough import Passthrough
from freehold.compute.providers.quirks import Quirks
from freehold.compute.providers.verdicts import verdict
from freehold.compute.upstream import Deadlines, Origin, Request, Response, Upstream
from freehold.ground.errors import CredentialRejected, ProviderBroken, ProviderBusy, TryAnother
from freehold.ground.units import Seconds
from freehold.words.asks import Ask
from freehold.words.dialects import Dialect
from freehold.words.offers import Offer

_MAX_ERROR_BYTES = 64 * 1024
_STREAM_OPTIONS = msgspec.Raw(b'{"include_usage":true}')
_COUNTED_STREAMS = frozenset({Dialect.CHAT, Dialect.COMPLETIONS})
_JSON = b"content-type: application/json\r\n"
_ERROR_BODY_PATIENCE = 2.0
"""Seconds for the body of an error whose status has said enough already."""
_USUAL_REST = 1.0
"""Seconds for a key that is told to slow down, and not for how long."""
_SUBSTANCE = {
    Dialect.CHAT: "choices",
    Dialect.COMPLETIONS: "choices",
    Dialect.RESPONSES: "output",
    Dialect.MESSAGES: "content",
    Dialect.COUNT_TOKENS: "input_tokens",
    Dialect.EMBEDDINGS: "data",
    Dialect.RERANK: "results",
}
"""What no answer is without."""


class HttpEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Where and how to reach a service."""

    name: str
    base_url: str
    """Up to and including the version, such as `https://api.openai.com/v1`."""
    paths: Mapping[Dialect, str]
    """Path of each dialect it speaks, relative to `base_url`."""
    headers: Mapping[str, str] = {}
    """Sent with every request; not for keys."""
    deadlines: Deadlines = Deadlines()
    stream_usage: bool = True
    """Whether it takes `stream_options.include_usage`."""
    quirks: Quirks = Quirks()
    max_concurrency: int = 256
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    max_answer_bytes: int = 64 * 1024 * 1024


class HttpProvider:
    """A provider reached over HTTP. Keeps the promises of `freehold.compute.provider.Inference`."""

    def __init__(
        self,
        endpoint: HttpEndpoint,
        *,
        offers: Sequence[Offer],
        keys: Sequence[ProviderKey],
        upstream: Upstream,
    ) -> None:
        parts = urlsplit(endpoint.base_url)
        self._endpoint = endpoint
        self._origin = Origin(
            parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        )
        base = parts.path.rstrip("/")
        self._targets = {dialect: (base + path).encode() for dialect, path in endpoint.paths.items()}
        self._headers = b"".join(f"{key}: {value}\r\n".encode() for key, value in endpoint.headers.items())
        self._offers = tuple(offers)
        self._models = {offer.model: msgspec.Raw(msgspec.json.encode(offer.model)) for offer in offers}
        self._upstream = upstream
        self._pacing = (
            Pacing(endpoint.requests_per_minute, endpoint.tokens_per_minute)
            if endpoint.requests_per_minute or endpoint.tokens_per_minute
            else None
        )
        self.keyring = Keyring(keys or [ProviderKey(label="", header=b"")])
        self.in_flight = 0

    @property
    def name(self) -> str:
        return self._endpoint.name

    def offers(self) -> Sequence[Offer]:
        return self._offers

    @property
    def origin(self) -> Origin:
        """Where it is."""
        return self._origin

    def status(self) -> ProviderStatus:
        ready = self.keyring.has_another(time.monotonic())
        return ProviderStatus(
            ready=ready,
            reason="" if ready else "no usable key",
            in_flight=self.in_flight,
            keys=self.keyring.statuses(),
        )

    async def aclose(self) -> None:
        """The connections belong to the shared upstream client."""

    async def infer(self, ask: Ask, offer: Offer, *, timeout: Seconds | None = None) -> Answer | AnswerStream:
        key = self._enter(ask)
        stream: Passthrough | None = None
        try:
            response = await self._upstream.send(self._origin, self._request(ask, offer, key), self._deadlines(timeout))
            if response.status != 200:
                await self._raise(response, key)
            if key.set_aside:
                self.keyring.accept(key)
            if not ask.stream:
                return await self._whole(ask, response)
            hide = ask.dialect in _COUNTED_STREAMS and not _wants_usage(ask)
            stream = Passthrough(response, ask.dialect, asked=ask.size, hide_usage=hide, on_end=self._leave)
            await stream.prime()
            return stream
        except TryAnother as error:
            error.key = key.label
            raise
        finally:
            if stream is None:
                self._leave()

    def _enter(self, ask: Ask) -> ProviderKey:
        now = time.monotonic()
        if self.in_flight >= self._endpoint.max_concurrency:
            raise ProviderBusy(f"{self.name} has {self.in_flight} requests in flight already, its configured bound.")
        if self._pacing is not None and (wait := self._pacing.take(now, ask.size // 4)) > 0:
            raise ProviderBusy(f"{self.name} is at its configured rate limit.", retry_after=wait)
        key = self.keyring.pick(now)
        if key is None:
            if all(status.set_aside for status in self.keyring.statuses()):
                raise CredentialRejected(f"Every key of {self.name} is set aside.")
            raise ProviderBusy(f"Every key of {self.name} rests.", retry_after=self.keyring.wakes_at() - now)
        self.in_flight += 1
        return key

    def _leave(self) -> None:
        self.in_flight -= 1

    def _request(self, ask: Ask, offer: Offer, key: ProviderKey) -> Request:
        target = self._targets[ask.dialect]
        quirks = self._endpoint.quirks
        fields = dict(ask.fields) if quirks.none else quirks.apply(ask.dialect, ask.fields)
        fields["model"] = self._model(offer)
        if ask.upload is not None:
            content_type, body = encode_form(fields, ask.upload)
            headers = b"content-type: %b\r\n" % content_type
        else:
            if ask.stream and ask.dialect in _COUNTED_STREAMS and self._endpoint.stream_usage:
                fields["stream_options"] = _counted(fields.get("stream_options"))
            body, headers = msgspec.json.encode(fields), _JSON
        if ask.trace:
            headers += b"traceparent: %b\r\n" % ask.trace.encode()
        return Request(target=target, headers=key.header + self._headers + headers, body=body)

    def _model(self, offer: Offer) -> msgspec.Raw:
        """The model's name as JSON; names met through a wildcard are not kept."""
        return self._models.get(offer.model) or msgspec.Raw(msgspec.json.encode(offer.model))

    def _deadlines(self, timeout: Seconds | None) -> Deadlines:
        usual = self._endpoint.deadlines
        if timeout is None or timeout >= usual.first_byte:
            return usual
        return Deadlines(
            connect=Seconds(min(usual.connect, timeout)),
            first_byte=timeout,
            between_chunks=Seconds(min(usual.between_chunks, timeout)),
        )

    async def _whole(self, ask: Ask, response: Response) -> Answer:
        try:
            body = await response.read(self._endpoint.max_answer_bytes)
        finally:
            response.close()
        usage = usage_of_answer(ask.dialect, body)
        if usage is None:
            self._check_body(ask, response, body)
            usage = estimate(ask.dialect, asked=ask.size, answered=len(body))
        content_type = response.headers.get(b"content-type", b"application/json").decode("latin-1")
        return Answer(body=body, usage=usage, content_type=content_type)

    def _check_body(self, ask: Ask, response: Response, body: bytes) -> None:
        """An answer without counts is looked at more closely: is it an answer at all?"""
        if ask.upload is not None and b"json" not in response.headers.get(b"content-type", b""):
            return
        try:
            fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        except msgspec.DecodeError:
            raise ProviderBroken(f"{self.name} answered 200 with something that is not a JSON object.") from None
        if "error" in fields and bytes(fields["error"]) != b"null":
            raise ProviderBroken(f"{self.name} answered 200 with an error inside.")
        if _SUBSTANCE.get(ask.dialect, "") not in {*fields, ""}:
            raise ProviderBroken(f"{self.name} answered 200 with something that is no answer.")

    async def _raise(self, response: Response, key: ProviderKey) -> None:
        try:
            async with asyncio.timeout(_ERROR_BODY_PATIENCE):
                body = await response.read(_MAX_ERROR_BYTES)
        except (TryAnother, TimeoutError):
            body = b""
        finally:
            response.close()
        error = verdict(self.name, response.status, response.headers, body)
        now = time.monotonic()
        if isinstance(error, CredentialRejected):
            self.keyring.reject(key, now, error.message)
            error.at_once = self.keyring.has_another(now)
        elif isinstance(error, ProviderBusy):
            if error.retry_after is None:
                error.retry_after = _USUAL_REST
            self.keyring.rest(key, now + error.retry_after)
            error.at_once = self.keyring.has_another(now)
        raise error


def _wants_usage(ask: Ask) -> bool:
    raw = ask.fields.get("stream_options")
    return raw is not None and b"include_usage" in bytes(raw) and _options(raw).get("include_usage") is True


def _counted(raw: msgspec.Raw | None) -> msgspec.Raw:
    """Stream options that ask for token counts, whatever else the client put there."""
    if raw is None:
        return _STREAM_OPTIONS
    return msgspec.Raw(msgspec.json.encode({**_options(raw), "include_usage": True}))


def _options(raw: msgspec.Raw) -> dict[str, object]:
    try:
        return msgspec.json.decode(raw, type=dict[str, object] | None) or {}
    except msgspec.DecodeError:
        return {}
