"""Speech is written down: a real model listens to a clip that espeak-ng spoke."""

from __future__ import annotations

import asyncio
import io
import json
import re
import struct
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from freehold.compute.provider import Answer, Inference
from freehold.compute.providers.whisper import WhisperOptions, WhisperProvider
from freehold.compute.providers.whisper import provider as provider_module
from freehold.ground.errors import CannotServe, InvalidRequest, ProviderBroken, ProviderBusy, ProviderTimedOut
from freehold.ground.paths import Home
from freehold.ground.units import Seconds
from freehold.words.asks import Ask, Upload
from freehold.words.dialects import Dialect

CASTLE = (Path(__file__).parent / "castle.wav").read_bytes()
SAID = "my house is my castle"


def asking(audio: bytes = CASTLE, *, filename: str = "a.wav", stream: bool = False, **fields: Any) -> Ask:
    raw = {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in fields.items()}
    upload = Upload(filename=filename, content_type="application/octet-stream", data=audio)
    return Ask(
        id="a", dialect=Dialect.TRANSCRIPTIONS, model="auto", fields=raw, needs=frozenset(), upload=upload,
        stream=stream,
    )  # fmt: skip


@pytest.fixture
async def provider(speech_weights: Home) -> AsyncIterator[WhisperProvider]:
    made = WhisperProvider(speech_weights)
    yield made
    await made.aclose()


async def heard(provider: WhisperProvider, ask: Ask) -> Answer:
    found = await provider.infer(ask, provider.offers()[0])
    assert isinstance(found, Answer)
    return found


def plain(text: str) -> str:
    return re.sub(r"[^a-z ]", "", text.lower()).strip()


def listeners() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "whisper.child" in " ".join(child.cmdline())]


def recoded(container: str, codec: str) -> bytes:
    """The clip in another container."""
    import av

    target = io.BytesIO()
    with av.open(io.BytesIO(CASTLE)) as source, av.open(target, "w", format=container) as out:
        stream = out.add_stream(codec, rate=48000 if codec == "libopus" else 16000)
        resampler = av.AudioResampler(format=stream.codec_context.format, layout="mono", rate=stream.rate)
        for frame in source.decode(audio=0):
            for piece in resampler.resample(frame):
                out.mux(stream.encode(piece))
        out.mux(stream.encode(None))
    return target.getvalue()


async def test_it_writes_down_what_was_said(provider: WhisperProvider) -> None:
    assert isinstance(provider, Inference)
    found = await heard(provider, asking())
    body = json.loads(found.body)
    assert plain(body["text"]) == SAID
    assert body["usage"] == {"type": "duration", "seconds": 3}
    assert found.usage.audio_seconds == pytest.approx(2.07, abs=0.05)
    assert found.energy is not None
    assert found.energy.joules > 0


async def test_every_format_says_the_same(provider: WhisperProvider) -> None:
    text = await heard(provider, asking(response_format="text"))
    assert text.content_type.startswith("text/plain")
    assert plain(text.body.decode()) == SAID
    srt = (await heard(provider, asking(response_format="srt"))).body.decode()
    assert re.fullmatch(r"1\n00:00:00,\d{3} --> 00:00:0\d,\d{3}\nMy house is my castle\.\n\n", srt)
    vtt = (await heard(provider, asking(response_format="vtt"))).body.decode()
    assert vtt.startswith("WEBVTT\n\n00:00:00.")
    verbose = json.loads((await heard(provider, asking(response_format="verbose_json"))).body)
    assert (verbose["task"], verbose["language"], "words" in verbose) == ("transcribe", "english", False)
    assert plain(verbose["segments"][0]["text"]) == SAID
    assert verbose["duration"] == pytest.approx(2.07, abs=0.05)


async def test_words_have_their_times(provider: WhisperProvider) -> None:
    ask = asking(response_format="verbose_json", timestamp_granularities=["word"], temperature="0", language="en")
    body = json.loads((await heard(provider, ask)).body)
    assert [plain(word["word"]) for word in body["words"]] == SAID.split()
    times = [word["start"] for word in body["words"]]
    assert times == sorted(times)
    assert "segments" not in body


@pytest.mark.parametrize(
    ("container", "codec"),
    [("flac", "flac"), ("ogg", "libopus"), ("webm", "libopus"), ("mp3", "libmp3lame"), ("adts", "aac"), ("mp4", "aac")],
)  # fmt: skip
async def test_a_file_is_known_by_its_bytes_not_its_name(provider: WhisperProvider, container: str, codec: str) -> None:
    found = await heard(provider, asking(recoded(container, codec), filename="misnamed.txt"))
    assert plain(json.loads(found.body)["text"]) == SAID


