"""What needs no client library: plain curl, and Freehold's own `ask`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from ..house import House
from ..observed import Called, Counts, Observed, Refused
from ..samples import CALL_BOTH, LOOK, PICTURE, QUERY, RESULTS, SOUND, STRUCTURED, TEXTS, Fruit
from ..upstreams import Upstream
from .openai_chat import TOOLS, user

_FORMAT = {"type": "json_schema", "json_schema": {"name": "fruit", "strict": True, "schema": Fruit.model_json_schema()}}


class Curl:
    """One method per feature, each a command line."""

    errors = Refused

    def __init__(self, house: House, *, key: str | None = None, timeout: float = 60) -> None:
        self._house = house
        self._key = key or house.key
        self._timeout = timeout

    def close(self) -> None:
        """Each command ends by itself."""

    @staticmethod
    def refused(error: Refused) -> Refused:
        return error

    def _command(self, path: str, *arguments: str) -> list[str]:
        flags = ["--silent", "--no-buffer", "--max-time", str(self._timeout)]
        return ["curl", *flags, "--header", f"Authorization: Bearer {self._key}", *arguments, self._house.url + path]

    def _curl(self, path: str, *arguments: str) -> str:
        """What is printed, the status in the last line. Raises Refused."""
        command = [*self._command(path, *arguments), "--write-out", "\n%{http_code} %header{retry-after}"]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            raise Refused(f"exit {done.returncode}")
        body, _, last = done.stdout.rpartition("\n")
        status, _, waits = last.partition(" ")
        if status != "200":
            error = json.loads(body)["error"]
            raise Refused(
                "HTTP error",
                status=int(status),
                code=error.get("code"),
                parameter=error.get("param"),
                message=error["message"],
                retry_after=float(waits) if waits else None,
            )
        return body

    def _post(self, path: str, **fields: Any) -> Any:
        return json.loads(self._curl(path, "--json", json.dumps(fields)))

    def _chat(self, **fields: Any) -> Any:
        return self._post("/v1/chat/completions", **fields)["choices"][0]["message"]

    def _events(self, **fields: Any) -> list[Any]:
        """Chunks of a stream, which must end with [DONE]."""
        said = self._curl("/v1/chat/completions", "--json", json.dumps({**fields, "stream": True}))
        lines = [line.removeprefix("data: ") for line in said.splitlines() if line.startswith("data: ")]
        assert lines.pop() == "[DONE]"
        return [json.loads(line) for line in lines]

    def whole(self, to: Upstream) -> Observed:
        made = self._post("/v1/chat/completions", model=to.model, messages=user(to.question), max_tokens=32)
        return Observed(text=made["choices"][0]["message"]["content"], usage=_counts(made["usage"]))

    def stream(self, to: Upstream) -> Observed:
        chunks = self._events(model=to.model, messages=user(to.question), max_tokens=32)
        said = [_delta(chunk).get("content") or "" for chunk in chunks]
        return Observed(text="".join(said), pieces=sum(map(bool, said)))

    def stream_usage(self, to: Upstream) -> Observed:
        options = {"include_usage": True}
        *chunks, last = self._events(model=to.model, messages=user(to.question), max_tokens=32, stream_options=options)
        said = [_delta(chunk).get("content") or "" for chunk in chunks]
        return Observed(text="".join(said), pieces=sum(map(bool, said)), usage=_counts(last["usage"]))

    def tools(self, to: Upstream) -> Observed:
        message = self._chat(model=to.model, messages=user(CALL_BOTH), tools=TOOLS)
        return self._answered(to, message["tool_calls"])

    def _answered(self, to: Upstream, calls: list[Any], pieces: int = 1) -> Observed:
        """Hand the tools' results back and let the model finish."""
        results = [
            {"role": "tool", "tool_call_id": call["id"], "content": RESULTS[call["function"]["name"]]} for call in calls
        ]
        history = [*user(CALL_BOTH), {"role": "assistant", "tool_calls": calls}, *results]
        return Observed(
            text=self._chat(model=to.model, messages=history, tools=TOOLS)["content"],
            pieces=pieces,
            calls=tuple(Called(c["function"]["name"], json.loads(c["function"]["arguments"])) for c in calls),
        )

    def tools_stream(self, to: Upstream) -> Observed:
        """The pieces added up by hand, as a client does."""
        calls: dict[int, Any] = {}
        pieces = 0
        for chunk in self._events(model=to.model, messages=user(CALL_BOTH), tools=TOOLS):
            for part in _delta(chunk).get("tool_calls") or ():
                told = part["function"].get("arguments") or ""
                if part["index"] in calls:
                    calls[part["index"]]["function"]["arguments"] += told
                else:
                    calls[part["index"]] = {key: value for key, value in part.items() if key != "index"}
                pieces += bool(told)
        return self._answered(to, list(calls.values()), pieces)

    def structured(self, to: Upstream) -> Observed:
        message = self._chat(
            model=to.model, messages=user(STRUCTURED), response_format=_FORMAT, max_tokens=64, temperature=0
        )
        return Observed(parsed=json.loads(message["content"]))

    def vision(self, to: Upstream) -> Observed:
        parts = [{"type": "text", "text": LOOK}, {"type": "image_url", "image_url": {"url": PICTURE}}]
        return Observed(text=self._chat(model=to.model, messages=user(parts))["content"])  # type: ignore[arg-type]

    def reasoning(self, to: Upstream) -> Observed:
        message = self._chat(model=to.thinker, messages=user(to.question), reasoning_effort="low")
        return Observed(text=message["content"], reasoning=message.get("reasoning_content") or "")

    def reasoning_stream(self, to: Upstream) -> Observed:
        deltas = [
            _delta(chunk)
            for chunk in self._events(model=to.thinker, messages=user(to.question), reasoning_effort="low")
        ]
        thought = [delta.get("reasoning_content") or "" for delta in deltas]
        said = "".join(delta.get("content") or "" for delta in deltas)
        return Observed(text=said, reasoning="".join(thought), pieces=sum(map(bool, thought)))

    def leave(self, to: Upstream) -> str:
        fields = {"model": to.model, "messages": user(to.question), "stream": True}
        return begun(self._command("/v1/chat/completions", "--json", json.dumps(fields)), "Well")

    def stop(self, to: Upstream) -> Observed:
        message = self._chat(model=to.model, messages=user(to.question), stop=to.stop_at, max_tokens=32)
        return Observed(text=message["content"])

    def logprobs(self, to: Upstream) -> Observed:
        made = self._post(
            "/v1/chat/completions",
            model=to.model,
            messages=user(to.question),
            logprobs=True,
            top_logprobs=2,
            max_tokens=32,
        )
        tokens = made["choices"][0]["logprobs"]["content"]
        return Observed(
            text=made["choices"][0]["message"]["content"],
            logprobs=tuple(token["token"] for token in tokens if token["logprob"] <= 0),
            alternatives=len(tokens[0]["top_logprobs"]),
        )

    def choices(self, to: Upstream) -> Observed:
        made = self._post("/v1/chat/completions", model=to.model, messages=user(to.question), n=2, max_tokens=32)
        return Observed(choices=tuple(choice["message"]["content"] for choice in made["choices"]))

    def completion(self, to: Upstream) -> Observed:
        made = self._post(
            "/v1/completions", model=to.completer or to.model, prompt=to.prompt or to.question, max_tokens=32
        )
        return Observed(text=made["choices"][0]["text"])

    def embeddings(self, to: Upstream) -> Observed:
        made = self._post("/v1/embeddings", model=to.embedder or to.model, input=TEXTS)
        return Observed(vectors=tuple(tuple(each["embedding"]) for each in made["data"]))

    def count_tokens(self, to: Upstream) -> Observed:
        made = self._post("/v1/messages/count_tokens", model=to.model, messages=user(to.question))
        return Observed(usage=Counts(made["input_tokens"], 0))

    def transcription(self, to: Upstream) -> Observed:
        form = ["--form", f"model={to.listener or to.model}", "--form", f"file=@{SOUND}"]
        return Observed(text=json.loads(self._curl("/v1/audio/transcriptions", *form))["text"])

    def rerank(self, to: Upstream) -> Observed:
        made = self._post("/v1/rerank", model=to.reranker or to.model, query=QUERY, documents=TEXTS)
        return Observed(ranking=tuple(result["index"] for result in made["results"]))

    def models(self, to: Upstream) -> Observed:
        card = json.loads(self._curl(f"/v1/models/{to.model}"))
        listed = json.loads(self._curl("/v1/models"))["data"]
        return Observed(names=(card["id"], *(model["id"] for model in listed)))


