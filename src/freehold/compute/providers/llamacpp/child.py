"""The engine process: one GGUF, served by llama.cpp on a Unix socket.

It is a process of its own because llama.cpp may crash on a bad file or grammar, holds Python's lock for as long as a
model loads, and gives memory back for certain only when it ends. It reads one `EngineOrder` from standard input, writes
one `EngineReport` to standard output, and ends when its standard input does - so it never outlives its parent, however
that one dies.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

import msgspec

from freehold.compute.models.errors import BrokenWeights
from freehold.compute.models.gguf import read_gguf
from freehold.compute.providers.llamacpp.settings import EngineOrder, EngineReport

_ERRORS_ONLY = 1
_PROMPT_CACHE_MIB = 128


def main() -> None:
    """Serve until standard input ends."""
    report = _private_output()
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=EngineOrder)
    try:
        server = _load(order)
    except (BrokenWeights, RuntimeError, OSError) as error:
        _say(report, EngineReport(error=str(error)))
        _leave(order, 1)
    _say(report, EngineReport())
    sys.stdin.buffer.read()
    del server
    _leave(order, 0)


def _private_output() -> int:
    """Keep standard output for the report alone; whatever llama.cpp prints goes to standard error."""
    report = os.dup(1)
    os.dup2(2, 1)
    return report


def _load(order: EngineOrder) -> Any:
    read_gguf(Path(order.path))
    import xllamacpp

    return xllamacpp.Server(_parameters(xllamacpp.CommonParams(), order))


def _parameters(parameters: Any, order: EngineOrder) -> Any:
    parameters.model.path = order.path
    parameters.model_alias = {order.alias}
    parameters.hostnames = [order.socket]
    parameters.cors_origins = ""
    parameters.ui = False
    parameters.verbosity = _ERRORS_ONLY
    parameters.n_ctx = order.context * order.parallel
    parameters.n_parallel = order.parallel
    parameters.cache_ram_mib = _PROMPT_CACHE_MIB
    parameters.sse_ping_interval = -1
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = order.threads
    if order.embedding:
        parameters.embedding = True
        parameters.n_batch = parameters.n_ubatch = order.context
    if order.chat_template:
        parameters.chat_template = order.chat_template
    if order.temperature is not None:
        parameters.sampling.temp = order.temperature
    if order.top_p is not None:
        parameters.sampling.top_p = order.top_p
    return parameters


def _say(descriptor: int, report: EngineReport) -> None:
    os.write(descriptor, msgspec.json.encode(report) + b"\n")
    os.close(descriptor)


def _leave(order: EngineOrder, status: int) -> None:
    """End at once: llama.cpp's static destructors have nothing left to do that the kernel does not."""
    shutil.rmtree(Path(order.socket).parent, ignore_errors=True)
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    main()
