"""The fake reranker and the fake servers of one's own."""

from typing import Any

import aiohttp
import openai
import pytest

from freehold.testing.vendors import FakeLMStudio, FakeOllama, FakeRerank, FakeVLLM

DOCUMENTS = ["a dog barks", {"text": "the cat sat"}, "the cat and the mouse"]


async def post(url: str, body: Any, key: str = "") -> tuple[int, Any]:
    headers = {"authorization": f"Bearer {key}"}
    async with aiohttp.ClientSession() as session, session.post(url, json=body, headers=headers) as said:
        return said.status, await said.json()


async def test_documents_are_ranked_by_relevance() -> None:
    async with FakeRerank() as vendor:
        body = {"model": "rerank-v3.5", "query": "cat mouse", "documents": DOCUMENTS, "top_n": 2}
        status, said = await post(f"{vendor.base_url}/rerank", body, vendor.key)
    assert status == 200
    assert [(result["index"], result["relevance_score"]) for result in said["results"]] == [(2, 1.0), (1, 0.5)]
    assert said["results"][1]["document"] == {"text": "the cat sat"}
    assert said["usage"]["total_tokens"] > 0


@pytest.mark.parametrize(
    ("body", "key", "status"),
    [
        ({"model": "rerank-v3.5", "query": "cat", "documents": DOCUMENTS}, "wrong", 401),
        ({"model": "unknown", "query": "cat", "documents": DOCUMENTS}, None, 404),
        ({"model": "rerank-v3.5", "query": "", "documents": DOCUMENTS}, None, 400),
        ({"model": "rerank-v3.5", "query": "cat", "documents": []}, None, 400),
    ],
)
async def test_a_wrong_rerank_request_is_turned_away(body: Any, key: str | None, status: int) -> None:
    async with FakeRerank() as vendor:
        said = await post(f"{vendor.base_url}/rerank", body, vendor.key if key is None else key)
    assert said[0] == status and "message" in said[1]


@pytest.mark.parametrize(
    "vendor", [FakeVLLM("m"), FakeOllama("m"), FakeLMStudio("m")], ids=["vllm", "ollama", "lmstudio"]
)
async def test_an_open_server_takes_any_key_and_extra_fields(vendor: Any) -> None:
    async with vendor, openai.AsyncOpenAI(base_url=vendor.base_url, api_key="any") as client:
        said = await client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "Hi"}], extra_body={"top_k": 1}
        )
        assert said.choices[0].message.content == "You said: Hi"
        assert [model.id async for model in client.models.list()] == ["m"]


async def test_vllm_reranks_too() -> None:
    async with FakeVLLM("bge-reranker") as vendor:
        body = {"model": "bge-reranker", "query": "cat", "documents": DOCUMENTS, "return_documents": False}
        status, said = await post(f"{vendor.base_url}/rerank", body)
    assert status == 200
    assert said["results"][0] == {"index": 1, "relevance_score": 1.0}


async def test_lm_studio_answers_200_to_what_it_does_not_know() -> None:
    async with FakeLMStudio("m") as vendor:
        status, said = await post(f"{vendor.url}/api/tags", {})
    assert (status, list(said)) == (200, ["error"])
