"""The upstreams of the matrix: who answers, by which models, and what they are known to say."""

from __future__ import annotations

from typing import Any

import msgspec


class Upstream(msgspec.Struct, frozen=True, kw_only=True):
    """Who answers. A model that is left empty is not there; `model` is asked in its place."""

    name: str
    title: str
    about: str
    model: str
    thinker: str
    """A model that thinks; the same as `model` where there is none."""
    completer: str = ""
    embedder: str = ""
    listener: str = ""
    reranker: str = ""
    question: str
    answer: str
    """What its answer to `question` holds."""
    stop_at: str
    """A word of that answer to stop before."""
    prompt: str = ""
    """What to complete, where it is not the question."""
    pieces: int
    """How many pieces the streamed answer comes in, at least."""
    counted: int
    """Tokens of the question, as count_tokens tells them."""
    invents: bool = False
    """A fake, which repeats what it is asked and makes up what a schema wants."""


_QUESTION = "Say hello to the house."
_FAKE: dict[str, Any] = {
    "question": _QUESTION,
    "answer": f"You said: {_QUESTION}",
    "stop_at": "hello",
    "pieces": 7,
    "invents": True,
}
_ESTIMATED = 14

OPENAI = Upstream(
    name="openai",
    title="OpenAI",
    about="OpenAI's own routes (chat, completions, responses, embeddings, transcriptions), on loopback",
    model="openai/gpt-4o-mini",
    thinker="openai/gpt-5.4-mini",
    completer="openai/gpt-3.5-turbo-instruct",
    embedder="openai/text-embedding-3-small",
    listener="openai/whisper-1",
    counted=_ESTIMATED,
    **_FAKE,
)
SERVER = Upstream(
    name="vllm",
    title="Chat server",
    about="a server that speaks Chat Completions and not Responses, such as vLLM, on loopback",
    model="vllm/open-8b",
    thinker="vllm/gpt-9-open",
    embedder="vllm/open-embed",
    listener="vllm/open-whisper",
    reranker="vllm/open-rerank",
    counted=_ESTIMATED,
    **_FAKE,
)
ANTHROPIC = Upstream(
    name="anthropic",
    title="Anthropic",
    about="Anthropic's Messages, on loopback",
    model="anthropic/claude-haiku-4-5",
    thinker="anthropic/claude-sonnet-5-5",
    counted=8,
    **_FAKE,
)
LOCAL = Upstream(
    name="local",
    title="This machine",
    about="SmolLM2-135M in llama.cpp, MiniLM in ONNX and whisper tiny.en: real models, in Freehold itself",
    model="local/smollm2-135m-instruct",
    thinker="local/smollm2-135m-instruct",
    embedder="all-minilm-l6-v2-int8",
    listener="whisper-tiny.en",
    question="What is the capital of France?",
    answer="Paris",
    stop_at="Paris",
    prompt="The capital of France is",
    pieces=3,
    counted=16,
)
CODE = Upstream(
    name="code",
    title="Plain code",
    about="Freehold's own skills, without a model",
    model="code/exact",
    thinker="code/exact",
    question="What is 17% of 2,340?",
    answer="397.8",
    stop_at="7",
    pieces=1,
    counted=_ESTIMATED,
)
UPSTREAMS = (OPENAI, SERVER, ANTHROPIC, LOCAL, CODE)
