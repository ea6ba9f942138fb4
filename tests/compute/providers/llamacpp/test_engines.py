"""Engines come and go: loaded late, shared, bounded, mended after a crash, never left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from asking import answer, asking, events_of, offer_of, streaming, text_of

from freehold.compute.providers.llamacpp import LlamaCppProvider
from freehold.ground.errors import CannotServe, ProviderBroken, ProviderBusy, ProviderTimedOut
from freehold.ground.paths import Home
from freehold.ground.units import Seconds
from freehold.testing.tiny_gguf import write_tiny_encoder, write_tiny_gguf
from freehold.words.dialects import Dialect


def engines() -> list[psutil.Process]:
    """The engine processes of this one."""
    return [child for child in psutil.Process().children() if "llamacpp.child" in " ".join(child.cmdline())]


async def gone(process: psutil.Process) -> None:
    await asyncio.to_thread(process.wait)


async def test_a_model_is_loaded_when_it_is_asked_for_and_only_once(provider: LlamaCppProvider) -> None:
    assert provider.loaded == ()
    await asyncio.gather(*(answer(provider) for _ in range(4)))
    assert provider.loaded == ("tiny",)
    assert len(engines()) == 1


async def test_a_warm_model_is_there_before_it_is_asked(provider: LlamaCppProvider) -> None:
    await provider.warm("tiny")
    assert provider.loaded == ("tiny",)


async def test_closing_a_stream_stops_the_engine(make) -> None:
    """With one place and no end in sight, the second is answered only because the first was stopped."""
    provider = make(parallel=1, context=200_000)
    stream = await streaming(provider, "endless", max_tokens=None)
    await stream.aclose()
    await stream.aclose()
    assert (await answer(provider, "endless")).usage.output == 8
    assert stream.usage.estimated


async def test_leaving_a_stream_in_the_middle_stops_the_engine(make) -> None:
    provider = make(parallel=1, context=200_000)
    stream = await streaming(provider, "endless", max_tokens=None)
    async for _ in stream:
        break
    await stream.aclose()
    assert (await answer(provider, "endless")).usage.output == 8


async def test_cancelling_the_task_that_waits_stops_the_engine(make) -> None:
    provider = make(parallel=1, context=200_000)
    await provider.warm("endless")
    waiting = asyncio.create_task(answer(provider, "endless", max_tokens=None))
    while not provider.status().in_flight:
        await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert (await answer(provider, "endless")).usage.output == 8


async def test_a_deadline_stops_the_engine(make) -> None:
    provider = make(parallel=1, context=200_000)
    await provider.warm("endless")
    with pytest.raises(ProviderTimedOut):
        await provider.infer(asking(max_tokens=None), offer_of(provider, "endless"), timeout=Seconds(0.2))
    assert (await answer(provider, "endless")).usage.output == 8


async def test_a_stream_that_is_read_late_is_whole(make) -> None:
    """It is longer than the sockets hold, so the engine has to wait for its reader."""
    provider = make(parallel=1, context=20_000)
    stream = await streaming(provider, "endless", max_tokens=3000)
    events = await events_of(stream)
    assert stream.usage.output == 3000
    assert len(events) > 1000


async def test_those_who_wait_are_bounded(make) -> None:
    provider = make(parallel=1, waiting=1, context=200_000)
    stream = await streaming(provider, "endless", max_tokens=None)
    second = asyncio.create_task(answer(provider, "endless"))
    while provider.status().in_flight < 2:
        await asyncio.sleep(0)
    with pytest.raises(ProviderBusy):
        await answer(provider, "endless")
    await stream.aclose()
    assert (await second).usage.output == 8


async def test_an_engine_that_dies_breaks_its_streams_and_is_started_anew(make) -> None:
    provider = make(context=200_000)
    stream = await streaming(provider, "endless", max_tokens=None)
    (engine,) = engines()
    engine.kill()
    with pytest.raises(ProviderBroken):
        await events_of(stream)
    assert (await answer(provider, "endless")).usage.output == 8
    assert len(engines()) == 1


async def test_a_file_that_only_llama_cpp_finds_wrong_costs_an_engine_not_the_gateway(make, copy: Home) -> None:
    path = copy.models / "tiny.gguf"
    path.write_bytes(path.read_bytes().replace(b"blk.0.attn_q.weight", b"blk.0.attn_z.weight"))
    provider = make(copy)
    with pytest.raises(ProviderBroken, match="cannot be loaded"):
        await answer(provider)
    assert engines() == []


async def test_a_file_that_makes_llama_cpp_abort_costs_an_engine_not_the_gateway(make, tmp_path: Path) -> None:
    home = Home(tmp_path)
    path = write_tiny_encoder(home.models / "tiny.gguf")
    path.write_bytes(path.read_bytes().replace("▁b".encode(), "▁a".encode()))
    with pytest.raises(ProviderBroken, match="crashed") as caught:
        await answer(make(home), dialect=Dialect.EMBEDDINGS, input="a")
    assert "GGML_ASSERT" in caught.value.advice
    assert engines() == []


async def test_a_broken_file_is_not_offered_and_a_new_one_is(make, copy: Home) -> None:
    provider = make(copy)
    whole = (copy.models / "tiny.gguf").read_bytes()
    (copy.models / "cut.gguf").write_bytes(whole[:-100])
    assert [offer.model for offer in provider.offers()] == ["tiny"]
    (copy.models / "new.gguf").write_bytes(whole)
    assert [offer.model for offer in provider.offers()] == ["new", "tiny"]


async def test_a_file_cut_after_it_was_offered_is_found_before_llama_cpp_sees_it(make, copy: Home) -> None:
    provider = make(copy)
    offer = offer_of(provider)
    path = copy.models / "tiny.gguf"
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 100)
    with pytest.raises(ProviderBroken, match="cut short"):
        await provider.infer(asking(), offer)


async def test_the_longest_unused_model_makes_room(make) -> None:
    provider = make(memory=100 << 20)
    await answer(provider, "tiny")
    await answer(provider, "endless")
    assert provider.loaded == ("endless",)
    assert len(engines()) == 1


async def test_a_model_at_work_is_not_thrown_out(make) -> None:
    provider = make(memory=100 << 20, context=100_000, parallel=1)
    stream = await streaming(provider, "endless", max_tokens=None)
    with pytest.raises(ProviderBusy, match="No room"):
        await answer(provider, "tiny")
    await stream.aclose()


async def test_a_model_bigger_than_the_memory_it_may_take_is_not_loaded(make) -> None:
    with pytest.raises(CannotServe, match="MiB"):
        await answer(make(memory=1 << 20))


async def test_a_file_that_was_replaced_is_loaded_anew(make, copy: Home) -> None:
    provider = make(copy)
    before = text_of((await answer(provider)).body)
    write_tiny_gguf(copy.models / "other", seed=8).rename(copy.models / "tiny.gguf")
    assert text_of((await answer(provider)).body) != before


async def test_an_idle_model_is_unloaded(make) -> None:
    provider = make(idle=0.01)
    await provider.warm("tiny")
    for engine in engines():
        await gone(engine)
    assert provider.loaded == ()
    assert text_of((await answer(provider)).body)


async def test_closing_ends_every_engine_and_leaves_no_files(make) -> None:
    provider = make(context=200_000)
    stream = await streaming(provider, "endless", max_tokens=None)
    (engine,) = engines()
    socket = Path(engine.net_connections("unix")[0].laddr)
    await provider.aclose()
    assert not engine.is_running()
    assert not socket.exists()
    with pytest.raises(ProviderBroken):
        await events_of(stream)


_GATEWAY = """
import asyncio, sys
from pathlib import Path
from freehold.compute.providers.llamacpp import LlamaCppOptions, LlamaCppProvider
from freehold.ground.paths import Home

async def main():
    provider = LlamaCppProvider(Home(Path(sys.argv[1])), LlamaCppOptions(threads=1))
    await provider.warm("tiny")
    print("warm", flush=True)
    if sys.argv[2] == "stay":
        await asyncio.Event().wait()
    await provider.aclose()

asyncio.run(main())
"""


def test_an_engine_does_not_outlive_a_killed_gateway(tiny_home: Home) -> None:
    command = [sys.executable, "-c", _GATEWAY, str(tiny_home.root), "stay"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ) as gateway:
        assert gateway.stdout is not None
        assert gateway.stdout.readline() == b"warm\n"
        (engine,) = psutil.Process(gateway.pid).children()
        gateway.send_signal(signal.SIGKILL)
    engine.wait()


def test_the_process_ends_cleanly_and_llama_cpp_keeps_quiet(tiny_home: Home) -> None:
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", _GATEWAY, str(tiny_home.root), "leave"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "warm\n"
    assert not [line for line in done.stderr.splitlines() if not line.startswith("Executing <")]
