"""The official OpenAI client for Python, on Chat Completions and the routes beside it."""

from __future__ import annotations

import json
from typing import Any

import openai

from ..house import House
from ..observed import Called, Counts, Observed, Refused
from ..samples import (
    CALL_BOTH,
    CITY,
    DESCRIBED,
    LOOK,
    PICTURE,
    QUERY,
    RESULTS,
    SOUND,
    STRUCTURED,
    TEXTS,
    Fruit,
)
from ..upstreams import Upstream

TOOLS: Any = [
    {"type": "function", "function": {"name": name, "description": described, "parameters": CITY, "strict": True}}
    for name, described in DESCRIBED.items()
]


def refused(error: openai.APIError) -> Refused:
    """What the client's exception tells."""
    response = getattr(error, "response", None)
    waits = None if response is None else response.headers.get("retry-after")
    return Refused(
        type(error).__name__,
        status=getattr(error, "status_code", None),
        code=error.code,
        parameter=error.param,
        message=error.message,
        retry_after=None if waits is None else float(waits),
    )


def user(text: str) -> Any:
    """A conversation of one message."""
    return [{"role": "user", "content": text}]


def counts(usage: Any) -> Counts:
    """The client's usage object in plain counts."""
    return Counts(usage.prompt_tokens, usage.completion_tokens)


