"""Providers as data: who speaks which dialect where, with which key, and which models are known there.

A service that speaks OpenAI's or Anthropic's protocol is one table in `providers.toml` and no code. Rules the rows keep:

- What nobody has published is left out and reads as unknown (None): regions, retention, context windows.
- A wildcard model claims what the provider's API has words for; whether one model can is for the provider to answer.
- Rows hold no prices. They name the catalog that has them (`prices`), or say that the work is free or billed by the hour.

Cloud rows are contract-tested against fakes; they are never run live in the tests. Nothing here touches the network.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import msgspec

from freehold.compute.upstream.interface import Deadlines
from freehold.ground.errors import InvalidConfig
from freehold.words.dialects import Capability, Dialect
from freehold.words.offers import Place

_PART = re.compile(r"<([A-Z_]+)>")
_PART_VALUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")

STANDARD_PATHS = {
    Dialect.CHAT: "/chat/completions",
    Dialect.COMPLETIONS: "/completions",
    Dialect.RESPONSES: "/responses",
    Dialect.MESSAGES: "/messages",
    Dialect.COUNT_TOKENS: "/messages/count_tokens",
    Dialect.EMBEDDINGS: "/embeddings",
    Dialect.TRANSCRIPTIONS: "/audio/transcriptions",
    Dialect.RERANK: "/rerank",
}
"""Where a dialect lives below a provider's base URL, unless its row says otherwise."""


class Kind(StrEnum):
    """What sort of landlord a provider is."""

    API = "api"
    """Someone else's models behind someone else's API."""
    GPU_CLOUD = "gpu_cloud"
    GPU_MARKETPLACE = "gpu_marketplace"
    OWNED = "owned"
    """Another machine of one's own."""
    LOCAL = "local"
    """A server on this machine."""


class Auth(StrEnum):
    """How a key travels."""

    BEARER = "bearer"
    X_API_KEY = "x-api-key"
    NONE = "none"


class Pricing(StrEnum):
    """How a provider charges."""

    PER_TOKEN = "per_token"
    PER_GPU_HOUR = "per_gpu_hour"
    FIXED_COST = "fixed_cost"
    FREE = "free"
    """Costs no money per request. The electricity of one's own machine is counted in joules, not here."""


class Work(StrEnum):
    """What a provider can be hired for."""

    INFERENCE = "inference"
    TRAINING = "training"


class ModelRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One model, or a family of them by wildcard, at one provider."""

    id: str
    """What the provider calls it, or a shell-style wildcard for many."""
    capabilities: frozenset[Capability]
    context: int | None = None
    max_output: int | None = None
    parameters: float | None = None
    region: str | None = None
    retention_days: int | None = None

    @property
    def wildcard(self) -> bool:
        return "*" in self.id


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One provider."""

    name: str
    title: str
    type: Kind
    base_url: str = ""
    """Below it live the dialects. `<PARTS>` in capitals are the user's to fill in; empty where the user states it whole."""
    key_env: tuple[str, ...] = ()
    """Environment variables that may hold the key, first found first used."""
    key_required: bool = True
    auth: Auth = Auth.BEARER
    headers: dict[str, str] = {}
    """Sent with every request. Never a secret."""
    dialects: frozenset[Dialect]
    """Spoken natively; others are translated."""
    paths: dict[Dialect, str] = {}
    """Where a dialect does not live at its standard path."""
    models: tuple[ModelRow, ...] = ()
    region: str | None = None
    retention_days: int | None = None
    pricing: Pricing
    prices: str = ""
    """The provider's name in the price catalog; empty where the catalog does not have it."""
    custom_architecture: bool = False
    """Whether models of one's own making can be brought there."""
    capabilities: frozenset[Work] = frozenset({Work.INFERENCE})
    deadlines: Deadlines = Deadlines()
    discovery_port: int | None = None
    """Where the server listens on loopback when nobody told it otherwise."""
    stream_usage: bool = True
    """Whether it takes `stream_options.include_usage`. Where false, it either counts unasked or does not count."""
    output_limit: str = ""
    """The only name it takes for the bound on answer tokens; empty where both of OpenAI's names will do."""
    developer_role: bool = False
    """Whether it knows the "developer" role; elsewhere such messages are sent as "system"."""

    @property
    def place(self) -> Place:
        """Whose machine it is."""
        return _PLACES[self.type]

    @property
    def user_parts(self) -> tuple[str, ...]:
        """Names of the parts of `base_url` that only the user knows."""
        return tuple(_PART.findall(self.base_url))

    def path(self, dialect: Dialect) -> str:
        """Path below the base URL at which the provider takes that dialect."""
        return self.paths.get(dialect) or STANDARD_PATHS[dialect]

    def model(self, model_id: str) -> ModelRow | None:
        """The entry for a model: an exact one before a wildcard, an earlier wildcard before a later one."""
        for entry in self.models:
            if entry.id == model_id:
                return entry
        for entry in self.models:
            if entry.wildcard and fnmatchcase(model_id, entry.id):
                return entry
        return None


_PLACES = {
    Kind.API: Place.CLOUD,
    Kind.GPU_CLOUD: Place.RENTED,
    Kind.GPU_MARKETPLACE: Place.RENTED,
    Kind.OWNED: Place.OWN,
    Kind.LOCAL: Place.LOCAL,
}


@cache
def load_rows() -> Mapping[str, Row]:
    """Every row that ships with Freehold, by name. Read once per process."""
    return parse_rows(Path(__file__).with_name("providers.toml").read_text(encoding="utf-8"))


def parse_rows(text: str) -> Mapping[str, Row]:
    """Rows from TOML, one table each. Raises InvalidConfig naming the field at fault."""
    try:
        return {name: _row(name, table) for name, table in tomllib.loads(text).items()}
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise InvalidConfig(f"A provider row is wrong: {error}") from error


def _row(name: str, table: object) -> Row:
    if not isinstance(table, dict):
        raise InvalidConfig(f"A provider row is wrong: {name} is not a table")
    if "name" in table:
        raise InvalidConfig(f"A provider row is wrong: {name} is named by its table, not by a field")
    return msgspec.convert({**table, "name": name}, Row)


def fill(base_url: str, parts: Mapping[str, str]) -> str:
    """`base_url` with the user's parts put in.

    Raises InvalidConfig where one is missing or holds anything but letters, digits, dots, dashes and underscores: a part is
    one piece of a host or path and must not be able to turn into another address.
    """

    def value(match: re.Match[str]) -> str:
        given = parts.get(match[1], "")
        if not _PART_VALUE.fullmatch(given):
            raise InvalidConfig(
                f"{base_url} needs a value for <{match[1]}>" if not given else f"Not a valid <{match[1]}>: {given!r}",
                advice=f"State {match[1].lower()} in the provider's table, or give its whole base_url.",
            )
        return given

    return _PART.sub(value, base_url)
