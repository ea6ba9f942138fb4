"""Finding e-mail addresses, links, dates and numbers in a marked-off text.

Everything of that kind, in order, one a line. A text with something that may or may not be one (a link without its
scheme, 03/04/2024, 1.2.3) is not answered, and neither is one where nothing was found.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from .dates import DATE_FORMS, MONTHS, date_of
from .question import Phrases, Unclear, read_command, words

LARGEST_TEXT = 16_384
LONGEST_LINK = 2048
_EMAIL = re.compile(
    r"(?<![\w.%+-])[A-Za-z0-9_%+-]+(?:\.[A-Za-z0-9_%+-]+)*@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,24}(?![\w@-])"
)
_LINK = re.compile(r"https?://[^\s<>\"'`“”]+")
_LINK_END = ".,;:!?"
_BARE_LINK = re.compile(r"\bwww\.|(?<!@)\b[a-z0-9-]+\.(?:com|org|net|io|dev|ai|de|uk)\b", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w.,:/%-])-?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?(?![\w:/-]|[.,][0-9])")
_DATE = re.compile("|".join(rf"(?:\b(?:{re.sub('[?]P<[a-z]+>', '?:', form)})\b)" for form in DATE_FORMS), re.IGNORECASE)
_DATE_LIKE = re.compile(
    rf"[0-9]+[/.-][0-9]+|\b(?:{'|'.join(MONTHS)}|today|tomorrow|yesterday)\b|\b[0-9]{{4}}\b", re.IGNORECASE
)


class Findings:
    """Finds things in a text."""

    name = "findings"
    openers = words("extract find list get")

    def answer(self, question: str, *, now: datetime) -> str | None:
        """What was found, a line each, or None."""
        command = read_command(question)
        if command is None or len(command.text) > LARGEST_TEXT:
            return None
        for _, find in _WISHES.matches(command.wish):
            with suppress(Unclear):
                return "\n".join(find(command.text)) or None
        return None


def find_emails(text: str) -> list[str]:
    """All e-mail addresses; an @ that belongs to none is `Unclear`."""
    found = _EMAIL.findall(text)
    if len(found) != text.count("@"):
        raise Unclear
    return found


def find_links(text: str) -> list[str]:
    """All http and https links, without the punctuation of the sentence around them."""
    found = [_without_sentence(link) for link in _LINK.findall(text)]
    if _BARE_LINK.search(_LINK.sub(" ", text)) or text.count("://") != len(found):
        raise Unclear
    return found


def find_numbers(text: str) -> list[str]:
    """All numbers written in digits; every digit must belong to one."""
    if any(character.isdigit() for character in _NUMBER.sub(" ", text)):
        raise Unclear
    return _NUMBER.findall(text)


def find_dates(text: str) -> list[str]:
    """All full dates, as they stand; anything else that may be a date is `Unclear`."""
    if _DATE_LIKE.search(_DATE.sub(" ", text)):
        raise Unclear
    found = [match[0] for match in _DATE.finditer(text)]
    for date in found:
        _check_date(date)
    return found


def _check_date(text: str) -> None:
    for form in DATE_FORMS:
        if match := re.fullmatch(form, text, re.IGNORECASE):
            date_of(match)


def _without_sentence(link: str) -> str:
    if len(link) > LONGEST_LINK:
        raise Unclear
    link = link.rstrip(_LINK_END)
    while link.endswith(")") and link.count(")") > link.count("("):
        link = link[:-1].rstrip(_LINK_END)
    return link


_FROM = (
    r"(?:extract|find|list|get)(?: me)?(?: all)?(?: of)?(?: the)? {what} (?:from|in|of) (?:the |this |following )*"
    r"(?:text |string |sentence |paragraph )?@"
)
_WISHES: Phrases[Callable[[str], list[str]]] = Phrases(
    (_FROM.replace("{what}", r"(?:e-?mails?|e-?mail address(?:es)?)"), find_emails),
    (_FROM.replace("{what}", r"(?:urls?|links?|web addresses)"), find_links),
    (_FROM.replace("{what}", "numbers"), find_numbers),
    (_FROM.replace("{what}", "dates"), find_dates),
)
