"""What a request to a provider costs in CPU, for each client, beside an answering process on the other core.

    python benchmarks/upstream.py [--requests 20000] [--concurrency 32]

Prints CPU-microseconds per request of this process only (uvloop, system calls included): request 504 B, answer 822 B.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import multiprocessing
import socket
import time

import uvloop

from freehold.compute.upstream import Deadlines, Origin, Request, Upstream
from freehold.compute.upstream.direct import DirectUpstream

HEADERS = b"Authorization: Bearer sk-0123456789abcdef0123456789abcdef\r\nContent-Type: application/json\r\n"
BODY = json.dumps({"model": "tiny", "messages": [{"role": "user", "content": "x" * 260}]}).encode()
ANSWER_HEAD = (
    b"HTTP/1.1 200 OK\r\ndate: Mon, 01 Jan 2024 00:00:00 GMT\r\nserver: mock\r\ncontent-type: application/json\r\n"
)
ANSWER_BODY = json.dumps({"id": "chatcmpl-1", "choices": [{"message": {"content": "y" * 600}}]}).encode()
ANSWER = ANSWER_HEAD + b"content-length: %d\r\n\r\n" % len(ANSWER_BODY) + ANSWER_BODY


class Answering(asyncio.Protocol):
    """Answers every read as if it were a request, which under keep-alive without pipelining it is."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(ANSWER)


def answer(listener: socket.socket) -> None:
    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(Answering, sock=listener)
        await server.serve_forever()

    uvloop.run(serve())


async def ask(client: Upstream, origin: Origin, count: int) -> None:
    request = Request(target=b"/v1/chat/completions", headers=HEADERS, body=BODY)
    deadlines = Deadlines()
    for _ in range(count):
        response = await client.send(origin, request, deadlines)
        await response.read(1 << 20)
        response.close()


async def measure(client: Upstream, origin: Origin, requests: int, concurrency: int) -> float:
    await asyncio.gather(*(ask(client, origin, 20) for _ in range(concurrency)))
    gc.collect()
    before = time.process_time()
    await asyncio.gather(*(ask(client, origin, requests // concurrency) for _ in range(concurrency)))
    return (time.process_time() - before) / requests * 1e6


async def compare(port: int, requests: int, concurrency: int, repeats: int) -> None:
    from freehold.compute.upstream.proxied import ProxiedUpstream

    origin = Origin("http", "127.0.0.1", port)
    costs: dict[str, float] = {}
    for name, client in (("direct", DirectUpstream()), ("aiohttp", ProxiedUpstream(lambda _: None))):
        measured = [await measure(client, origin, requests, concurrency) for _ in range(repeats)]
        costs[name] = min(measured)
        print(f"{name:8} {min(measured):6.1f} us/request  (all: {', '.join(f'{each:.1f}' for each in measured)})")
        await client.aclose()
    print(f"aiohttp / direct = {costs['aiohttp'] / costs['direct']:.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--concurrency", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    mock = multiprocessing.Process(target=answer, args=(listener,), daemon=True)
    mock.start()
    try:
        port = listener.getsockname()[1]
        uvloop.run(compare(port, arguments.requests, arguments.concurrency, arguments.repeats))
    finally:
        mock.terminate()
        mock.join()


if __name__ == "__main__":
    main()
