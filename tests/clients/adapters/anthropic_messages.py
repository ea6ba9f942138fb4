"""The official Anthropic client for Python."""

from __future__ import annotations

from typing import Any

import anthropic

from ..house import House
from ..observed import Called, Counts, Observed, Refused
from ..samples import CALL_BOTH, CITY, DESCRIBED, LOOK, PIXEL, RESULTS, STRUCTURED, Fruit
from ..upstreams import Upstream

TOOLS: Any = [{"name": name, "description": described, "input_schema": CITY} for name, described in DESCRIBED.items()]


def refused(error: anthropic.APIError) -> Refused:
    """What the client's exception tells. Anthropic's errors name the parameter in words only."""
    response = getattr(error, "response", None)
    waits = None if response is None else response.headers.get("retry-after")
    return Refused(
        type(error).__name__,
        status=getattr(error, "status_code", None),
        message=error.message,
        retry_after=None if waits is None else float(waits),
    )


class AnthropicMessages:
    """One method per feature."""

    errors = anthropic.APIError
    refused = staticmethod(refused)

    def __init__(self, house: House, *, key: str | None = None, timeout: float = 60) -> None:
        self.client = anthropic.Anthropic(base_url=house.url, api_key=key or house.key, max_retries=0, timeout=timeout)
        self.messages = self.client.messages

    def close(self) -> None:
        self.client.close()

    def whole(self, to: Upstream) -> Observed:
        made = self.messages.create(model=to.model, max_tokens=32, messages=_user(to.question))
        return Observed(text=_text(made), finish=made.stop_reason or "", usage=_counts(made.usage))

    def stream(self, to: Upstream) -> Observed:
        with self.messages.stream(model=to.model, max_tokens=32, messages=_user(to.question)) as stream:
            said = list(stream.text_stream)
        return Observed(text="".join(said), pieces=len(said))

    def stream_usage(self, to: Upstream) -> Observed:
        with self.messages.stream(model=to.model, max_tokens=32, messages=_user(to.question)) as stream:
            made = stream.get_final_message()
        return Observed(text=_text(made), usage=_counts(made.usage))

    def tools(self, to: Upstream) -> Observed:
        asked = _user(CALL_BOTH)
        made = self.messages.create(model=to.model, max_tokens=512, messages=asked, tools=TOOLS)
        return self._answered(to, asked, made)

    def tools_stream(self, to: Upstream) -> Observed:
        asked, pieces = _user(CALL_BOTH), 0
        with self.messages.stream(model=to.model, max_tokens=512, messages=asked, tools=TOOLS) as stream:
            for event in stream:
                pieces += event.type == "input_json"
            made = stream.get_final_message()
        return self._answered(to, asked, made, pieces)

    def _answered(self, to: Upstream, asked: Any, made: Any, pieces: int = 1) -> Observed:
        """Hand the tools' results back and let the model finish."""
        calls = [block for block in made.content if block.type == "tool_use"]
        results = [{"type": "tool_result", "tool_use_id": call.id, "content": RESULTS[call.name]} for call in calls]
        history = [*asked, {"role": "assistant", "content": made.content}, {"role": "user", "content": results}]
        after = self.messages.create(model=to.model, max_tokens=512, messages=history, tools=TOOLS)
        return Observed(
            text=_text(after),
            finish=made.stop_reason,
            pieces=pieces,
            calls=tuple(Called(call.name, call.input) for call in calls),
        )

    def structured(self, to: Upstream) -> Observed:
        made = self.messages.parse(model=to.model, max_tokens=64, messages=_user(STRUCTURED), output_format=Fruit)
        parsed = made.parsed_output
        return Observed(parsed=None if parsed is None else parsed.model_dump())

    def vision(self, to: Upstream) -> Observed:
        source = {"type": "base64", "media_type": "image/png", "data": PIXEL}
        content = [{"type": "image", "source": source}, {"type": "text", "text": LOOK}]
        made = self.messages.create(
            model=to.model,
            max_tokens=512,
            messages=[{"role": "user", "content": content}],  # type: ignore[typeddict-item]
        )
        return Observed(text=_text(made))

    def reasoning(self, to: Upstream) -> Observed:
        made = self.messages.create(
            model=to.thinker, max_tokens=2048, messages=_user(to.question), thinking={"type": "adaptive"}
        )
        thought = [block.thinking for block in made.content if block.type == "thinking"]
        return Observed(text=_text(made), reasoning="".join(thought))

    def reasoning_stream(self, to: Upstream) -> Observed:
        thought = []
        with self.messages.stream(
            model=to.thinker, max_tokens=2048, messages=_user(to.question), thinking={"type": "adaptive"}
        ) as stream:
            for event in stream:
                if event.type == "thinking":
                    thought.append(event.thinking)
            made = stream.get_final_message()
        return Observed(text=_text(made), reasoning="".join(thought), pieces=len(thought))

    def leave(self, to: Upstream) -> str:
        with self.messages.stream(model=to.model, max_tokens=32, messages=_user(to.question)) as stream:
            return next(iter(stream.text_stream))

    def stop(self, to: Upstream) -> Observed:
        made = self.messages.create(
            model=to.model, max_tokens=32, messages=_user(to.question), stop_sequences=[to.stop_at]
        )
        return Observed(text=_text(made), finish=made.stop_reason or "")

    def count_tokens(self, to: Upstream) -> Observed:
        made = self.messages.count_tokens(model=to.model, messages=_user(to.question))
        return Observed(usage=Counts(made.input_tokens, 0))

    def models(self, to: Upstream) -> Observed:
        card = self.client.models.retrieve(to.model)
        return Observed(names=(card.id, *(model.id for model in self.client.models.list())))


def _user(text: str) -> Any:
    return [{"role": "user", "content": text}]


def _text(made: Any) -> str:
    return "".join(block.text for block in made.content if block.type == "text")


def _counts(usage: Any) -> Counts:
    cached = (usage.cache_read_input_tokens or 0) + (usage.cache_creation_input_tokens or 0)
    return Counts(usage.input_tokens + cached, usage.output_tokens)
