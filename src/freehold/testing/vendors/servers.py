"""Model servers of one's own on loopback: each says who it is as the real one does, and answers like an open server.

They take no key, ignore fields they do not know and show their reasoning. Embeddings, completions and the rest are
`FakeOpenAI`'s.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from aiohttp import web

from freehold.testing.vendors.loopback import Failure, Handler, Json, answer
from freehold.testing.vendors.openai.vendor import FakeOpenAI
from freehold.testing.vendors.rerank import reranked


class OpenServer(FakeOpenAI):
    """What the fakes below share."""

    owner = ""

    def __init__(self, *models: str) -> None:
        super().__init__(keys=(), models=models, reasoning_field="reasoning_content", strict=False)

    def headers(self) -> Mapping[str, str]:
        return {}

    def card(self, name: str) -> Json:
        return {"id": name, "object": "model", "created": 1_760_000_000, "owned_by": self.owner}


class FakeVLLM(OpenServer):
    """vLLM: tells the length of its context, and reranks."""

    owner = "vllm"
    context = 32_768

    def headers(self) -> Mapping[str, str]:
        return {"server": "uvicorn"}

    def card(self, name: str) -> Json:
        return {**super().card(name), "root": name, "parent": None, "max_model_len": self.context, "permission": []}

    def routes(self) -> Mapping[tuple[str, str], Handler]:
        return {**super().routes(), ("GET", "/version"): self._version, ("POST", "/v1/rerank"): self._rerank}

    async def _version(self, request: web.Request) -> web.StreamResponse:
        return answer({"version": "0.22.1"})

    async def _rerank(self, request: web.Request) -> web.StreamResponse:
        return answer(reranked(await request.json(), self.number()))


class FakeSGLang(OpenServer):
    """SGLang: tells the length of its context."""

    owner = "sglang"
    context = 131_072

    def card(self, name: str) -> Json:
        return {**super().card(name), "root": name, "parent": None, "max_model_len": self.context}


class FakeLlamaCpp(OpenServer):
    """llama.cpp's server: one model, its size in the list, the rest in its properties."""

    owner = "llamacpp"
    parameters = 1_720_574_976
    context = 4096

    def __init__(self, *models: str, vision: bool = False) -> None:
        super().__init__(*models)
        self._vision = vision

    def headers(self) -> Mapping[str, str]:
        return {"server": "llama.cpp"}

    def card(self, name: str) -> Json:
        meta = {"vocab_type": 2, "n_vocab": 151_936, "n_ctx_train": 40_960, "n_embd": 2048, "n_params": self.parameters}
        return {**super().card(name), "meta": meta}

    def routes(self) -> Mapping[tuple[str, str], Handler]:
        return {**super().routes(), ("GET", "/props"): self._props, ("GET", "/health"): self._health}

    async def _props(self, request: web.Request) -> web.StreamResponse:
        settings = {"id": 0, "n_ctx": self.context, "speculative": False}
        modalities = {"vision": self._vision, "audio": False}
        return answer({"default_generation_settings": settings, "total_slots": 1, "modalities": modalities})

    async def _health(self, request: web.Request) -> web.StreamResponse:
        return answer({"status": "ok"})


class FakeLMStudio(OpenServer):
    """LM Studio: lists types and states in an API of its own, and answers 200 to what it does not know."""

    owner = "organization_owner"
    context = 8192

    def __init__(self, *models: str, vision: Iterable[str] = (), embeddings: Iterable[str] = ()) -> None:
        super().__init__(*models, *vision, *embeddings)
        self._types = {**dict.fromkeys(vision, "vlm"), **dict.fromkeys(embeddings, "embeddings")}

    def routes(self) -> Mapping[tuple[str, str], Handler]:
        return {**super().routes(), ("GET", "/api/v0/models"): self._described}

    def not_found(self, method: str, path: str) -> Failure:
        return Failure(200, {"error": f"Unexpected endpoint or method. ({method} {path})"})

    async def _described(self, request: web.Request) -> web.StreamResponse:
        cards = [
            {
                "id": name,
                "object": "model",
                "type": self._types.get(name, "llm"),
                "state": "loaded",
                "max_context_length": 131_072,
                "loaded_context_length": self.context,
            }
            for name in self.models
        ]
        return answer({"object": "list", "data": cards})


class FakeOllama(OpenServer):
    """Ollama: tags with sizes, and abilities on request. `cloud` models are listed too, but run elsewhere."""

    owner = "library"

    def __init__(
        self,
        *models: str,
        sizes: Mapping[str, str] | None = None,
        abilities: Mapping[str, Iterable[str]] | None = None,
        cloud: Iterable[str] = (),
    ) -> None:
        super().__init__(*models, *cloud)
        self._sizes = sizes or {}
        self._abilities = {name: list(words) for name, words in (abilities or {}).items()}
        self._cloud = set(cloud)

    def routes(self) -> Mapping[tuple[str, str], Handler]:
        return {
            **super().routes(),
            ("GET", "/api/version"): self._version,
            ("GET", "/api/tags"): self._tags,
            ("POST", "/api/show"): self._show,
        }

    async def _models(self, request: web.Request) -> web.StreamResponse:
        return answer({"object": "list", "data": [self.card(name) for name in self.models] or None})

    async def _version(self, request: web.Request) -> web.StreamResponse:
        return answer({"version": "0.13.3"})

    async def _tags(self, request: web.Request) -> web.StreamResponse:
        return answer({"models": [self._tag(name) for name in self.models]})

    def _tag(self, name: str) -> Json:
        elsewhere = {"remote_model": name, "remote_host": "https://ollama.com:443"} if name in self._cloud else {}
        details = {"format": "gguf", "family": "llama", "parameter_size": self._sizes.get(name, "3.2B")}
        digest = hashlib.sha256(name.encode()).hexdigest()
        return {"name": name, "model": name, "size": 1, "digest": digest, "details": details, **elsewhere}

    async def _show(self, request: web.Request) -> web.StreamResponse:
        name = (await request.json()).get("model")
        if name not in self.models:
            raise Failure(404, {"error": f"model '{name}' not found"})
        return answer({"details": {}, "model_info": {}, "capabilities": self._abilities.get(name, ["completion"])})
