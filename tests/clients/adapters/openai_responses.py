"""The official OpenAI client for Python, on the Responses API."""

from __future__ import annotations

import json
from typing import Any

import openai

from ..house import House
from ..observed import Called, Counts, Observed
from ..samples import CALL_BOTH, CITY, DESCRIBED, LOOK, PICTURE, RESULTS, STRUCTURED, Fruit
from ..upstreams import Upstream
from .openai_chat import refused

TOOLS: Any = [
    {"type": "function", "name": name, "description": described, "parameters": CITY, "strict": True}
    for name, described in DESCRIBED.items()
]


class OpenAIResponses:
    """One method per feature."""

    errors = openai.APIError
    refused = staticmethod(refused)

    def __init__(self, house: House, *, key: str | None = None, timeout: float = 60) -> None:
        self.client = openai.OpenAI(base_url=house.base_url, api_key=key or house.key, max_retries=0, timeout=timeout)
        self.responses = self.client.responses

    def close(self) -> None:
        self.client.close()

    def whole(self, to: Upstream) -> Observed:
        made = self.responses.create(model=to.model, input=to.question, max_output_tokens=32, temperature=0)
        return Observed(text=made.output_text, finish=made.status or "", usage=_counts(made.usage))

    def stream(self, to: Upstream) -> Observed:
        events = self.responses.create(
            model=to.model, input=to.question, max_output_tokens=32, temperature=0, stream=True
        )
        said = [event.delta for event in events if event.type == "response.output_text.delta"]
        return Observed(text="".join(said), pieces=len(said))

    def stream_usage(self, to: Upstream) -> Observed:
        with self.responses.stream(model=to.model, input=to.question, max_output_tokens=32, temperature=0) as stream:
            said = [event.delta for event in stream if event.type == "response.output_text.delta"]
            made = stream.get_final_response()
        return Observed(text=made.output_text, pieces=len(said), usage=_counts(made.usage))

    def tools(self, to: Upstream) -> Observed:
        asked = [{"role": "user", "content": CALL_BOTH}]
        made = self.responses.create(model=to.model, input=asked, tools=TOOLS, store=False)  # type: ignore[arg-type]
        return self._answered(to, asked, made)

    def tools_stream(self, to: Upstream) -> Observed:
        asked, pieces = [{"role": "user", "content": CALL_BOTH}], 0
        with self.responses.stream(model=to.model, input=asked, tools=TOOLS, store=False) as stream:  # type: ignore[arg-type]
            for event in stream:
                pieces += event.type == "response.function_call_arguments.delta"
            made = stream.get_final_response()
        return self._answered(to, asked, made, pieces)

    def _answered(self, to: Upstream, asked: Any, made: Any, pieces: int = 1) -> Observed:
        """Hand the tools' results back, with all that was said before, and let the model finish."""
        calls = [item for item in made.output if item.type == "function_call"]
        results = [
            {"type": "function_call_output", "call_id": call.call_id, "output": RESULTS[call.name]} for call in calls
        ]
        history = [*asked, *made.output, *results]
        after = self.responses.create(model=to.model, input=history, tools=TOOLS, store=False)
        return Observed(
            text=after.output_text,
            finish=made.status,
            pieces=pieces,
            calls=tuple(Called(call.name, json.loads(call.arguments)) for call in calls),
        )

    def structured(self, to: Upstream) -> Observed:
        made = self.responses.parse(model=to.model, input=STRUCTURED, text_format=Fruit, max_output_tokens=64)
        parsed = made.output_parsed
        return Observed(parsed=None if parsed is None else parsed.model_dump())

    def vision(self, to: Upstream) -> Observed:
        parts = [{"type": "input_text", "text": LOOK}, {"type": "input_image", "image_url": PICTURE, "detail": "auto"}]
        made = self.responses.create(model=to.model, input=[{"role": "user", "content": parts}])  # type: ignore[list-item, misc]
        return Observed(text=made.output_text)

    def reasoning(self, to: Upstream) -> Observed:
        made = self.responses.create(
            model=to.thinker, input=to.question, reasoning={"effort": "low", "summary": "auto"}
        )
        thought = [part.text for item in made.output if item.type == "reasoning" for part in _thoughts(item)]
        return Observed(text=made.output_text, reasoning="".join(thought))

    def reasoning_stream(self, to: Upstream) -> Observed:
        thought, said = [], []
        for event in self.responses.create(
            model=to.thinker, input=to.question, reasoning={"effort": "low", "summary": "auto"}, stream=True
        ):
            match event.type:
                case "response.reasoning_summary_text.delta" | "response.reasoning_text.delta":
                    thought.append(event.delta)
                case "response.output_text.delta":
                    said.append(event.delta)
        return Observed(text="".join(said), reasoning="".join(thought), pieces=len(thought))

    def leave(self, to: Upstream) -> str:
        with self.responses.create(model=to.model, input=to.question, stream=True) as stream:
            return next(event.delta for event in stream if event.type == "response.output_text.delta")

    def logprobs(self, to: Upstream) -> Observed:
        made = self.responses.create(
            model=to.model,
            input=to.question,
            include=["message.output_text.logprobs"],
            top_logprobs=2,
            max_output_tokens=32,
        )
        tokens = [
            token
            for item in made.output
            if item.type == "message"
            for part in item.content
            if part.type == "output_text"
            for token in part.logprobs or ()
        ]
        return Observed(
            text=made.output_text,
            logprobs=tuple(token.token for token in tokens if token.logprob <= 0),
            alternatives=len(tokens[0].top_logprobs) if tokens else 0,
        )


def _thoughts(item: Any) -> list[Any]:
    return list(item.summary or item.content or ())


def _counts(usage: Any) -> Counts:
    return Counts(usage.input_tokens, usage.output_tokens)
