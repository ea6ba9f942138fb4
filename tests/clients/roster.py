"""The clients of the matrix, as data: how each is called, where its adapter is, what it has no way to ask for.

Nothing here imports a client library, so that the table can be written and checked without them.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import msgspec

from freehold.words.dialects import Dialect

from .faults import Fault
from .features import Feature

_NO_ROUTE = "OpenAI has no such route"
_OTHER_ROUTES = (
    Feature.COMPLETION,
    Feature.EMBEDDINGS,
    Feature.COUNT_TOKENS,
    Feature.TRANSCRIPTION,
    Feature.RERANK,
    Feature.MODELS,
)
_ELSEWHERE = dict.fromkeys(_OTHER_ROUTES, "not of this API")
_RESPONSES = {
    **_ELSEWHERE,
    Feature.STOP: "the Responses API has no stop sequences",
    Feature.CHOICES: "the Responses API has no `n`",
}
_MESSAGES = {
    **dict.fromkeys(_OTHER_ROUTES, "Anthropic has no such route"),
    Feature.LOGPROBS: "the Messages API has no log probabilities",
    Feature.CHOICES: "the Messages API has no `n`",
}
_OPENAI_ERRORS = {
    Fault.WRONG_KEY: "AuthenticationError",
    Fault.UNKNOWN_HERE: "NotFoundError",
    Fault.UNKNOWN_THERE: "NotFoundError",
    Fault.BUSY: "RateLimitError",
    Fault.DOWN: "InternalServerError",
}
_LANGCHAIN_ERRORS = {
    Fault.WRONG_KEY: "OpenAIAuthenticationError",
    Fault.UNKNOWN_HERE: "OpenAIModelNotFoundError",
    Fault.UNKNOWN_THERE: "OpenAIModelNotFoundError",
    Fault.BUSY: "OpenAIRateLimitError",
    Fault.DOWN: "OpenAIAPIError",
}
_PYDANTIC_ERRORS = {
    Fault.WRONG_KEY: "ModelAuthenticationError",
    Fault.UNKNOWN_HERE: "ModelNotFoundError",
    Fault.UNKNOWN_THERE: "ModelNotFoundError",
    Fault.BUSY: "ModelRateLimitError",
    Fault.DOWN: "ModelServerError",
}


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """One client, on one of its APIs."""

    name: str
    title: str
    speaks: Dialect
    adapter: str
    """Module and class below `adapters`."""
    without: Mapping[Feature, str] = {}
    """What it has no way to ask for, and why."""
    errors: Mapping[Fault, str] = msgspec.field(default_factory=lambda: _OPENAI_ERRORS)
    """Its own name for what goes wrong."""
    timeout_error: str = "APITimeoutError"
    """Its own name for giving up; empty where it has no timeout to set."""
    needs_node: bool = False

    def load(self) -> Any:
        """The adapter's class; imports the client's library."""
        module, _, name = self.adapter.partition(":")
        return getattr(import_module(f".adapters.{module}", __package__), name)


CLIENTS = (
    Client(
        name="openai",
        title="openai (Python)",
        speaks=Dialect.CHAT,
        adapter="openai_chat:OpenAIChat",
        without={Feature.COUNT_TOKENS: _NO_ROUTE},
    ),
    Client(
        name="openai-responses",
        title="openai (Python)",
        speaks=Dialect.RESPONSES,
        adapter="openai_responses:OpenAIResponses",
        without=_RESPONSES,
    ),
    Client(
        name="anthropic",
        title="anthropic (Python)",
        speaks=Dialect.MESSAGES,
        adapter="anthropic_messages:AnthropicMessages",
        without={why: text for why, text in _MESSAGES.items() if why not in (Feature.COUNT_TOKENS, Feature.MODELS)},
    ),
    Client(
        name="npm-openai",
        title="openai (npm)",
        speaks=Dialect.CHAT,
        adapter="npm:NpmOpenAIChat",
        without={Feature.COUNT_TOKENS: _NO_ROUTE},
        timeout_error="APIConnectionTimeoutError",
        needs_node=True,
    ),
    Client(
        name="npm-openai-responses",
        title="openai (npm)",
        speaks=Dialect.RESPONSES,
        adapter="npm:NpmOpenAIResponses",
        without=_RESPONSES,
        timeout_error="APIConnectionTimeoutError",
        needs_node=True,
    ),
    Client(
        name="npm-anthropic",
        title="@anthropic-ai/sdk (npm)",
        speaks=Dialect.MESSAGES,
        adapter="npm:NpmAnthropic",
        without={why: text for why, text in _MESSAGES.items() if why not in (Feature.COUNT_TOKENS, Feature.MODELS)},
        timeout_error="APIConnectionTimeoutError",
        needs_node=True,
    ),
    Client(
        name="langchain",
        title="langchain-openai",
        speaks=Dialect.CHAT,
        adapter="langchain:LangChain",
        without={
            **{feature: why for feature, why in _ELSEWHERE.items() if feature is not Feature.EMBEDDINGS},
            Feature.REASONING: "ChatOpenAI drops `reasoning_content`",
            Feature.REASONING_STREAM: "ChatOpenAI drops `reasoning_content`",
        },
        errors=_LANGCHAIN_ERRORS,
        timeout_error="OpenAITimeoutError",
    ),
    Client(
        name="langchain-responses",
        title="langchain-openai",
        speaks=Dialect.RESPONSES,
        adapter="langchain:LangChainResponses",
        without={**_RESPONSES, Feature.LOGPROBS: "ChatOpenAI asks for them on Chat Completions only"},
        errors=_LANGCHAIN_ERRORS,
        timeout_error="OpenAITimeoutError",
    ),
    Client(
        name="llm",
        title="llm",
        speaks=Dialect.CHAT,
        adapter="llm_models:Llm",
        without={
            **_ELSEWHERE,
            Feature.REASONING: "llm reads no reasoning from Chat Completions",
            Feature.REASONING_STREAM: "llm reads no reasoning from Chat Completions",
            Feature.CHOICES: "llm reads one choice",
            Feature.LOGPROBS: "llm keeps those of completion models only",
        },
        timeout_error="",
    ),
    Client(
        name="llm-responses",
        title="llm",
        speaks=Dialect.RESPONSES,
        adapter="llm_models:LlmResponses",
        without={**_RESPONSES, Feature.LOGPROBS: "llm has no option for it"},
        timeout_error="",
    ),
    Client(
        name="pydantic-ai",
        title="pydantic-ai, OpenAIChatModel",
        speaks=Dialect.CHAT,
        adapter="pydantic_agents:PydanticAI",
        without={
            **{feature: why for feature, why in _ELSEWHERE.items() if feature is not Feature.EMBEDDINGS},
            Feature.CHOICES: "an agent has one answer",
        },
        errors=_PYDANTIC_ERRORS,
        timeout_error="ModelTimeoutError",
    ),
    Client(
        name="pydantic-ai-responses",
        title="pydantic-ai, OpenAIResponsesModel",
        speaks=Dialect.RESPONSES,
        adapter="pydantic_agents:PydanticAIResponses",
        without=_RESPONSES,
        errors=_PYDANTIC_ERRORS,
        timeout_error="ModelTimeoutError",
    ),
    Client(
        name="pydantic-ai-anthropic",
        title="pydantic-ai, AnthropicModel",
        speaks=Dialect.MESSAGES,
        adapter="pydantic_agents:PydanticAIAnthropic",
        without={**_MESSAGES, **_ELSEWHERE},
        errors=_PYDANTIC_ERRORS,
        timeout_error="ModelTimeoutError",
    ),
    Client(
        name="curl",
        title="curl",
        speaks=Dialect.CHAT,
        adapter="commands:Curl",
        errors=dict.fromkeys(Fault, "HTTP error"),
        timeout_error="exit 28",
    ),
    Client(
        name="ask",
        title="`freehold ask`",
        speaks=Dialect.CHAT,
        adapter="commands:FreeholdAsk",
        without=dict.fromkeys(
            (f for f in Feature if f is not Feature.STREAM), "it asks a question and streams the answer"
        ),
        errors={
            Fault.WRONG_KEY: "exit 3",
            Fault.UNKNOWN_HERE: "exit 3",
            Fault.UNKNOWN_THERE: "exit 3",
            Fault.BUSY: "exit 4",
            Fault.DOWN: "exit 6",
        },
        timeout_error="",
    ),
)
