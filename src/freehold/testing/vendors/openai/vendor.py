"""OpenAI on loopback."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from aiohttp import web

from freehold.testing.vendors.loopback import Failure, Handler, Heard, Json, Vendor, answer, event, stream
from freehold.testing.vendors.openai import (
    chat_answer,
    chat_request,
    completions,
    errors,
    fields,
    media,
    responses_answer,
    responses_request,
)
from freehold.testing.vendors.openai.prompt_cache import PromptCache
from freehold.testing.vendors.replies import Question, Reply, bounded, reply_to

MODELS = (
    *("gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-4.1-mini", "o4-mini", "gpt-5.4-mini", "gpt-6.1-sol", "gpt-6-luna"),
    *("gpt-3.5-turbo-instruct", "text-embedding-3-small", "text-embedding-3-large"),
    *("whisper-1", "gpt-transcribe", "gpt-4o-transcribe"),
)
KEY = "sk-loopback-0123456789"
_DONE = b"data: [DONE]\n\n"


class FakeOpenAI(Vendor):
    """Chat, completions, responses, embeddings, transcriptions and models, with keys, limits, credit and a prompt cache.

        async with FakeOpenAI() as vendor:
            client = openai.AsyncOpenAI(base_url=vendor.base_url, api_key=vendor.key)

    `requests` is how many requests pass before 429 (refill with `refill`), `credit` how many tokens before the account is
    out of quota. With `reasoning_field` ("reasoning_content") it shows its thinking in chat, as open servers do, and OpenAI
    itself does not. With `strict=False` it ignores fields it does not know, as open servers do.
    """

    def __init__(
        self,
        *,
        keys: Iterable[str] = (KEY,),
        models: Iterable[str] = MODELS,
        requests: int | None = None,
        credit: int | None = None,
        reasoning_field: str = "",
        strict: bool = True,
    ) -> None:
        super().__init__()
        self.keys = set(keys)
        """Keys that are let in; take one out to ban it. Empty: no key is asked for."""
        self.models = list(models)
        self.requests_left = requests
        self.credit_left = credit
        self._reasoning_field = reasoning_field
        self._strict = strict
        self._script: deque[Reply] = deque()
        self._stored: dict[str, tuple[Json, list[Json]]] = {}
        self._cache = PromptCache()

    @property
    def key(self) -> str:
        """A key that works."""
        return next(iter(sorted(self.keys)), "")

    def say(self, *replies: Reply) -> None:
        """Answer the next requests with these, in place of what the model would make up."""
        self._script.extend(replies)

    def refill(self, requests: int | None = None, credit: int | None = None) -> None:
        """A new period: that many requests and tokens pass from now on; None: no limit."""
        self.requests_left, self.credit_left = requests, credit

    def routes(self) -> Mapping[tuple[str, str], Handler]:
        return {
            ("POST", "/v1/chat/completions"): self._chat,
            ("POST", "/v1/completions"): self._completions,
            ("POST", "/v1/responses"): self._responses,
            ("GET", "/v1/responses/*"): self._stored_response,
            ("POST", "/v1/embeddings"): self._embeddings,
            ("POST", "/v1/audio/transcriptions"): self._transcriptions,
            ("GET", "/v1/models"): self._models,
            ("GET", "/v1/models/*"): self._model,
        }

    def headers(self) -> Mapping[str, str]:
        limits = {}
        if self.requests_left is not None:
            limits = {"x-ratelimit-remaining-requests": str(self.requests_left), "x-ratelimit-reset-requests": "20s"}
        return {
            "x-request-id": f"req_{len(self.heard):08}",
            "openai-version": "2020-10-01",
            "openai-processing-ms": "1",
            **limits,
        }

    def not_found(self, method: str, path: str) -> Failure:
        return errors.failure(404, f"Invalid URL ({method} {path})")

    def misshapen(self) -> Failure:
        return errors.invalid("We could not make sense of the JSON body of your request.")

    def admit(self, heard: Heard) -> None:
        if self.keys:
            self._authenticate(heard.headers.get("authorization", ""))
        if heard.method != "POST":
            return
        if self.credit_left is not None and self.credit_left <= 0:
            raise errors.out_of_quota()
        if self.requests_left is not None:
            if self.requests_left <= 0:
                raise errors.rate_limited()
            self.requests_left -= 1

    def _authenticate(self, header: str) -> None:
        scheme, _, key = header.partition(" ")
        if scheme.lower() != "bearer" or not key:
            raise errors.no_key()
        if key not in self.keys:
            raise errors.wrong_key(key)

    async def _body(self, request: web.Request, known: frozenset[str]) -> Json:
        try:
            body = await request.json()
        except ValueError:
            message = "We could not parse the JSON body of your request."
            raise errors.invalid(message) from None
        if not isinstance(body, dict):
            raise errors.invalid("The JSON body of your request is not an object.")
        self._check_model(body.get("model"))
        return body if self._strict else {name: value for name, value in body.items() if name in known}

    def _check_model(self, model: str | None) -> None:
        if not model:
            raise errors.invalid("you must provide a model parameter")
        if model not in self.models:
            raise errors.unknown_model(model)

    def _reply(self, question: Question) -> Reply:
        return bounded(self._script.popleft(), question) if self._script else reply_to(question)

    def _charge(self, count: int) -> None:
        if self.credit_left is not None:
            self.credit_left -= count

    async def _send(self, request: web.Request, events: Iterator[bytes]) -> web.StreamResponse:
        return await stream(request, events, self.headers())

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = await self._body(request, fields.CHAT)
        chat_request.check(body, strict=self._strict)
        question = chat_request.question(body)
        prompt = chat_request.prompt_tokens(body)
        said = chat_answer.Said(
            id=f"chatcmpl-{self.number():08}",
            model=body["model"],
            replies=tuple(self._reply(question) for _ in range(body.get("n") or 1)),
            prompt_tokens=len(prompt),
            cached_tokens=self._cache.cached(body["model"], prompt),
            logprobs=bool(body.get("logprobs")),
            top_logprobs=body.get("top_logprobs") or 0,
            reasoning_field=self._reasoning_field,
        )
        self._charge(chat_answer.usage(said)["total_tokens"])
        if not body.get("stream"):
            return answer(chat_answer.whole(said), headers=self.headers())
        include_usage = bool((body.get("stream_options") or {}).get("include_usage"))
        chunks = map(event, chat_answer.chunks(said, include_usage=include_usage))
        return await self._send(request, chain(chunks, (_DONE,)))

    async def _completions(self, request: web.Request) -> web.StreamResponse:
        body = await self._body(request, fields.COMPLETIONS)
        completions.check(body)
        said = completions.said(body, self.number(), self._reply)
        self._charge(said["usage"]["total_tokens"])
        if not body.get("stream"):
            return answer(said, headers=self.headers())
        include_usage = bool((body.get("stream_options") or {}).get("include_usage"))
        chunks = map(event, completions.chunks(said, include_usage=include_usage))
        return await self._send(request, chain(chunks, (_DONE,)))

    async def _responses(self, request: web.Request) -> web.StreamResponse:
        body = await self._body(request, fields.RESPONSES)
        responses_request.check(body)
        history = [*self._history(body.get("previous_response_id")), *responses_request.items(body)]
        responses_request.check_items(history)
        prompt = responses_request.prompt_tokens(body, history)
        reply = self._reply(responses_request.question(body, history))
        cached = self._cache.cached(body["model"], prompt)
        finished = responses_answer.whole(body, self.number(), reply, len(prompt), cached)
        self._charge(finished["usage"]["total_tokens"])
        if body.get("store") is not False:
            self._stored[finished["id"]] = (finished, [*history, *finished["output"]])
        if not body.get("stream"):
            return answer(finished, headers=self.headers())
        return await self._send(request, (event(data, data["type"]) for data in responses_answer.events(finished)))

    def _history(self, previous: str | None) -> list[Json]:
        if previous is None:
            return []
        if previous not in self._stored:
            message = f"Previous response with id '{previous}' not found."
            raise errors.invalid(message, "previous_response_id", "previous_response_not_found")
        return self._stored[previous][1]

    async def _stored_response(self, request: web.Request) -> web.StreamResponse:
        name = request.path.rpartition("/")[2]
        if name not in self._stored:
            raise errors.failure(404, f"Response with id '{name}' not found.")
        return answer(self._stored[name][0], headers=self.headers())

    async def _embeddings(self, request: web.Request) -> web.StreamResponse:
        said = media.embeddings(await self._body(request, fields.EMBEDDINGS))
        self._charge(said["usage"]["total_tokens"])
        return answer(said, headers=self.headers())

    async def _transcriptions(self, request: web.Request) -> web.StreamResponse:
        form, name, data = media.read_form(request.headers.get("content-type", ""), await request.read())
        self._check_model(form.get("model"))
        media.check_transcription(form, name, data)
        if form.get("stream") == "true" and not form["model"].startswith("whisper"):
            events = (event(data, data["type"]) for data in media.transcription_events(form, name, data))
            return await self._send(request, events)
        said = media.transcription(form, name, data)
        if isinstance(said, str):
            return web.Response(text=said, headers=self.headers())
        return answer(said, headers=self.headers())

    def card(self, name: str) -> Json:
        """How a model stands in the list of models."""
        return {"id": name, "object": "model", "created": chat_answer.CREATED, "owned_by": "openai"}

    async def _models(self, request: web.Request) -> web.StreamResponse:
        return answer({"object": "list", "data": [self.card(name) for name in self.models]}, headers=self.headers())

    async def _model(self, request: web.Request) -> web.StreamResponse:
        name = request.path.rpartition("/")[2]
        if name not in self.models:
            raise errors.unknown_model(name)
        return answer(self.card(name), headers=self.headers())