@pytest.mark.parametrize(
    "audio",
    [
        b"#EXTM3U\n#EXTINF:1\nfile:///etc/passwd\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"not audio at all",
        b"\x89PNG\r\n\x1a\n" + bytes(50),
    ],
)
async def test_what_is_no_audio_never_reaches_a_listener(provider: WhisperProvider, audio: bytes) -> None:
    with pytest.raises(CannotServe, match="no audio known here"):
        await heard(provider, asking(audio))
    assert listeners() == []


@pytest.mark.parametrize("audio", [b"RIFF" + bytes(60), b"OggS" + bytes(60), CASTLE[:44], b"ID3" + b"\xff" * 99])
async def test_broken_audio_is_the_requests_fault_and_costs_nothing_more(
    provider: WhisperProvider, audio: bytes
) -> None:
    with pytest.raises(InvalidRequest):
        await heard(provider, asking(audio))
    assert plain(json.loads((await heard(provider, asking())).body)["text"]) == SAID
    assert len(listeners()) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"response_format": "poem"},
        {"temperature": "warm"},
        {"temperature": "3"},
        {"timestamp_granularities": ["word"]},
        {"response_format": "verbose_json", "timestamp_granularities": ["letter"]},
    ],
)
async def test_nonsense_is_refused(provider: WhisperProvider, fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        await heard(provider, asking(**fields))


@pytest.mark.parametrize("fields", [{"language": "de"}, {"chunking_strategy": "auto"}, {"stream": True}])
async def test_what_it_does_not_do_is_left_to_others(provider: WhisperProvider, fields: dict[str, Any]) -> None:
    with pytest.raises(CannotServe):
        await heard(provider, asking(**fields))


async def test_no_file_is_refused(provider: WhisperProvider) -> None:
    with pytest.raises(InvalidRequest, match="no audio"):
        await heard(provider, asking(b""))


async def test_size_and_length_are_bounded(speech_weights: Home) -> None:
    small = WhisperProvider(speech_weights, WhisperOptions(most_bytes=1000))
    with pytest.raises(CannotServe, match="bytes"):
        await heard(small, asking())
    short = WhisperProvider(speech_weights, WhisperOptions(most_seconds=Seconds(1.0)))
    with pytest.raises(CannotServe, match="longer than 1 s"):
        await heard(short, asking())
    await small.aclose()
    await short.aclose()


async def test_a_length_the_file_lies_about_is_counted_anyway(speech_weights: Home) -> None:
    liar = bytearray(wav(60.0))
    struct.pack_into("<I", liar, 4, 100)
    provider = WhisperProvider(speech_weights, WhisperOptions(most_seconds=Seconds(30.0)))
    with pytest.raises(CannotServe, match="longer"):
        await heard(provider, asking(bytes(liar)))
    await provider.aclose()


def wav(seconds: float) -> bytes:
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(bytes(int(seconds * 32000)))
    return target.getvalue()


async def test_those_who_wait_are_bounded(speech_weights: Home) -> None:
    provider = WhisperProvider(speech_weights, WhisperOptions(waiting=1))
    results = await asyncio.gather(*(heard(provider, asking()) for _ in range(3)), return_exceptions=True)
    assert [type(result) for result in results] == [Answer, Answer, ProviderBusy]
    await provider.aclose()


async def test_a_deadline_ends_the_listener(provider: WhisperProvider) -> None:
    await heard(provider, asking())
    with pytest.raises(ProviderTimedOut):
        await provider.infer(asking(), provider.offers()[0], timeout=Seconds(0.01))
    assert listeners() == []
    assert plain(json.loads((await heard(provider, asking())).body)["text"]) == SAID


async def test_a_listener_that_dies_is_an_error_and_the_next_one_is_new(provider: WhisperProvider) -> None:
    await heard(provider, asking())
    (listener,) = listeners()
    listener.suspend()
    waiting = asyncio.create_task(heard(provider, asking()))
    while not provider.status().in_flight:
        await asyncio.sleep(0)
    listener.kill()
    with pytest.raises(ProviderBroken):
        await waiting
    assert plain(json.loads((await heard(provider, asking())).body)["text"]) == SAID


async def test_an_idle_listener_is_ended(speech_weights: Home) -> None:
    provider = WhisperProvider(speech_weights, WhisperOptions(idle=Seconds(0.01)))
    await heard(provider, asking())
    for listener in listeners():
        await asyncio.to_thread(listener.wait)
    assert listeners() == []
    await provider.aclose()


async def test_without_the_extra_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider_module, "find_spec", lambda _: None)
    provider = WhisperProvider(Home(tmp_path))
    assert provider.offers() == ()
    assert "freehold[speech]" in provider.status().reason
    await provider.aclose()
