"""langchain-openai, on Chat Completions and on Responses."""

from __future__ import annotations

from typing import Any

import openai
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings

from ..house import House
from ..observed import Called, Counts, Observed
from ..samples import CALL_BOTH, DESCRIBED, LOOK, PIXEL, RESULTS, STRUCTURED, TEXTS, Fruit
from ..upstreams import Upstream
from .openai_chat import refused


@tool(description=DESCRIBED["weather"])
def weather(city: str) -> str:
    return RESULTS["weather"]


@tool(description=DESCRIBED["clock"])
def clock(city: str) -> str:
    return RESULTS["clock"]


TOOLS = (weather, clock)


class LangChain:
    """One method per feature, on Chat Completions."""

    errors = openai.APIError
    refused = staticmethod(refused)
    responses = False

    def __init__(self, house: House, *, key: str | None = None, timeout: float = 60) -> None:
        self._house = house
        self._key: Any = key or house.key
        self._timeout = timeout
        self._http = openai.DefaultHttpxClient()

    def close(self) -> None:
        self._http.close()

    def _chat(self, to: Upstream, **settings: Any) -> ChatOpenAI:
        return ChatOpenAI(
            model=settings.pop("model", to.model),
            base_url=self._house.base_url,
            api_key=self._key,
            max_retries=0,
            timeout=self._timeout,
            http_client=self._http,
            use_responses_api=self.responses,
            **{"max_tokens": 64, "temperature": 0, **settings},
        )

    def whole(self, to: Upstream) -> Observed:
        made = self._chat(to).invoke(to.question)
        told = made.response_metadata
        return Observed(
            text=made.text, finish=told.get("finish_reason") or told.get("status") or "", usage=_counts(made)
        )

    def stream(self, to: Upstream) -> Observed:
        said = [chunk.text for chunk in self._chat(to).stream(to.question)]
        return Observed(text="".join(said), pieces=sum(map(bool, said)))

    def stream_usage(self, to: Upstream) -> Observed:
        total: Any = None
        for chunk in self._chat(to, stream_usage=True).stream(to.question):
            total = chunk if total is None else total + chunk
        return Observed(text=total.text, usage=_counts(total))

    def tools(self, to: Upstream) -> Observed:
        model = self._chat(to, max_tokens=512).bind_tools(TOOLS)
        return self._answered(model, model.invoke(CALL_BOTH))

    def tools_stream(self, to: Upstream) -> Observed:
        model = self._chat(to, max_tokens=512).bind_tools(TOOLS)
        total: Any = None
        pieces = 0
        for chunk in model.stream(CALL_BOTH):
            pieces += sum(bool(call.get("args")) for call in getattr(chunk, "tool_call_chunks", ()))
            total = chunk if total is None else total + chunk
        return self._answered(model, total, pieces)

    def _answered(self, model: Any, made: Any, pieces: int = 1) -> Observed:
        """Run the tools, hand their results back and let the model finish."""
        by_name = {each.name: each for each in TOOLS}
        results: list[ToolMessage] = [by_name[call["name"]].invoke(call) for call in made.tool_calls]
        after = model.invoke([HumanMessage(CALL_BOTH), made, *results])
        return Observed(
            text=after.text,
            pieces=pieces,
            calls=tuple(Called(call["name"], call["args"]) for call in made.tool_calls),
        )

    def structured(self, to: Upstream) -> Observed:
        made: Any = self._chat(to).with_structured_output(Fruit).invoke(STRUCTURED)
        return Observed(parsed=None if made is None else made.model_dump())

    def vision(self, to: Upstream) -> Observed:
        picture = {"type": "image", "base64": PIXEL, "mime_type": "image/png"}
        made = self._chat(to).invoke([HumanMessage([{"type": "text", "text": LOOK}, picture])])
        return Observed(text=made.text)

    def leave(self, to: Upstream) -> str:
        stream = self._chat(to).stream(to.question)
        said = next(chunk.text for chunk in stream if chunk.text)
        stream.close()  # type: ignore[attr-defined]
        return said

    def stop(self, to: Upstream) -> Observed:
        made = self._chat(to).invoke(to.question, stop=[to.stop_at])
        return Observed(text=made.text)

    def logprobs(self, to: Upstream) -> Observed:
        made = self._chat(to, logprobs=True, top_logprobs=2).invoke(to.question)
        tokens = made.response_metadata["logprobs"]["content"]
        return Observed(
            text=made.text,
            logprobs=tuple(token["token"] for token in tokens if token["logprob"] <= 0),
            alternatives=len(tokens[0]["top_logprobs"]),
        )

    def choices(self, to: Upstream) -> Observed:
        made = self._chat(to, n=2).generate([[HumanMessage(to.question)]])
        return Observed(choices=tuple(each.text for each in made.generations[0]))

    def embeddings(self, to: Upstream) -> Observed:
        # Its check of lengths would send OpenAI's token numbers, which only OpenAI's models can read.
        made = OpenAIEmbeddings(
            model=to.embedder or to.model,
            base_url=self._house.base_url,
            api_key=self._key,
            check_embedding_ctx_length=False,
            http_client=self._http,
            max_retries=0,
        ).embed_documents(list(TEXTS))
        return Observed(vectors=tuple(map(tuple, made)))


class LangChainResponses(LangChain):
    """The same on Responses."""

    responses = True

    def reasoning(self, to: Upstream) -> Observed:
        made = self._thinker(to).invoke(to.question)
        return Observed(text=made.text, reasoning=_thoughts(made))

    def reasoning_stream(self, to: Upstream) -> Observed:
        total: Any = None
        pieces = 0
        for chunk in self._thinker(to).stream(to.question):
            pieces += bool(_thoughts(chunk))
            total = chunk if total is None else total + chunk
        return Observed(text=total.text, reasoning=_thoughts(total), pieces=pieces)

    def _thinker(self, to: Upstream) -> ChatOpenAI:
        return self._chat(
            to, model=to.thinker, reasoning={"effort": "low", "summary": "auto"}, max_tokens=2048, temperature=None
        )


def _thoughts(message: Any) -> str:
    return "".join(block.get("reasoning", "") for block in message.content_blocks if block["type"] == "reasoning")


def _counts(message: Any) -> Counts:
    usage = message.usage_metadata
    return Counts(usage["input_tokens"], usage["output_tokens"])
