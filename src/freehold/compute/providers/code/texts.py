"""Text: counting, turning, sorting.

Where people count differently the answer is silence: words joined by a dash, characters made of several code points,
lines whose order depends on capitals or on being numbers.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from decimal import Decimal

from .question import Phrases, Unclear, read_command, read_line, words
from .units import find_unit

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_EDGES = "\"“”‘’'()[]{}.,;:!?…*_"
_LETTER_IN_WORD = re.compile(
    r"how many (?P<marked>letters? )?[\"'‘“]?(?P<letter>[a-z])(?P<plural>['’]s|[\"'’”]s?)? (?:are (?:there )?)?"
    r"in (?P<named>the word )?[\"'‘“]?(?P<word>[a-z]{2,40})[\"'’”]?",
    re.IGNORECASE,
)
_NO_SPELLED_WORD = words("total all this that it them english here there the order general fact text")
_PLAIN_NUMBER = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?")


class Texts:
    """Counts and rearranges."""

    name = "texts"
    openers = words(
        " how count number word character what length reverse spell convert change turn put uppercase "
        "upper lowercase lower sort remove dedupe deduplicate de"
    )

    def answer(self, question: str, *, now: datetime) -> str | None:
        """The count or the new text, or None."""
        if (
            question[:4].lower() == "how "
            and (line := read_line(question))
            and (found := _LETTER_IN_WORD.fullmatch(line))
        ):
            return _letters(found)
        command = read_command(question)
        if command is None:
            return None
        for _, work in _WISHES.matches(command.wish):
            with suppress(Unclear):
                return work(command.text)
        return None


def _letters(found: re.Match[str]) -> str | None:
    letter, word = found["letter"], found["word"]
    if find_unit(letter) and not (found["marked"] or found["plural"] or found["named"]):
        return None  # "how many g in kg" is about grams
    count = word.lower().count(letter.lower())
    if word.lower() in _NO_SPELLED_WORD or (count != word.count(letter.lower()) and count != word.count(letter)):
        return None
    return str(count)


def _count_words(text: str) -> str:
    """Words between spaces; a dash, a slash or a lone sign inside makes the count a matter of taste."""
    pieces = [piece.strip(_EDGES) for piece in text.split()]
    if not text.isprintable() and not text.replace("\n", "").replace("\t", "").isprintable():
        raise Unclear
    if any(_WORD.fullmatch(piece) is None or _runs_together(piece) for piece in pieces):
        raise Unclear
    return str(len(pieces))


def _runs_together(piece: str) -> bool:
    """Whether it is in a script that writes words without spaces between them."""
    return not piece.isascii() and any(unicodedata.category(letter) == "Lo" for letter in piece)


def _count_characters(text: str) -> str:
    return f"{len(_simple(text))} (spaces included)" if any(map(str.isspace, text)) else str(len(_simple(text)))


def _count_letters(text: str) -> str:
    if not text.isascii():
        raise Unclear
    return str(sum(map(str.isalpha, text)))


def _count_lines(text: str) -> str:
    return str(text.count("\n") + 1)


def _simple(text: str) -> str:
    """The text, if each of its characters is one code point to everybody."""
    if not text.isascii() and not all(map(_is_simple, set(text))):
        raise Unclear
    return text


def _is_simple(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNPZ" and not unicodedata.decomposition(character).startswith("<")


def _reverse(text: str) -> str:
    if "\n" in text:
        raise Unclear
    return _simple(text)[::-1]


def _reverse_words(text: str) -> str:
    return " ".join(reversed(text.split(" ")))


def _reverse_lines(text: str) -> str:
    return "\n".join(reversed(text.split("\n")))


def _upper(text: str) -> str:
    return _simple(text).upper()


def _lower(text: str) -> str:
    return _simple(text).lower()


def _sort(text: str) -> str:
    return "\n".join(_sorted(text.split("\n")))


def _sort_backwards(text: str) -> str:
    return "\n".join(reversed(_sorted(text.split("\n"))))


def _sort_numbers(text: str) -> str:
    lines = text.split("\n")
    if len(lines) < 2 or not all(_PLAIN_NUMBER.fullmatch(line) for line in lines):
        raise Unclear
    return "\n".join(sorted(lines, key=Decimal))


def _sorted(lines: list[str]) -> list[str]:
    """In the one order that all customs agree on: with and without capitals, as text and as numbers."""
    if len(lines) < 2 or len({line.lower() for line in lines}) != len(set(lines)):
        raise Unclear
    ordered = sorted(lines)
    if not all(line.isascii() and line == line.strip() and line for line in lines):
        raise Unclear
    if [line.lower() for line in ordered] != sorted(line.lower() for line in lines):
        raise Unclear
    if all(map(_PLAIN_NUMBER.fullmatch, lines)) and ordered != sorted(lines, key=Decimal):
        raise Unclear
    if any(line[0].isdigit() for line in lines) and not all(map(_PLAIN_NUMBER.fullmatch, lines)):
        raise Unclear
    return ordered


def _once_each(text: str) -> str:
    """The first of each kind of line, if capitals and spaces do not make the difference."""
    lines = text.split("\n")
    if len(lines) < 2:
        raise Unclear
    kept = list(dict.fromkeys(lines))
    if len({line.strip().casefold() for line in lines}) != len(kept) or "" in kept:
        raise Unclear
    return "\n".join(kept)


_THE_TEXT = (
    r"(?:(?:in|of) )?(?:the |this |these |following |text |string |sentence |word |phrase |paragraph |lines? )*@"
)
_LINES = r"(?:the |these )?(?:following )?lines"
_COUNT = r"(?:count (?:the )?(?:number of )?|how many |what is the (?:number|count) of |number of )"
_ARE = r" (?:(?:are )?(?:there )?|does |are )?"
_WISHES: Phrases[Callable[[str], str]] = Phrases(
    (rf"{_COUNT}words{_ARE}{_THE_TEXT}(?: (?:have|has|contain))?|word count of {_THE_TEXT}", _count_words),
    (
        rf"{_COUNT}char(?:acter)?s{_ARE}{_THE_TEXT}(?: (?:have|has|contain))?|character count of {_THE_TEXT}"
        r"|(?:what is the )?length of the string @",
        _count_characters,
    ),
    (rf"{_COUNT}letters{_ARE}{_THE_TEXT}(?: (?:have|has|contain))?", _count_letters),
    (rf"{_COUNT}lines{_ARE}{_THE_TEXT}(?: (?:have|has|contain))?", _count_lines),
    (
        r"reverse (?:the |this )?(?:following )?(?:string |text |word |characters (?:in|of) )?@|@ (?:reversed|backwards)",
        _reverse,
    ),
    (r"(?:what is |spell )@ (?:reversed|backwards)", _reverse),
    (r"reverse the (?:order of the )?words (?:in|of) @|reverse the word order (?:in|of) @", _reverse_words),
    (r"reverse (?:the |these )?(?:order of (?:the |these )?)?lines @", _reverse_lines),
    (r"(?:convert |change |turn |put )?@ (?:to|into|in) (?:upper ?-?case|capital letters|all caps)", _upper),
    (rf"(?:convert|change) (?:to|into) upper ?-?case {_THE_TEXT}|upper ?-?case {_THE_TEXT}", _upper),
    (r"(?:convert |change |turn |put )?@ (?:to|into|in) lower ?-?case", _lower),
    (rf"(?:convert|change) (?:to|into) lower ?-?case {_THE_TEXT}|lower ?-?case {_THE_TEXT}", _lower),
    (
        rf"sort {_LINES}(?: alphabetically)? @|sort {_LINES} @ alphabetically",
        _sort,
    ),
    (rf"sort {_LINES} in (?:reverse|descending)(?: alphabetical)? order @", _sort_backwards),
    (r"sort (?:the |these )?(?:following )?(?:lines|numbers) numerically @", _sort_numbers),
    (
        r"(?:remove (?:the |all )?duplicates? (?:lines )?(?:from|in) |de-?duplicate |dedupe )"
        r"(?:the |these )?(?:following )?(?:list |lines )?@|remove (?:the |all )?duplicate lines @",
        _once_each,
    ),
)
