"""Finding the model servers that run on this machine."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from freehold.compute.discovery import Discovery, origins_to_ask
from freehold.compute.offering import offers_for
from freehold.compute.upstream import Deadlines, Origin, Upstream, open_upstream
from freehold.ground.units import Seconds
from freehold.testing.faulty import (
    Behaviour,
    FaultyServer,
    black_hole,
    close_at_once,
    closed_port,
    drip,
    endless_body,
    error_status,
    garbage,
    huge_headers,
    length_too_long,
    reply,
    reset_at_once,
    reset_in_body,
)
from freehold.testing.tiny_gguf import write_tiny_gguf
from freehold.testing.vendors import (
    FakeLlamaCpp,
    FakeLMStudio,
    FakeOllama,
    FakeOpenAI,
    FakeSGLang,
    FakeVLLM,
    Vendor,
)
from freehold.words.dialects import Capability, Dialect
from freehold.words.offers import Layer, Offer, Place
from freehold.words.prices import FREE


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    opened = open_upstream()
    yield opened
    await opened.aclose()


def origin(vendor: Vendor | FaultyServer) -> Origin:
    return Origin("http", "127.0.0.1", vendor.port)


def looking(upstream: Upstream, *origins: Origin) -> Discovery:
    """With little patience, so that the silent ones do not take long."""
    short = Deadlines(connect=Seconds(0.5), first_byte=Seconds(0.2), between_chunks=Seconds(0.2))
    return Discovery(upstream, origins, deadlines=short, whole=Seconds(0.5))


async def offers_at(upstream: Upstream, *vendors: Vendor) -> dict[str, Offer]:
    servers = await Discovery(upstream, map(origin, vendors)).look()
    return {offer.name: offer for server in servers for offer in offers_for(server.row)}


async def test_vllm_is_found_with_its_context(upstream: Upstream) -> None:
    async with FakeVLLM("Qwen/Qwen3-8B", "BAAI/bge-reranker") as vendor:
        offers = await offers_at(upstream, vendor)
    chat, rerank = offers["vllm/Qwen/Qwen3-8B"], offers["vllm/BAAI/bge-reranker"]
    assert (chat.context, chat.place, chat.price, chat.retention_days) == (32_768, Place.LOCAL, FREE, 0)
    assert Dialect.CHAT in chat.dialects and rerank.dialects == {Dialect.RERANK}


async def test_sglang_is_found(upstream: Upstream) -> None:
    async with FakeSGLang("meta-llama/Llama-3.1-8B-Instruct") as vendor:
        offers = await offers_at(upstream, vendor)
    assert offers["sglang/meta-llama/Llama-3.1-8B-Instruct"].context == 131_072


async def test_llamacpp_is_found_with_its_size_and_senses(upstream: Upstream) -> None:
    async with FakeLlamaCpp("qwen3-1.7b", vision=True) as seeing, FakeLlamaCpp("smollm2") as blind:
        offers = await offers_at(upstream, seeing, blind)
        second = f"llamacpp-{blind.port}/smollm2"
    assert list(offers) == ["llamacpp/qwen3-1.7b", second]
    found = offers["llamacpp/qwen3-1.7b"]
    assert (found.context, found.parameters, found.layer) == (4096, 1_720_574_976, Layer.SMALL)
    assert Capability.VISION in found.capabilities
    assert Capability.VISION not in offers[second].capabilities


SERVE = """
import sys, xllamacpp
parameters = xllamacpp.CommonParams()
parameters.model.path, parameters.model_alias = sys.argv[1], {"tiny"}
parameters.hostnames, parameters.port = ["127.0.0.1"], 0
parameters.n_ctx, parameters.cpuparams.n_threads, parameters.verbosity = 256, 1, 1
server = xllamacpp.Server(parameters)
print(server.listening_address, flush=True)
sys.stdin.read()
"""


async def test_a_real_llamacpp_is_found(upstream: Upstream, tmp_path: Path) -> None:
    weights = write_tiny_gguf(tmp_path / "tiny.gguf")
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-c", SERVE, str(weights))
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    assert process.stdin is not None and process.stdout is not None
    try:
        address = (await process.stdout.readline()).decode().strip()
        (server,) = await Discovery(upstream, origins_to_ask({}, [address])[-1:]).look()
    finally:
        process.stdin.close()
        await process.wait()
    (offer,) = offers_for(server.row)
    assert (offer.name, offer.context, offer.layer) == ("llamacpp/tiny", 256, Layer.TINY)
    assert Capability.CHAT in offer.capabilities and Capability.VISION not in offer.capabilities


async def test_lm_studio_is_found_with_what_each_model_is_for(upstream: Upstream) -> None:
    async with FakeLMStudio("llama-3.1-8b", vision=["qwen2-vl"], embeddings=["nomic"]) as vendor:
        offers = await offers_at(upstream, vendor)
    assert offers["lmstudio/nomic"].capabilities == {Capability.EMBEDDING}
    assert offers["lmstudio/nomic"].dialects == {Dialect.EMBEDDINGS}
    assert Capability.VISION in offers["lmstudio/qwen2-vl"].capabilities
    assert Capability.VISION not in offers["lmstudio/llama-3.1-8b"].capabilities
    assert offers["lmstudio/llama-3.1-8b"].context == 8192


async def test_ollama_is_found_with_sizes_and_abilities(upstream: Upstream) -> None:
    sizes = {"llama3.2:1b": "1.2B", "nomic-embed-text:latest": "137M", "qwen3:8b": "8.2B"}
    abilities = {
        "llama3.2:1b": ["completion", "tools"],
        "nomic-embed-text:latest": ["embedding"],
        "qwen3:8b": ["completion", "thinking", "vision"],
    }
    async with FakeOllama(*sizes, sizes=sizes, abilities=abilities) as vendor:
        offers = await offers_at(upstream, vendor)
    assert {name: offer.parameters for name, offer in offers.items()} == {
        "ollama/llama3.2:1b": 1.2e9,
        "ollama/nomic-embed-text:latest": 137e6,
        "ollama/qwen3:8b": 8.2e9,
    }
    assert offers["ollama/nomic-embed-text:latest"].dialects == {Dialect.EMBEDDINGS}
    assert Capability.TOOLS in offers["ollama/llama3.2:1b"].capabilities
    assert Capability.TOOLS not in offers["ollama/qwen3:8b"].capabilities
    assert {Capability.REASONING, Capability.VISION} <= offers["ollama/qwen3:8b"].capabilities


async def test_a_model_that_ollama_runs_in_the_cloud_is_not_taken_for_local(upstream: Upstream) -> None:
    async with FakeOllama("llama3.2", cloud=["gpt-oss:120b-cloud", "sneaky"]) as vendor:
        assert list(await offers_at(upstream, vendor)) == ["ollama/llama3.2"]


async def test_abilities_are_asked_once_per_model(upstream: Upstream) -> None:
    async with FakeOllama("a", "b") as vendor:
        discovery = Discovery(upstream, [origin(vendor)])
        for _ in range(3):
            await discovery.look()
        assert [heard.path for heard in vendor.heard].count("/api/show") == 2


async def test_no_key_is_ever_sent(upstream: Upstream) -> None:
    async with FakeOllama("a") as ollama, FakeLlamaCpp("b") as llamacpp, FakeLMStudio("c") as studio:
        await offers_at(upstream, ollama, llamacpp, studio)
        for heard in [*ollama.heard, *llamacpp.heard, *studio.heard]:
            assert not heard.headers.keys() & {"authorization", "x-api-key", "cookie"}


async def test_who_does_not_say_what_it_is_is_not_offered(upstream: Upstream) -> None:
    async with FakeOpenAI(keys=()) as some_proxy, FakeOpenAI() as locked:
        assert await offers_at(upstream, some_proxy, locked) == {}


class Freehold(FakeVLLM):
    """Freehold itself: lists the models of a vLLM that it stands before."""

    def __init__(self, mark: dict[str, str]) -> None:
        super().__init__("qwen")
        self._mark = mark

    def headers(self) -> dict[str, str]:
        return self._mark


@pytest.mark.parametrize("mark", [{"server": "freehold"}, {"x-freehold-request-id": "1"}])
async def test_freehold_does_not_find_itself(upstream: Upstream, mark: dict[str, str]) -> None:
    async with Freehold(mark) as itself:
        assert await offers_at(upstream, itself) == {}


async def test_a_server_that_stops_is_gone_and_one_that_starts_is_found(upstream: Upstream) -> None:
    first = FakeVLLM("one")
    await first.__aenter__()
    async with FakeVLLM("two") as second:
        discovery = Discovery(upstream, [origin(first), origin(second)])
        assert [server.row.models[0].id for server in await discovery.look()] == ["one", "two"]
        await first.__aexit__(None, None, None)
        assert [server.row.models[0].id for server in await discovery.look()] == ["two"]
        second.models.append("three")
        assert [model.id for model in (await discovery.look())[0].row.models] == ["two", "three"]


async def test_a_busy_server_stays_found(upstream: Upstream) -> None:
    listing = {"object": "list", "data": [{"id": "m", "owned_by": "vllm"}]}
    async with FaultyServer(reply(json.dumps(listing).encode()), black_hole()) as server:
        discovery = looking(upstream, origin(server))
        assert len(await discovery.look()) == 1
        assert len(await discovery.look()) == 1


def cards(*given: object) -> bytes:
    return json.dumps({"object": "list", "data": list(given)}).encode()


def vllm(**fields: object) -> dict[str, object]:
    return {"id": "m", "owned_by": "vllm", **fields}


NONSENSE: dict[str, Behaviour] = {
    "refuses": close_at_once(),
    "resets": reset_at_once(),
    "resets halfway": reset_in_body(),
    "says nothing": black_hole(),
    "drips": drip(interval=0.02),
    "never ends": endless_body(),
    "is garbage": garbage(),
    "has huge headers": huge_headers(),
    "is short": length_too_long(),
    "fails": error_status(500),
    "is empty": reply(b""),
    "is a web page": reply(b"<html>hello</html>"),
    "is a list": reply(b"[]"),
    "is null": reply(b"null"),
    "has no models": reply(b'{"data":null}'),
    "is deep": reply(b'{"data":' + b"[" * 200_000 + b"]" * 200_000 + b"}"),
    "is not UTF-8": reply(b'{"data":[{"id":"\xff","owned_by":"vllm"}]}'),
    "has a wrong type": reply(cards(vllm(max_model_len="long"))),
    "has a nameless model": reply(cards(vllm(id=""))),
    "has a name with a line break": reply(cards(vllm(id="a\r\nb"))),
    "has an endless name": reply(cards(vllm(id="a" * 10_000))),
    "has a wildcard for a name": reply(cards(vllm(id="*"))),
}


@pytest.mark.parametrize("behaviour", NONSENSE.values(), ids=NONSENSE.keys())
async def test_whatever_answers_a_look_ends_with_nothing_found(upstream: Upstream, behaviour: Behaviour) -> None:
    async with FaultyServer(behaviour) as server:
        assert await looking(upstream, origin(server)).look() == ()


async def test_one_bad_neighbour_does_not_hide_the_others(upstream: Upstream) -> None:
    with closed_port() as port:
        nobody = Origin("http", "127.0.0.1", port)
        async with FaultyServer(garbage()) as bad, FakeVLLM("good") as good:
            servers = await Discovery(upstream, [origin(bad), nobody, origin(good)]).look()
    assert [server.row.name for server in servers] == ["vllm"]


async def test_numbers_out_of_bounds_are_unknown_and_models_are_bounded(upstream: Upstream) -> None:
    many = [vllm(id=f"m{number}", max_model_len=-1, meta={"n_params": 1e300}) for number in range(1000)]
    async with FaultyServer(reply(cards(*many))) as server:
        (found,) = await Discovery(upstream, [origin(server)]).look()
    assert len(found.row.models) == 128
    assert found.row.models[0].context is None and found.row.models[0].parameters is None


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("127.0.0.1:9999", ("127.0.0.1", 9999)),
        ("0.0.0.0", ("127.0.0.1", 11434)),
        ("0.0.0.0:9999", ("127.0.0.1", 9999)),
        (":9999", ("127.0.0.1", 9999)),
        ("localhost:9999", ("127.0.0.1", 9999)),
        ("http://127.0.0.1:9999/", ("127.0.0.1", 9999)),
        ("[::1]:9999", ("::1", 9999)),
        ("192.168.1.7:11434", None),
        ("gpu-box", None),
        ("https://ollama.com", None),
        ("127.0.0.1:99999", None),
        ("http://[", None),
    ],
)
def test_ollamas_host_is_asked_if_it_is_this_machine(stated: str, expected: tuple[str, int] | None) -> None:
    usual = set(origins_to_ask({}))
    further = set(origins_to_ask({"OLLAMA_HOST": stated})) - usual
    named = {(origin.host, origin.port) for origin in further}
    assert named == ({expected} if expected and expected != ("127.0.0.1", 11434) else set())


def test_the_usual_ports_are_asked_on_loopback_only() -> None:
    asked = origins_to_ask({}, ["127.0.0.1:5000"])
    assert {origin.port for origin in asked} == {11434, 8000, 30000, 8080, 1234, 5000}
    assert {origin.host for origin in asked} == {"127.0.0.1"}
