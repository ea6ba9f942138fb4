"""The listener process: one whisper model, one job at a time.

It is a process of its own because it takes apart audio from strangers with big C libraries: what goes wrong there costs
this process, not the gateway. It ends when its standard input does.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Any

import msgspec

from freehold.compute.providers.whisper.exchange import Heard, Job, ListenOrder, Segment, Word

_RATE = 16_000


class _TooLong(Exception):
    """More audio than is listened to."""


def main() -> None:
    """Listen until standard input ends."""
    answers = os.dup(1)
    os.dup2(2, 1)
    jobs = sys.stdin.buffer
    order = msgspec.json.decode(jobs.readline(), type=ListenOrder)
    with os.fdopen(answers, "wb", 0) as output:
        try:
            model = _load(order)
        except Exception as error:  # whatever the library makes of a broken file
            _say(output, Heard(fault="load", reason=type(error).__name__))
            return
        _say(output, Heard())
        while line := jobs.readline():
            job = msgspec.json.decode(line, type=Job)
            _say(output, _hear(model, job, jobs.read(job.size)))


def _load(order: ListenOrder) -> Any:
    from faster_whisper import WhisperModel

    return WhisperModel(
        order.directory, device="cpu", compute_type="int8", cpu_threads=order.threads, local_files_only=True
    )


def _hear(model: Any, job: Job, audio: bytes) -> Heard:
    from av.error import FFmpegError

    try:
        samples = _samples(audio, job)
        if not len(samples):
            return Heard(fault="audio", reason="it holds no sound")
        return _transcribe(model, job, samples)
    except _TooLong:
        return Heard(fault="length", reason=f"it is longer than {job.most_seconds:.0f} s")
    except FFmpegError as error:
        return Heard(fault="audio", reason=f"it cannot be read ({type(error).__name__})")
    except ValueError as error:
        return Heard(fault="request", reason=str(error)[:200])
    except Exception as error:  # the process is to live on for the next job
        return Heard(fault="broken", reason=type(error).__name__)


def _samples(audio: bytes, job: Job) -> Any:
    """Mono samples between -1 and 1. Stops at the length that is allowed, whatever the file says of itself."""
    import av
    import numpy

    resampler = av.AudioResampler(format="s16", layout="mono", rate=_RATE)
    pieces: list[Any] = []
    left = int(job.most_seconds * _RATE)
    with av.open(io.BytesIO(audio), mode="r", format=job.container, metadata_errors="ignore") as container:
        if not container.streams.audio:
            return ()
        for frame in _frames(container):
            for piece in resampler.resample(frame):
                samples = piece.to_ndarray().reshape(-1)
                left -= len(samples)
                if left < 0:
                    raise _TooLong
                pieces.append(samples)
    return numpy.concatenate(pieces).astype(numpy.float32) / 32768.0 if pieces else ()


def _frames(container: Any) -> Any:
    """Every frame, and then the nothing that flushes the resampler."""
    yield from container.decode(audio=0)
    yield None


def _transcribe(model: Any, job: Job, samples: Any) -> Heard:
    knobs = {} if job.temperature is None else {"temperature": job.temperature}
    segments, info = model.transcribe(
        samples, language=job.language, initial_prompt=job.prompt, word_timestamps=job.words, **knobs
    )
    found = list(segments)
    words = (word for segment in found for word in segment.words or ())
    return Heard(
        language=info.language,
        seconds=round(len(samples) / _RATE, 3),
        segments=tuple(map(_segment, found)),
        words=tuple(Word(word=word.word.strip(), start=float(word.start), end=float(word.end)) for word in words),
    )


def _segment(segment: Any) -> Segment:
    return Segment(
        id=segment.id - 1,
        seek=segment.seek,
        start=float(segment.start),
        end=float(segment.end),
        text=segment.text,
        tokens=list(segment.tokens),
        temperature=float(segment.temperature or 0.0),
        avg_logprob=float(segment.avg_logprob),
        compression_ratio=float(segment.compression_ratio),
        no_speech_prob=float(segment.no_speech_prob),
    )


def _say(output: Any, heard: Heard) -> None:
    output.write(msgspec.json.encode(heard) + b"\n")


if __name__ == "__main__":
    main()
