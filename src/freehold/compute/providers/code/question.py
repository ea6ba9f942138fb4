"""How a question is cut into the part that asks and the part that is only polite.

A short question is one line and fits in `LINE_LIMIT` characters. A command works on a piece of text that the asker has
marked off: quoted, fenced, or behind a colon. What is marked off must be unmistakable; when a sentence could be the text
or a second wish, nothing is cut and nobody answers. Nothing here knows what any skill does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Generic, TypeVar

import msgspec

LINE_LIMIT = 200
COMMAND_LIMIT = 160

_Work = TypeVar("_Work")

_LEAD = re.compile(
    r"(?:(?:hi|hello|hey)[ ,!]+)?(?:please[ ,]+)?(?:(?:can|could|would|will) you (?:please )?)?(?:(?:tell|show|give) me )?",
    re.IGNORECASE,
)
_FIRST_WORD = re.compile(r"[A-Za-z]*")
_FAREWELLS = (" please", " thanks", " thank you")
_OPENING = re.compile(r"""```|["“`:\n]|(?<=\s)(?:['{]|\[(?![0-9]+\](?:[.\[]| from| in| of)))""")
_CLOSINGS = {"```": "```", '"': '"', "“": "”", "`": "`", "'": "'"}
_FENCE_LANGUAGE = re.compile(r"[A-Za-z]{0,12}\n")
_SENTENCE_BREAK = re.compile(r"[.?!;]\s")
_SECOND_WISH = re.compile(r"(?:please|thanks|thank you|then|also|and|but|now|next|finally)\b", re.IGNORECASE)


class Unclear(Exception):
    """The words can be read in two ways, or in none; the only right answer is silence."""


class Phrases(Generic[_Work]):
    """Ways of asking, in any case of letters, and what each asks for."""

    def __init__(self, *rows: tuple[str, _Work]) -> None:
        self._rows = [(re.compile(pattern, re.IGNORECASE), work) for pattern, work in rows]

    def matches(self, text: str) -> Iterator[tuple[re.Match[str], _Work]]:
        """Every row that the whole text fits, in their order."""
        for pattern, work in self._rows:
            if found := pattern.fullmatch(text):
                yield found, work


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """What to do, with `@` where the text stood, and the text to do it to."""

    wish: str
    text: str


def first_word(question: str) -> str:
    """The first word behind the politeness, in small letters; empty if it is a number, a sign or a quotation."""
    word = _FIRST_WORD.match(question, _lead_end(question))
    return word[0].lower() if word else ""


def words(text: str) -> frozenset[str]:
    """The words between single spaces; a space at the start stands for the empty word."""
    return frozenset(text.split(" "))


def without_lead(question: str) -> str:
    """The question without the politeness in front."""
    return question[_lead_end(question) :]


def read_line(question: str) -> str | None:
    """The question without politeness and closing marks; None if it is not one short line."""
    if len(question) > LINE_LIMIT:
        return None
    line = question.strip()
    if not line or "\n" in line:
        return None
    return _without_farewell(without_lead(line))


def read_command(question: str) -> Command | None:
    """The question as a wish about a marked-off text, or None if no text is clearly marked off."""
    opening = _OPENING.search(question, 0, COMMAND_LIMIT)
    if opening is None:
        return None
    head, mark = question[: opening.start()], opening[0]
    if mark in ":\n":
        return _behind_colon(head, question[opening.end() :])
    if mark in "{[":
        return _command(head, question[opening.start() :].rstrip(" \n?"), "")
    return _quoted(head, mark, question[opening.end() :])


def _behind_colon(head: str, rest: str) -> Command | None:
    """Text that only a colon or a line end marks off; "reverse: bool" in a piece of code is no wish to turn it round."""
    text = rest.strip()
    opening = _OPENING.match(text)
    if opening is not None and opening[0] in _CLOSINGS:
        return _quoted(head, opening[0], text[opening.end() :])
    if " " not in head.strip() or not _is_one_piece(text, block="\n" in rest[: len(rest) - len(rest.lstrip())]):
        return None
    return _command(head, text, "")


def _is_one_piece(text: str, *, block: bool) -> bool:
    """Whether unquoted text cannot hide a second wish. JSON guards its own end, so it may look as it likes."""
    if text[:1] in ("{", "["):
        return True
    if "\n\n" in text:
        return False
    if "\n" in text or block:
        return _SECOND_WISH.match(text, text.rfind("\n") + 1) is None
    return _SENTENCE_BREAK.search(text) is None


def _quoted(head: str, mark: str, rest: str) -> Command | None:
    closing = _CLOSINGS.get(mark)
    if closing is None:
        return None
    end = rest.rfind(closing)
    if end < 0 or closing in rest[:end]:
        return None
    text, tail = rest[:end], rest[end + len(closing) :]
    if mark == "```":
        language = _FENCE_LANGUAGE.match(text)
        text = text[language.end() if language else 0 :].removesuffix("\n")
    return _command(head, text, tail)


def _command(head: str, text: str, tail: str) -> Command | None:
    if not text or len(tail) > COMMAND_LIMIT:
        return None
    wish = f"{without_lead(head.strip())} @ {tail.strip()}"
    return Command(wish=_without_farewell(" ".join(wish.split())), text=text)


def _lead_end(text: str) -> int:
    lead = _LEAD.match(text)
    return lead.end() if lead else 0


def _without_farewell(text: str) -> str:
    text = text.rstrip(" ?.")
    for farewell in _FAREWELLS:
        if text.lower().endswith(farewell):
            return text[: -len(farewell)].rstrip(" ,?.")
    return text
