"""pydantic-ai, with its models for Chat Completions, Responses and Messages."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Coroutine
from typing import Any, ClassVar

import anthropic
import openai
from pydantic_ai import (
    Agent,
    BinaryContent,
    Embedder,
    ModelAPIError,
    ModelSettings,
    NativeOutput,
    PartDeltaEvent,
    TextPart,
    ThinkingPart,
    ThinkingPartDelta,
    ToolCallPart,
    ToolCallPartDelta,
)
from pydantic_ai.embeddings.openai import OpenAIEmbeddingModel
from pydantic_ai.models import Model
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider

from ..house import House
from ..observed import Called, Counts, Observed, Refused
from ..samples import CALL_BOTH, LOOK, PIXEL, RESULTS, STRUCTURED, TEXTS, Fruit
from ..upstreams import Upstream


def weather(city: str) -> str:
    """Tells the weather in a city."""
    return RESULTS["weather"]


def clock(city: str) -> str:
    """Tells the time in a city."""
    return RESULTS["clock"]


def refused(error: ModelAPIError) -> Refused:
    """What the exception tells; its body is the error object of the answer."""
    body: Any = error.body if isinstance(error.body, dict) else {}
    body = body.get("error", body)
    return Refused(
        type(error).__name__,
        status=getattr(error, "status_code", None),
        code=body.get("code"),
        parameter=body.get("param"),
        message=body.get("message") or str(error),
        retry_after=error.retry_after,
    )


class PydanticAI:
    """One method per feature, on Chat Completions."""

    errors = ModelAPIError
    refused = staticmethod(refused)
    thinking: ClassVar[dict[str, Any]] = {"openai_reasoning_effort": "low"}

    def __init__(self, house: House, *, key: str | None = None, timeout: float = 60) -> None:
        self._house = house
        self._timeout = timeout
        self._key = key or house.key
        self._loop = asyncio.Runner()
        self._provider = self._open()

    def close(self) -> None:
        self._loop.run(self._provider.client.close())
        self._loop.close()

    def _open(self) -> Any:
        client = openai.AsyncOpenAI(base_url=self._house.base_url, api_key=self._key)
        return OpenAIProvider(openai_client=client)

    def _model(self, name: str) -> Model:
        return OpenAIChatModel(name, provider=self._provider)

    def _agent(self, name: str, *, tools: Any = (), output: Any = str, **settings: Any) -> Agent[None, Any]:
        wanted: Any = {"max_tokens": 64, "max_retries": 0, "timeout": self._timeout, **settings}
        return Agent(self._model(name), tools=tools, output_type=output, model_settings=ModelSettings(**wanted))

    def _run(self, work: Coroutine[Any, Any, Observed]) -> Observed:
        return self._loop.run(work)

    def whole(self, to: Upstream) -> Observed:
        async def work() -> Observed:
            made = await self._agent(to.model).run(to.question)
            return Observed(text=made.output, finish=made.response.finish_reason or "", usage=_counts(made.usage))

        return self._run(work())

    def stream(self, to: Upstream) -> Observed:
        async def work() -> Observed:
            async with self._agent(to.model).run_stream(to.question) as stream:
                said = [piece async for piece in stream.stream_text(delta=True, debounce_by=None)]
            return Observed(text="".join(said), pieces=len(said))

        return self._run(work())

    def stream_usage(self, to: Upstream) -> Observed:
        async def work() -> Observed:
            async with self._agent(to.model).run_stream(to.question) as stream:
                text = await stream.get_output()
            return Observed(text=text, usage=_counts(stream.usage))

        return self._run(work())

    def tools(self, to: Upstream) -> Observed:
        async def work() -> Observed:
            made = await self._agent(to.model, tools=[weather, clock], max_tokens=512).run(CALL_BOTH)
            return Observed(text=made.output, calls=_calls(made))

        return self._run(work())

    def tools_stream(self, to: Upstream) -> Observed:
        async def work() -> Observed:
            pieces = 0

            async def count(_: Any, events: Any) -> None:
                nonlocal pieces
                async for event in events:
                    pieces += isinstance(event, PartDeltaEvent) and isinstance(event.delta, ToolCallPartDelta)

            agent = self._agent(to.model, tools=[weather, clock], max_tokens=512)
            made = await agent.run(CALL_BOTH, event_stream_handler=count)
            return Observed(text=made.output, calls=_calls(made), pieces=pieces)

        return self._run(work())

    def structured(self, to: Upstream) -> Observed:
        async def work() -> Observed:
            made = await self._agent(to.model, output=NativeOutput(Fruit)).run(STRUCTURED)
            return Observed(parsed=made.output.model_dump())

        return self._run(work())

    def vision(self, to: Upstream) -> Observed:
        async def work() -> Observed:
            picture = BinaryContent(data=base64.b64decode(PIXEL), media_type="image/png")
            return Observed(text=(await self._agent(to.model).run([LOOK, picture])).output)

        return self._run(work())

    def reasoning(self, to: Upstream) -> Observed:
        async def work() -> Observed:
            made = await self._agent(to.thinker, max_tokens=4096, **self.thinking).run(to.question)
            thoughts = [part.content for part in made.response.parts if isinstance(part, ThinkingPart)]
            return Observed(text=made.output, reasoning="".join(thoughts))

        return self._run(work())

    def reasoning_stream(self, to: Upstream) -> Observed:
        async def work() -> Observed:
            pieces = 0

            async def count(_: Any, events: Any) -> None:
                nonlocal pieces
                async for event in events:
                    pieces += isinstance(event, PartDeltaEvent) and isinstance(event.delta, ThinkingPartDelta)

            agent = self._agent(to.thinker, max_tokens=4096, **self.thinking)
            made = await agent.run(to.question, event_stream_handler=count)
            thoughts = [part.content for part in made.response.parts if isinstance(part, ThinkingPart)]
            return Observed(text=made.output, reasoning="".join(thoughts), pieces=pieces)

        return self._run(work())

    def leave(self, to: Upstream) -> str:
        async def work() -> str:
            async with self._agent(to.model).run_stream(to.question) as stream:
                return await anext(aiter(stream.stream_text(delta=True, debounce_by=None)))

        return self._loop.run(work())

    def stop(self, to: Upstream) -> Observed:
        async def work() -> Observed:
            made = await self._agent(to.model, stop_sequences=[to.stop_at]).run(to.question)
            return Observed(text=made.output)

        return self._run(work())

    def logprobs(self, to: Upstream) -> Observed:
        async def work() -> Observed:
            made = await self._agent(to.model, openai_logprobs=True, openai_top_logprobs=2).run(to.question)
            tokens = self._tokens(made.response)
            return Observed(
                text=made.output,
                logprobs=tuple(token["token"] for token in tokens if token["logprob"] <= 0),
                alternatives=len(tokens[0]["top_logprobs"]),
            )

        return self._run(work())

    def _tokens(self, response: Any) -> Any:
        return (response.provider_details or {})["logprobs"]

    def embeddings(self, to: Upstream) -> Observed:
        async def work() -> Observed:
            embedder = Embedder(OpenAIEmbeddingModel(to.embedder or to.model, provider=self._provider))
            made = await embedder.embed_documents(list(TEXTS))
            return Observed(vectors=tuple(map(tuple, made.embeddings)))

        return self._run(work())


class PydanticAIResponses(PydanticAI):
    """The same on Responses."""

    thinking: ClassVar = {"openai_reasoning_effort": "low", "openai_reasoning_summary": "auto"}

    def _model(self, name: str) -> Model:
        return OpenAIResponsesModel(name, provider=self._provider)

    def _tokens(self, response: Any) -> Any:
        return [
            token
            for part in response.parts
            if isinstance(part, TextPart)
            for token in (part.provider_details or {}).get("logprobs", ())
        ]


class PydanticAIAnthropic(PydanticAI):
    """The same on Messages."""

    thinking: ClassVar = {"anthropic_thinking": {"type": "adaptive"}}

    def _open(self) -> Any:
        client = anthropic.AsyncAnthropic(base_url=self._house.url, api_key=self._key)
        return AnthropicProvider(anthropic_client=client)

    def _model(self, name: str) -> Model:
        # It tells by a model's name what it can do, and does not know these names.
        return AnthropicModel(name, provider=self._provider, profile={"supports_json_schema_output": True})


def _calls(made: Any) -> tuple[Called, ...]:
    parts = [part for message in made.all_messages() for part in message.parts if isinstance(part, ToolCallPart)]
    return tuple(Called(part.tool_name, part.args_as_dict()) for part in parts)


def _counts(usage: Any) -> Counts:
    return Counts(usage.input_tokens, usage.output_tokens)
