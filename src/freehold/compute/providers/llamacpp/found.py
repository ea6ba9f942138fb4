"""Which GGUF files there are, and what each can do.

Three places are looked at: models with a manifest, loose `*.gguf` files in the models directory, and files the user
names. Looking again is cheap: the directory is listed only when it has changed, a file is read only when it is new.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from freehold.compute.models.errors import BrokenWeights
from freehold.compute.models.gguf import GgufFacts, read_gguf
from freehold.compute.models.manifest import Defaults, Kind, installed
from freehold.ground.paths import Home
from freehold.words.dialects import Capability, Dialect
from freehold.words.offers import Offer, Place, layer_for
from freehold.words.prices import FREE

_GENERATES = frozenset({Dialect.CHAT, Dialect.COMPLETIONS, Dialect.COUNT_TOKENS})
_EMBEDS = frozenset({Dialect.EMBEDDINGS})
_ALWAYS = frozenset({Capability.COMPLETION, Capability.STRUCTURED_OUTPUT, Capability.LOGPROBS})
_RANKS = 4


class LocalModel(msgspec.Struct, frozen=True, kw_only=True):
    """A GGUF that can be served."""

    name: str
    path: Path
    size: int
    changed: int
    """When the file was last written, in nanoseconds: tells a file from the one that replaced it."""
    facts: GgufFacts
    defaults: Defaults = Defaults()

    @property
    def embeds(self) -> bool:
        return self.facts.pooling > 0

    def offer(self, provider: str, context: int) -> Offer:
        """What it amounts to, served with at most `context` tokens."""
        return Offer(
            provider=provider,
            model=self.name,
            layer=layer_for(self.facts.parameters, Place.LOCAL),
            place=Place.LOCAL,
            dialects=_EMBEDS if self.embeds else _GENERATES,
            capabilities=frozenset({Capability.EMBEDDING}) if self.embeds else self._abilities(),
            context=min(context, self.facts.context or context),
            price=FREE,
            region="local",
            retention_days=0,
            parameters=float(self.facts.parameters),
        )

    def _abilities(self) -> frozenset[Capability]:
        found = set(_ALWAYS)
        if self.facts.chat_template or self.defaults.chat_template:
            found.add(Capability.CHAT)
        if self.facts.tools and not self.defaults.chat_template:
            found.add(Capability.TOOLS)
        if self.facts.reasoning:
            found.add(Capability.REASONING)
        return frozenset(found)


class Finder:
    """Keeps track of the GGUF files of one home."""

    def __init__(self, home: Home, named: Mapping[str, str]) -> None:
        self._home = home
        self._directory = home.models
        self._named = {name: Path(path).expanduser() for name, path in named.items()}
        self._seen: dict[tuple[Path, int, int], GgufFacts | None] = {}
        self._stamp: tuple[int, ...] = ()
        self._models: dict[str, LocalModel] = {}

    def models(self) -> Mapping[str, LocalModel]:
        """Every model that can be served, by name. A broken file is left out."""
        stamp = self._changes()
        if stamp != self._stamp:
            self._models = {model.name: model for model in self._look()}
            self._stamp = stamp
        return self._models

    def _changes(self) -> tuple[int, ...]:
        return (_changed(self._directory), *map(_changed, self._named.values()))

    def _look(self) -> Iterator[LocalModel]:
        for path in sorted(self._directory.glob("[!.]*.gguf")):
            yield from self._read(path.stem, path)
        for model in installed(self._home):
            if model.manifest.kind is Kind.GGUF:
                yield from self._read(model.name, model.only(".gguf"), model.manifest.facts, model.manifest.defaults)
        for name, path in self._named.items():
            yield from self._read(name, path)

    def _read(
        self, name: str, path: Path, facts: GgufFacts | None = None, defaults: Defaults | None = None
    ) -> Iterator[LocalModel]:
        try:
            stat = path.stat()
            known = facts or self._facts(path, stat.st_size, stat.st_mtime_ns)
        except OSError:
            return
        if known is not None and known.pooling != _RANKS:
            yield LocalModel(
                name=name,
                path=path,
                size=stat.st_size,
                changed=stat.st_mtime_ns,
                facts=known,
                defaults=defaults or Defaults(),
            )

    def _facts(self, path: Path, size: int, changed: int) -> GgufFacts | None:
        key = (path, size, changed)
        if key not in self._seen:
            try:
                self._seen[key] = read_gguf(path)
            except BrokenWeights:
                self._seen[key] = None
        return self._seen[key]


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
