"""A reranker on loopback, in the shape that Cohere, Jina, vLLM and llama.cpp share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import web

from freehold.testing.vendors.loopback import Failure, Handler, Heard, Json, Vendor, answer
from freehold.testing.vendors.replies import tokens

KEY = "rerank-loopback-0123456789"


class FakeRerank(Vendor):
    """Scores documents by the share of the query's words that they contain; ties keep the order of the request."""

    def __init__(self, *, keys: Iterable[str] = (KEY,), models: Iterable[str] = ("rerank-v3.5",)) -> None:
        super().__init__()
        self.keys = set(keys)
        self.models = list(models)

    @property
    def key(self) -> str:
        """A key that works."""
        return next(iter(sorted(self.keys)), "")

    def routes(self) -> Mapping[tuple[str, str], Handler]:
        return {("POST", "/v1/rerank"): self._rerank, ("GET", "/v1/models"): self._models}

    def admit(self, heard: Heard) -> None:
        if self.keys and heard.headers.get("authorization", "").removeprefix("Bearer ") not in self.keys:
            raise Failure(401, {"message": "invalid api token"})

    async def _rerank(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        if body.get("model") not in self.models:
            raise Failure(404, {"message": f"model '{body.get('model')}' not found"})
        return answer(reranked(body, self.number()))

    async def _models(self, request: web.Request) -> web.StreamResponse:
        cards = [{"id": name, "object": "model", "created": 0, "owned_by": "rerank"} for name in self.models]
        return answer({"object": "list", "data": cards})


def reranked(body: Json, number: int) -> Json:
    """The answer to a rerank request; raises the Failure with which a wrong one is turned away."""
    query, documents = body.get("query"), body.get("documents")
    if not query or not documents:
        raise Failure(400, {"message": "invalid request: query and documents must not be empty"})
    texts = [_text(document) for document in documents]
    ranked = sorted(enumerate(texts), key=lambda pair: (-relevance(query, pair[1]), pair[0]))
    with_documents = body.get("return_documents") is not False
    results = [
        {
            "index": index,
            "relevance_score": relevance(query, text),
            **({"document": {"text": text}} if with_documents else {}),
        }
        for index, text in ranked[: body.get("top_n") or len(texts)]
    ]
    total = len(tokens(query)) * len(texts) + sum(len(tokens(text)) for text in texts)
    return {"id": f"rerank-{number:08}", "model": body["model"], "usage": {"total_tokens": total}, "results": results}


def relevance(query: str, document: str) -> float:
    """Share of the query's words that the document has."""
    wanted = set(query.lower().split())
    return len(wanted & set(document.lower().split())) / len(wanted) if wanted else 0.0


def _text(document: Any) -> str:
    return document if isinstance(document, str) else str(document["text"])
