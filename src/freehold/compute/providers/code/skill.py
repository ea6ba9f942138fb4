"""Layer 2: code that answers a message exactly or stays silent. It never guesses.

A skill reads the whole question; a word it does not understand makes it silent, and so does a second meaning. If two
skills come to different answers, nobody has one. Silence is cheap, so every message may pass through here first.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

import msgspec

from .calculator import Calculator
from .clocks import Clocks
from .conversions import Conversions
from .days import Days
from .encodings import Encodings
from .findings import Findings
from .json_texts import JsonTexts
from .patterns import Patterns
from .question import first_word
from .tables import Tables
from .texts import Texts

LARGEST_QUESTION = 65_536
"""Characters; a longer message is never looked into."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """An exact answer, and the name of the skill that gave it."""

    text: str
    skill: str


class Skill(Protocol):
    """Answers one kind of question."""

    name: str
    openers: frozenset[str]
    """First words of the questions it may know, in small letters; the empty one stands for a number, sign or quotation."""

    def answer(self, question: str, *, now: datetime) -> str | None:
        """The exact answer, or None where the question is not wholly understood. Never raises, never waits.

        `now` is the moment of asking on the asker's own clock, with its time zone.
        """
        ...


SKILLS: tuple[Skill, ...] = (
    Calculator(),
    Conversions(),
    Days(),
    Clocks(),
    Texts(),
    Encodings(),
    JsonTexts(),
    Tables(),
    Patterns(),
    Findings(),
)


_BY_OPENER = {
    opener: tuple(skill for skill in SKILLS if opener in skill.openers)
    for opener in frozenset().union(*(s.openers for s in SKILLS))
}


def answer(question: str, *, now: datetime) -> Answer | None:
    """The one exact answer to the question, or None: most questions are not for code."""
    if len(question) > LARGEST_QUESTION:
        return None
    found: Answer | None = None
    for skill in _BY_OPENER.get(first_word(question), ()):
        text = skill.answer(question, now=now)
        if text is None:
            continue
        if found is not None and found.text != text:
            return None
        found = found or Answer(text=text, skill=skill.name)
    return found
