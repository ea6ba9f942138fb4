"""What is asked of every system: which body, over how many connections, closed loop, paced or streaming.

The request is the same for all but for what a system needs to be addressed: model name, path, headers.
"""

import json
from typing import Literal

import msgspec

Kind = Literal["closed", "paced", "stream"]

HALF_KB, EIGHT_KB, LARGE_KB = 504, 8_000, 200_000
STREAM_CHUNKS = 20

CONNECTIONS = 32  # where costs are compared
CONNECTION_STEPS = (1, 32, 128, 512)
PACED_SHARE = 0.5  # of the throughput that the same system reached in the closed loop


class Workload(msgspec.Struct, frozen=True, kw_only=True):
    """`size` is the length in bytes of the request; the mock answers with a body of about the same size."""

    name: str
    kind: Kind
    size: int
    connections: int


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach the mock model through a system."""

    port: int
    model: str = "mock"
    path: str = "/v1/chat/completions"
    headers: dict[str, str] = {}


def closed(size: int, connections: int) -> Workload:
    """Each connection asks again as soon as it is answered."""
    return Workload(name=f"closed-{size}-{connections}", kind="closed", size=size, connections=connections)


def paced(connections: int) -> Workload:
    """Half of what the system can take, spread over the connections: the tail that users see below saturation."""
    return Workload(name=f"paced-{connections}", kind="paced", size=HALF_KB, connections=connections)


def stream(connections: int) -> Workload:
    """Answers of 20 chunks, 5 ms apart."""
    return Workload(name=f"stream-{connections}", kind="stream", size=HALF_KB, connections=connections)


BASE = closed(HALF_KB, CONNECTIONS)
SINGLE = closed(HALF_KB, 1)
STREAMS = stream(CONNECTIONS)
BODIES = (BASE, closed(EIGHT_KB, CONNECTIONS), closed(LARGE_KB, CONNECTIONS))
CLOSED_STEPS = tuple(closed(HALF_KB, n) for n in CONNECTION_STEPS)
PACED_STEPS = tuple(paced(n) for n in CONNECTION_STEPS[1:])

QUICK = (BASE, SINGLE, STREAMS)
ALL = (BASE, SINGLE, STREAMS, *BODIES[1:], *CLOSED_STEPS[2:], *PACED_STEPS)


def request_bytes(workload: Workload, address: Address) -> bytes:
    """The whole HTTP/1.1 request of a workload."""
    body = chat_body(workload, model=address.model)
    head = {
        "Host": f"127.0.0.1:{address.port}",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "User-Agent": "freehold-benchmark",
        **address.headers,
    }
    lines = [f"POST {address.path} HTTP/1.1", *(f"{name}: {value}" for name, value in head.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def chat_body(workload: Workload, *, model: str) -> bytes:
    """A chat request of exactly `workload.size` bytes; temperature is left unset."""
    flags: dict[str, bool] = {"stream": True} if workload.kind == "stream" else {}
    bare = len(_chat_json(model, "", flags))
    prompt = "Explain in plain words why the sky is blue. " * (workload.size // 40 + 1)
    return _chat_json(model, prompt[: max(0, workload.size - bare)], flags)


def _chat_json(model: str, prompt: str, flags: dict[str, bool]) -> bytes:
    system = {"role": "system", "content": "You are a careful assistant. Answer briefly and say what you do not know."}
    messages = [system, {"role": "user", "content": prompt}]
    return json.dumps({"model": model, "messages": messages, "max_tokens": 256, **flags}).encode()
