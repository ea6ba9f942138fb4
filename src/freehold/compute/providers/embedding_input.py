"""What every local embedding model refuses by name, because it would embed something else than was meant."""

from __future__ import annotations

from freehold.ground.errors import CannotServe
from freehold.words.asks import Ask


def refuse_token_arrays(ask: Ask) -> None:
    """Raises CannotServe where `input` is token numbers: they are in another model's vocabulary."""
    start = bytes(ask.fields.get("input", b"")).lstrip(b"[ \t\r\n")[:1]
    if start.isdigit() or start == b"-":
        raise CannotServe(
            "Token arrays as input belong to another model's vocabulary.",
            advice="Send text: with langchain-openai, set check_embedding_ctx_length=False.",
        )