class OpenAIChat:
    """One method per feature."""

    errors = openai.APIError
    refused = staticmethod(refused)

    def __init__(self, house: House, *, key: str | None = None, timeout: float = 60) -> None:
        self.client = openai.OpenAI(base_url=house.base_url, api_key=key or house.key, max_retries=0, timeout=timeout)
        self.chat = self.client.chat.completions

    def close(self) -> None:
        self.client.close()

    def whole(self, to: Upstream) -> Observed:
        made = self.chat.create(model=to.model, messages=user(to.question), max_tokens=32, temperature=0)
        return Observed(
            text=made.choices[0].message.content or "",
            finish=made.choices[0].finish_reason,
            usage=counts(made.usage),
        )

    def stream(self, to: Upstream) -> Observed:
        said = [
            chunk.choices[0].delta.content or ""
            for chunk in self.chat.create(
                model=to.model, messages=user(to.question), max_tokens=32, temperature=0, stream=True
            )
            if chunk.choices
        ]
        return Observed(text="".join(said), pieces=sum(map(bool, said)))

    def stream_usage(self, to: Upstream) -> Observed:
        with self.chat.stream(
            model=to.model,
            messages=user(to.question),
            max_tokens=32,
            temperature=0,
            stream_options={"include_usage": True},
        ) as stream:
            said = [event.delta for event in stream if event.type == "content.delta"]
            made = stream.get_final_completion()
        return Observed(text="".join(said), pieces=len(said), usage=counts(made.usage))

    def tools(self, to: Upstream) -> Observed:
        asked = user(CALL_BOTH)
        made = self.chat.create(model=to.model, messages=asked, tools=TOOLS, parallel_tool_calls=True)
        return self._answered(to, asked, made.choices[0].message, made.choices[0].finish_reason)

    def tools_stream(self, to: Upstream) -> Observed:
        asked, pieces = user(CALL_BOTH), 0
        with self.chat.stream(model=to.model, messages=asked, tools=TOOLS) as stream:
            for event in stream:
                pieces += event.type == "tool_calls.function.arguments.delta"
            made = stream.get_final_completion().choices[0]
        return self._answered(to, asked, made.message, made.finish_reason, pieces)

    def _answered(self, to: Upstream, asked: Any, message: Any, finish: str, pieces: int = 1) -> Observed:
        """Hand the tools' results back and let the model finish."""
        results = [
            {"role": "tool", "tool_call_id": call.id, "content": RESULTS[call.function.name]}
            for call in message.tool_calls
        ]
        after = self.chat.create(model=to.model, messages=[*asked, message, *results], tools=TOOLS)
        return Observed(
            text=after.choices[0].message.content or "",
            finish=finish,
            pieces=pieces,
            calls=tuple(Called(c.function.name, json.loads(c.function.arguments)) for c in message.tool_calls),
        )

    def structured(self, to: Upstream) -> Observed:
        made = self.chat.parse(
            model=to.model, messages=user(STRUCTURED), response_format=Fruit, max_tokens=64, temperature=0
        )
        parsed = made.choices[0].message.parsed
        return Observed(parsed=None if parsed is None else parsed.model_dump())

    def vision(self, to: Upstream) -> Observed:
        parts = [{"type": "text", "text": LOOK}, {"type": "image_url", "image_url": {"url": PICTURE}}]
        made = self.chat.create(model=to.model, messages=[{"role": "user", "content": parts}])  # type: ignore[arg-type]
        return Observed(text=made.choices[0].message.content or "")

    def reasoning(self, to: Upstream) -> Observed:
        made = self.chat.create(model=to.thinker, messages=user(to.question), reasoning_effort="low")
        message = made.choices[0].message
        return Observed(text=message.content or "", reasoning=getattr(message, "reasoning_content", None) or "")

    def reasoning_stream(self, to: Upstream) -> Observed:
        deltas = [
            chunk.choices[0].delta
            for chunk in self.chat.create(
                model=to.thinker, messages=user(to.question), reasoning_effort="low", stream=True
            )
            if chunk.choices
        ]
        thought = [getattr(delta, "reasoning_content", None) or "" for delta in deltas]
        said = [delta.content or "" for delta in deltas]
        return Observed(text="".join(said), reasoning="".join(thought), pieces=sum(map(bool, thought)))

    def leave(self, to: Upstream) -> str:
        with self.chat.create(model=to.model, messages=user(to.question), stream=True) as stream:
            return next(text for chunk in stream if (text := chunk.choices[0].delta.content))

    def stop(self, to: Upstream) -> Observed:
        made = self.chat.create(model=to.model, messages=user(to.question), stop=[to.stop_at], max_tokens=32)
        return Observed(text=made.choices[0].message.content or "", finish=made.choices[0].finish_reason)

    def logprobs(self, to: Upstream) -> Observed:
        made = self.chat.create(
            model=to.model, messages=user(to.question), logprobs=True, top_logprobs=2, max_tokens=32, temperature=0
        )
        told = made.choices[0].logprobs
        tokens = (told.content if told else None) or []
        return Observed(
            text=made.choices[0].message.content or "",
            logprobs=tuple(token.token for token in tokens if token.logprob <= 0),
            alternatives=len(tokens[0].top_logprobs) if tokens else 0,
        )

    def choices(self, to: Upstream) -> Observed:
        made = self.chat.create(model=to.model, messages=user(to.question), n=2, max_tokens=32)
        return Observed(choices=tuple(choice.message.content or "" for choice in made.choices))

    def completion(self, to: Upstream) -> Observed:
        made = self.client.completions.create(
            model=to.completer or to.model, prompt=to.prompt or to.question, max_tokens=32, temperature=0
        )
        return Observed(text=made.choices[0].text, finish=made.choices[0].finish_reason)

    def embeddings(self, to: Upstream) -> Observed:
        made = self.client.embeddings.create(model=to.embedder or to.model, input=list(TEXTS))
        return Observed(vectors=tuple(tuple(each.embedding) for each in made.data))

    def transcription(self, to: Upstream) -> Observed:
        made = self.client.audio.transcriptions.create(model=to.listener or to.model, file=SOUND)
        return Observed(text=made.text)

    def rerank(self, to: Upstream) -> Observed:
        body = {"model": to.reranker or to.model, "query": QUERY, "documents": list(TEXTS)}
        made: Any = self.client.post("/rerank", cast_to=object, body=body)
        return Observed(ranking=tuple(result["index"] for result in made["results"]))

    def models(self, to: Upstream) -> Observed:
        card = self.client.models.retrieve(to.model)
        return Observed(names=(card.id, *(model.id for model in self.client.models.list())))
