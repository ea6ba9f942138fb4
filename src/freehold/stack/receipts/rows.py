"""A receipt as a row: columns for what is asked about, JSON for the attempts.

Money is whole nano-dollars, rounded up, so that sums are exact. Text that a client chose is made printable, so that no
database can refuse it.
"""

from __future__ import annotations

import msgspec

from freehold.ground.database import Row
from freehold.ground.units import Joules, Seconds, dollars, nanos
from freehold.words.dialects import Dialect
from freehold.words.prices import Usage
from freehold.words.receipts import Attempt, Basis, Energy, Outcome, Receipt

COLUMNS = (
    "id",
    "time",
    "owner",
    "dialect",
    "asked",
    "outcome",
    "error",
    "provider",
    "model",
    "layer",
    "place",
    "stream",
    "cached",
    "input",
    "cache_read",
    "cache_write",
    "output",
    "reasoning",
    "audio_seconds",
    "estimated",
    "nano_usd",
    "joules",
    "basis",
    "first_byte",
    "seconds",
    "attempts",
    "worker",
)
"""In the order of `row_of`."""

_MAX_ASKED = 256
_text = str.__str__
"""A plain string of an enumeration's member: database drivers are slow to look up what they make of any other type."""
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(tuple[Attempt, ...]).decode


def row_of(receipt: Receipt, worker: str) -> Row:
    """The values of `COLUMNS`."""
    usage, usd, energy, attempts = receipt.usage, receipt.usd, receipt.energy, receipt.attempts
    return (
        receipt.id,
        receipt.time,
        receipt.owner,
        _text(receipt.dialect),
        _printable(receipt.asked),
        _text(receipt.outcome),
        receipt.error,
        receipt.provider,
        receipt.model,
        receipt.layer,
        _text(receipt.place),
        receipt.stream,
        receipt.cached,
        usage.input,
        usage.cache_read,
        usage.cache_write,
        usage.output,
        usage.reasoning,
        usage.audio_seconds,
        usage.estimated,
        None if usd is None else nanos(usd),
        None if energy is None else energy.joules,
        None if energy is None else _text(energy.basis),
        receipt.first_byte,
        receipt.seconds,
        _encode(attempts).decode() if attempts else "[]",
        worker,
    )


def receipt_of(row: Row) -> Receipt:
    """The receipt that `row_of` made these values from; money to the nano-dollar above."""
    said = dict(zip(COLUMNS, row, strict=True))
    return Receipt(
        id=said["id"],
        time=said["time"],
        owner=said["owner"],
        dialect=Dialect(said["dialect"]),
        asked=said["asked"],
        outcome=Outcome(said["outcome"]),
        error=said["error"],
        provider=said["provider"],
        model=said["model"],
        layer=said["layer"],
        place=said["place"],
        stream=bool(said["stream"]),
        cached=bool(said["cached"]),
        usage=_usage(said),
        usd=None if said["nano_usd"] is None else dollars(said["nano_usd"]),
        energy=None if said["joules"] is None else Energy(joules=Joules(said["joules"]), basis=Basis(said["basis"])),
        first_byte=None if said["first_byte"] is None else Seconds(said["first_byte"]),
        seconds=Seconds(said["seconds"]),
        attempts=_decode(said["attempts"]),
    )


def _usage(said: dict[str, object]) -> Usage:
    names = ("input", "cache_read", "cache_write", "output", "reasoning", "audio_seconds")
    return msgspec.convert({name: said[name] for name in names} | {"estimated": bool(said["estimated"])}, Usage)


def _printable(asked: str) -> str:
    if len(asked) <= _MAX_ASKED and asked.isprintable():
        return asked
    return asked[:_MAX_ASKED].encode("unicode_escape").decode("ascii")
