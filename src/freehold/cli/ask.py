"""`freehold ask`: one question, answered as it streams in.

It goes to the running gateway if there is one; otherwise the answer is worked out in this process, with the same selection,
budgets and receipts.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from freehold.cli.options import config_option
from freehold.cli.printing import show_json
from freehold.ground.errors import InvalidRequest, ProviderBroken

if TYPE_CHECKING:
    from freehold.cli.gateway import RunningGateway

MAX_INPUT = 32 << 20


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """A line of `ask --json`: a piece of the answer. The last one says why it ended."""

    text: str = ""
    reasoning: str = ""
    finish_reason: str = ""


class _Delta(msgspec.Struct):
    content: str | None = None
    reasoning_content: str | None = None


class _Choice(msgspec.Struct):
    delta: _Delta = msgspec.field(default_factory=_Delta)
    finish_reason: str | None = None


class _Chunk(msgspec.Struct):
    choices: list[_Choice] = []
    error: msgspec.Raw | None = None


_decode = msgspec.json.Decoder(_Chunk).decode


@click.command()
@click.argument("question", required=False, default="")
@click.option("--model", default="auto", show_default=True, help="Model, alias, or auto.")
@click.option("--local", "local_only", is_flag=True, help="Only this machine may answer; the same as --privacy local.")
@click.option("--privacy", type=click.Choice(["local", "own", "any"]), help="How far the question may travel.")
@click.option("--max-usd", type=click.FloatRange(min=0), help="Most money the answer may cost.")
@click.option("--system", help="Instructions that stand before the question.")
@click.option(
    "-f", "--file", "files", type=click.Path(path_type=Path), multiple=True, help="Text to put before the question."
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print each piece as a line of JSON: text, reasoning, finish_reason."
)
@config_option
def command(
    *,
    question: str,
    model: str,
    local_only: bool,
    privacy: str | None,
    max_usd: float | None,
    system: str | None,
    files: tuple[Path, ...],
    as_json: bool,
    config: Path | None,
) -> None:
    """Ask a question and stream the answer.

    \b
    Example: freehold ask "What is 17% of 2,340?"
             git diff | freehold ask "Write a commit message." --local

    What is piped in is put before the question.
    """
    if local_only and privacy not in (None, "local"):
        raise click.UsageError("--local and --privacy contradict each other.")
    messages = _messages(question, system, files)
    limits: dict[str, Any] = {"privacy": "local" if local_only else privacy or "any"}
    if max_usd is not None:
        limits["max_usd"] = max_usd
    _show(_pieces(model, messages, limits, config), as_json=as_json)


def _messages(question: str, system: str | None, files: tuple[Path, ...]) -> list[dict[str, str]]:
    parts = [_read(path) for path in files]
    if not sys.stdin.isatty():
        parts.append(_bounded(sys.stdin.read(MAX_INPUT + 1), "the input"))
    text = "\n\n".join(part for part in [*(part.strip() for part in parts), question] if part)
    if not text:
        raise click.UsageError("There is no question.")
    asked = [{"role": "user", "content": text}]
    return [{"role": "system", "content": system}, *asked] if system else asked


def _read(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return _bounded(file.read(MAX_INPUT + 1), str(path))
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"{path} is not UTF-8 text.") from error


def _bounded(text: str, name: str) -> str:
    if len(text) > MAX_INPUT:
        raise InvalidRequest(f"{name} is longer than {MAX_INPUT} characters.")
    return text


def _pieces(model: str, messages: list[dict[str, str]], limits: dict[str, Any], config: Path | None) -> Iterator[Piece]:
    from freehold.cli.gateway import find_gateway

    gateway = None if config is not None else find_gateway()
    return _from_gateway(gateway, model, messages, limits) if gateway else _from_here(model, messages, limits, config)


def _from_gateway(
    gateway: RunningGateway, model: str, messages: list[dict[str, str]], limits: dict[str, Any]
) -> Iterator[Piece]:
    headers = {f"x-freehold-{name.replace('_', '-')}": str(value) for name, value in limits.items()}
    body = msgspec.json.encode({"model": model, "messages": messages, "stream": True})
    whole = False
    for line in gateway.post("/v1/chat/completions", body, headers):
        data = line.removeprefix(b"data:").strip()
        if not line.startswith(b"data:") or not data:
            continue
        if data == b"[DONE]":
            whole = True  # and read on to the end: whoever hangs up before is taken to have left
        else:
            yield from _read_chunk(data)
    if not whole:
        raise ProviderBroken(
            "The answer broke off before its end.", advice="Ask again; `freehold receipts` says what happened."
        )


def _read_chunk(data: bytes) -> Iterator[Piece]:
    from freehold.cli.gateway import error_from

    try:
        chunk = _decode(data)
    except msgspec.DecodeError as error:
        raise ProviderBroken(f"The gateway sent something unexpected: {error}.") from error
    if chunk.error is not None:
        raise error_from(data, 502)
    for choice in chunk.choices:
        text, thought = choice.delta.content or "", choice.delta.reasoning_content or ""
        if text or thought or choice.finish_reason:
            yield Piece(text=text, reasoning=thought, finish_reason=choice.finish_reason or "")


def _from_here(
    model: str, messages: list[dict[str, str]], limits: dict[str, Any], config: Path | None
) -> Iterator[Piece]:
    """The pieces of an answer that is worked out in this process, one event loop turn at a time."""
    import asyncio

    import freehold
    from freehold import ComputeRequirements

    async def pieces() -> Any:
        async with freehold.open(str(config) if config else None) as layer:
            async for delta in layer.stream(model, messages, msgspec.convert(limits, ComputeRequirements)):
                yield Piece(text=delta.text, reasoning=delta.reasoning, finish_reason=delta.finish_reason)

    with asyncio.Runner() as runner:
        stream = pieces()
        try:
            while True:
                try:
                    yield runner.run(anext(stream))
                except StopAsyncIteration:
                    return
        finally:
            runner.run(stream.aclose())


def _show(pieces: Iterator[Piece], *, as_json: bool) -> None:
    """Thoughts go to the side, so that what is piped on is the answer."""
    if as_json:
        for piece in pieces:
            show_json(piece)
        return
    thinking, ended_line = False, True
    try:
        for piece in pieces:
            if piece.reasoning and sys.stderr.isatty():
                thinking = True
                click.secho(piece.reasoning, nl=False, dim=True, err=True)
            if piece.text:
                if thinking:
                    thinking = False
                    click.echo("\n", err=True)
                click.echo(piece.text, nl=False)
                ended_line = piece.text.endswith("\n")
    finally:
        if not ended_line:
            click.echo()
