"""The llm package (https://llm.datasette.io), with models from its extra-openai-models.yaml."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any

import llm
import openai
import yaml

from ..faults import ENDLESS, FAULTS
from ..house import House
from ..observed import Called, Counts, Observed
from ..samples import CALL_BOTH, LOOK, PIXEL, RESULTS, STRUCTURED, Fruit
from ..upstreams import UPSTREAMS, Upstream
from .commands import begun
from .openai_chat import refused


def weather(city: str) -> str:
    """Tells the weather in a city."""
    return RESULTS["weather"]


def clock(city: str) -> str:
    """Tells the time in a city."""
    return RESULTS["clock"]


class Llm:
    """One method per feature, on Chat Completions."""

    errors = openai.APIError
    refused = staticmethod(refused)
    responses = False

    def __init__(self, house: House, *, key: str | None = None, timeout: float = 60) -> None:
        """`timeout` is for others: llm has no option for it."""
        self._key = key or house.key
        self._models: dict[str, Any] = {}
        self._clients: list[openai.OpenAI] = []
        write_models(house)

    def close(self) -> None:
        for client in self._clients:
            client.close()

    def _model(self, name: str) -> Any:
        """Looked up once: each time, llm asks all of its plugins anew."""
        if name not in self._models:
            self._models[name] = self._kept(llm.get_model(f"{name}-responses" if self.responses else name))
        return self._models[name]

    def _kept(self, model: Any) -> Any:
        """llm makes a client for each question and leaves it to the garbage collector: here it makes one that is closed."""
        client = model.get_client(self._key)
        self._clients.append(client)
        model.get_client = lambda key, **_: client
        return model

    def stop(self, to: Upstream) -> Observed:
        return Observed(text=self._ask(to, stop=to.stop_at).text())

    def leave(self, to: Upstream) -> str:
        """Its command line, interrupted."""
        name = f"{to.model}-responses" if self.responses else to.model
        command = [str(Path(sys.executable).with_name("llm")), "prompt", "-m", name, "--key", self._key, "--no-log"]
        return begun([*command, to.question], "Well")

    def _ask(self, to: Upstream, *, stream: bool = False, **more: Any) -> Any:
        return self._model(to.model).prompt(to.question, stream=stream, key=self._key, max_tokens=32, **more)

    def whole(self, to: Upstream) -> Observed:
        made = self._ask(to)
        return Observed(text=made.text(), usage=_counts(made))

    def stream(self, to: Upstream) -> Observed:
        said = list(self._ask(to, stream=True))
        return Observed(text="".join(said), pieces=sum(map(bool, said)))

    def stream_usage(self, to: Upstream) -> Observed:
        made = self._ask(to, stream=True)
        return Observed(text=made.text(), usage=_counts(made))

    def tools(self, to: Upstream) -> Observed:
        return self._chained(to, stream=False)

    def tools_stream(self, to: Upstream) -> Observed:
        return self._chained(to, stream=True)

    def _chained(self, to: Upstream, *, stream: bool) -> Observed:
        """Run by llm's own loop, which hands the results back."""
        chain = self._model(to.model).chain(CALL_BOTH, tools=[weather, clock], stream=stream, key=self._key)
        first, *_, last = chain.responses()
        pieces = sum(event.type == "tool_call_args" for event in first.stream_events()) if stream else 1
        return Observed(
            text=last.text(),
            pieces=pieces,
            calls=tuple(Called(call.name, call.arguments) for call in first.tool_calls()),
        )

    def structured(self, to: Upstream) -> Observed:
        made = self._model(to.model).prompt(STRUCTURED, schema=Fruit, stream=False, key=self._key)
        return Observed(parsed=json.loads(made.text()))

    def vision(self, to: Upstream) -> Observed:
        picture = llm.Attachment(type="image/png", content=base64.b64decode(PIXEL))
        made = self._model(to.model).prompt(LOOK, attachments=[picture], stream=False, key=self._key)
        return Observed(text=made.text())


class LlmResponses(Llm):
    """The same on Responses."""

    responses = True

    def reasoning(self, to: Upstream) -> Observed:
        return self._thought(to, stream=False)

    def reasoning_stream(self, to: Upstream) -> Observed:
        return self._thought(to, stream=True)

    def _thought(self, to: Upstream, *, stream: bool) -> Observed:
        made = self._model(to.thinker).prompt(to.question, stream=stream, key=self._key, reasoning_effort="low")
        events = list(made.stream_events())
        thought = [event.chunk for event in events if event.type == "reasoning"]
        said = [event.chunk for event in events if event.type == "text"]
        return Observed(text="".join(said), reasoning="".join(thought), pieces=sum(map(bool, thought)))


def write_models(house: House) -> None:
    """Tell llm of every upstream's model, once for each API."""
    thinkers = {to.thinker for to in UPSTREAMS}
    troubled = {ENDLESS.model, *(fault.model for fault in FAULTS.values())}
    models = [
        {
            "model_id": f"{name}-responses" if responses else name,
            "model_name": name,
            "api_base": house.base_url,
            "api_key_name": "freehold",
            "supports_schema": True,
            "supports_tools": True,
            "vision": True,
            "reasoning": name in thinkers,
            "responses": responses,
        }
        for name in sorted({to.model for to in UPSTREAMS} | troubled | thinkers)
        for responses in (False, True)
    ]
    (llm.user_dir() / "extra-openai-models.yaml").write_text(yaml.safe_dump(models))


def _counts(made: Any) -> Counts:
    usage = made.usage()
    return Counts(usage.input, usage.output)
