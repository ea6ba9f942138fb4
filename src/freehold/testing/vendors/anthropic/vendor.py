"""Anthropic on loopback."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping

from aiohttp import web

from freehold.testing.vendors.anthropic import answer as answers
from freehold.testing.vendors.anthropic import errors, request
from freehold.testing.vendors.anthropic.prompt_cache import Counted, PromptCache
from freehold.testing.vendors.loopback import Failure, Handler, Heard, Json, Vendor, answer, event, stream
from freehold.testing.vendors.replies import Reply, bounded, reply_to

MODELS = ("claude-haiku-4-5", "claude-sonnet-4-5", "claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5")
VERSIONS = ("2023-06-01", "2026-10-21")
KEY = "sk-ant-loopback-0123456789"


class FakeAnthropic(Vendor):
    """Messages, token counting and models, with keys, limits and a prompt cache.

        async with FakeAnthropic() as vendor:
            client = anthropic.AsyncAnthropic(base_url=vendor.url, api_key=vendor.key)

    As at Anthropic, models of the fifth generation take no sampling parameters and no manual thinking budget, and with
    API version 2026-10-21 no model takes sampling parameters. A key may come as x-api-key or as a bearer token.
    `requests` is how many requests pass before 429 (refill with `refill`), `cache_minimum` the tokens below which a marked
    prefix is not cached.
    """

    def __init__(
        self,
        *,
        keys: Iterable[str] = (KEY,),
        models: Iterable[str] = MODELS,
        requests: int | None = None,
        cache_minimum: int = 1024,
    ) -> None:
        super().__init__()
        self.keys = set(keys)
        """Keys that are let in; take one out to ban it."""
        self.models = list(models)
        self.requests_left = requests
        self._script: deque[Reply] = deque()
        self._cache = PromptCache(cache_minimum)

    @property
    def key(self) -> str:
        """A key that works."""
        return next(iter(sorted(self.keys)), "")

    def say(self, *replies: Reply) -> None:
        """Answer the next requests with these, in place of what the model would make up."""
        self._script.extend(replies)

    def refill(self, requests: int | None = None) -> None:
        """A new period: that many requests pass from now on; None: no limit."""
        self.requests_left = requests

    def routes(self) -> Mapping[tuple[str, str], Handler]:
        return {
            ("POST", "/v1/messages"): self._messages,
            ("POST", "/v1/messages/count_tokens"): self._count_tokens,
            ("GET", "/v1/models"): self._models,
        }

    def headers(self) -> Mapping[str, str]:
        limits = (
            {} if self.requests_left is None else {"anthropic-ratelimit-requests-remaining": str(self.requests_left)}
        )
        return {"request-id": f"req_{len(self.heard):08}", **limits}

    def not_found(self, method: str, path: str) -> Failure:
        return errors.failure(404, "not_found_error", "Not found")

    def admit(self, heard: Heard) -> None:
        key = heard.headers.get("x-api-key") or heard.headers.get("authorization", "").removeprefix("Bearer ")
        if not key:
            raise errors.unauthenticated("x-api-key header is required")
        if key not in self.keys:
            raise errors.unauthenticated("invalid x-api-key")
        version = heard.headers.get("anthropic-version")
        if version is None:
            raise errors.invalid("anthropic-version: header is required")
        if version not in VERSIONS:
            raise errors.invalid(f'anthropic-version: "{version}" is not a valid version')
        if heard.method == "POST" and self.requests_left is not None:
            if self.requests_left <= 0:
                raise errors.rate_limited()
            self.requests_left -= 1

    async def _body(self, asked: web.Request, known: frozenset[str]) -> Json:
        try:
            body = await asked.json()
        except ValueError:
            raise errors.invalid("The request body is not valid JSON") from None
        if not isinstance(body, dict) or not body.get("model"):
            raise errors.invalid("model: Field required")
        if body["model"] not in self.models:
            raise errors.unknown_model(body["model"])
        request.check(body, known, version=asked.headers["anthropic-version"])
        return body

    async def _messages(self, asked: web.Request) -> web.StreamResponse:
        body = await self._body(asked, request.MESSAGES_FIELDS)
        question = request.question(body)
        reply = bounded(self._script.popleft(), question) if self._script else reply_to(question)
        counted = self._cache.count(body["model"], request.spans(body))
        shown = (body.get("thinking") or {}).get("display") != "omitted"
        finished = answers.whole(body["model"], self.number(), reply, counted, show_thinking=shown)
        if not body.get("stream"):
            return answer(finished, headers=self.headers())
        events = (event(data, data["type"]) for data in answers.events(finished))
        return await stream(asked, events, self.headers())

    async def _count_tokens(self, asked: web.Request) -> web.StreamResponse:
        body = await self._body(asked, request.COUNT_FIELDS)
        counted = Counted(fresh=sum(len(span.tokens) for span in request.spans(body)))
        return answer({"input_tokens": counted.total}, headers=self.headers())

    async def _models(self, asked: web.Request) -> web.StreamResponse:
        cards = [
            {"type": "model", "id": name, "display_name": name, "created_at": "2025-10-01T00:00:00Z"}
            for name in self.models
        ]
        ends = (
            {"first_id": self.models[0], "last_id": self.models[-1]}
            if self.models
            else {"first_id": None, "last_id": None}
        )
        return answer({"data": cards, "has_more": False, **ends}, headers=self.headers())
