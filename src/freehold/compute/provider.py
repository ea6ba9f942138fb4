"""The contracts of everything that can do work.

A provider has a name, offers and a status. What it can *do* are protocols of their own: `Inference` today; `Training` and
`Deployment` are asked for by the abstraction layer and answered where a room implements them.

Rules that every `Inference` keeps, and that `freehold.testing.contracts` checks:

- Ready or raised. `infer` returns a stream only after its first event has arrived and is no error, so that whatever goes
  wrong earlier can be failed over without the client noticing.
- Errors are Freehold's: `TryAnother` and its children where another provider may succeed, `FixRequest` where not.
- A stream yields whole server-sent events in the ask's dialect, and raises if it ends before its proper end.
- Closing a stream early stops the work upstream.
- Cancelling the task that waits stops the work upstream.
- `usage` is complete once the stream has ended; before that it holds what is known.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol, runtime_checkable

import msgspec

from freehold.ground.units import Seconds
from freehold.words.asks import Ask
from freehold.words.offers import Offer
from freehold.words.prices import NO_USAGE, Usage
from freehold.words.receipts import Energy


class Answer(msgspec.Struct, kw_only=True):
    """A whole answer, in the ask's dialect."""

    body: bytes
    usage: Usage = NO_USAGE
    energy: Energy | None = None
    content_type: str = "application/json"


class AnswerStream(Protocol):
    """An answer that arrives in pieces: server-sent events in the ask's dialect."""

    @property
    def usage(self) -> Usage: ...

    @property
    def energy(self) -> Energy | None: ...

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Each item is one or more whole events, as bytes ready for the wire."""
        ...

    async def aclose(self) -> None:
        """Stop the work upstream if it is still going on. May be called twice."""
        ...


class KeyStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One of a provider's keys: its label (never the key) and why it is set aside, if it is."""

    label: str
    set_aside: str = ""


class ProviderStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A provider's own view of itself."""

    ready: bool
    reason: str = ""
    """Why it is not ready."""
    in_flight: int = 0
    keys: tuple[KeyStatus, ...] = ()


@runtime_checkable
class Provider(Protocol):
    """Something that can do work."""

    @property
    def name(self) -> str: ...

    def offers(self) -> Sequence[Offer]:
        """What it has to offer now. Cheap; touches no network. Prices are in the offers."""
        ...

    def status(self) -> ProviderStatus: ...

    async def aclose(self) -> None:
        """Let go of connections, threads and models."""
        ...


@runtime_checkable
class Inference(Provider, Protocol):
    """A provider that answers asks."""

    async def infer(self, ask: Ask, offer: Offer, *, timeout: Seconds | None = None) -> Answer | AnswerStream:
        """Answer `ask` with one of this provider's own offers, in `ask.dialect`, which is one of `offer.dialects`.

        `ask.stream` decides whether a whole answer or a stream comes back. `timeout` is what is left of the whole chain's
        time; the provider's own deadlines may be shorter.
        """
        ...