class FreeholdAsk:
    """`freehold ask`, which streams."""

    errors = Refused

    def __init__(self, house: House, *, key: str | None = None, timeout: float = 60) -> None:
        """`timeout` is for others: whoever asks waits, or presses Ctrl-C."""
        self._environment = {**house.environment, "FREEHOLD_KEY": key or house.key}

    def close(self) -> None:
        """Each command ends by itself."""

    @staticmethod
    def refused(error: Refused) -> Refused:
        return error

    def _command(self, to: Upstream) -> list[str]:
        return [str(Path(sys.executable).with_name("freehold")), "ask", "--json", "--model", to.model, to.question]

    def leave(self, to: Upstream) -> str:
        return begun(self._command(to), "Well", self._environment)

    def whole(self, to: Upstream) -> Observed:
        """For what goes wrong: it always streams."""
        return self.stream(to)

    def stream(self, to: Upstream) -> Observed:
        command = self._command(to)
        quiet = subprocess.DEVNULL
        done = subprocess.run(command, check=False, env=self._environment, stdin=quiet, capture_output=True, text=True)
        if done.returncode:
            raise Refused(f"exit {done.returncode}", message=done.stderr)
        said = [json.loads(line)["text"] for line in done.stdout.splitlines()]
        return Observed(text="".join(said), pieces=sum(map(bool, said)))


def begun(command: list[str], word: str, environment: dict[str, str] | None = None) -> str:
    """What a command has printed once it has printed `word`; then it is killed."""
    said = b""
    with subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        while word.encode() not in said and (more := os.read(process.stdout.fileno(), 65536)):
            said += more
        process.kill()
    return said.decode()


def _delta(chunk: Any) -> Any:
    return chunk["choices"][0]["delta"] if chunk["choices"] else {}


def _counts(usage: Any) -> Counts:
    return Counts(usage["prompt_tokens"], usage["completion_tokens"])
