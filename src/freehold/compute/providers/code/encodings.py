"""Encodings and digests of a marked-off text, taken as UTF-8.

Decoding is strict: what is not valid, or does not decode to text, is not answered. A plus sign in a URL is a space to
some, so it is left alone.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable
from datetime import datetime
from urllib.parse import quote, unquote

from .question import Phrases, Unclear, read_command, read_line, words

_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_NUMERIC = re.compile(r"(?:0x)?[0-9A-Fa-f.,\s-]+")
_ESCAPED = re.compile(r"(?:[A-Za-z0-9\-._~!$&'()*,;=:@/?#\[\]]|%[0-9A-Fa-f]{2})+")
_BARE = re.compile(
    r"(?:(?:base64[ -]decode|decode (?:this |the )?(?:following )?base64(?: string)?) (?P<base64>[A-Za-z0-9+/]{7,}={0,2})"
    r"|(?:url[ -]decode|percent-decode) (?P<url>\S+))",
    re.IGNORECASE,
)


class Encodings:
    """Encodes, decodes, digests."""

    name = "encodings"
    openers = words(" base url percent uri encode decode convert what the hex sha md hash calculate compute")

    def answer(self, question: str, *, now: datetime) -> str | None:
        """The other form of the text, or None."""
        try:
            return _of_command(question) or _of_line(question)
        except (Unclear, UnicodeError, binascii.Error):
            return None


def _of_command(question: str) -> str | None:
    command = read_command(question)
    if command is None:
        return None
    for _, work in _WISHES.matches(command.wish):
        return work(command.text)
    return None


def _of_line(question: str) -> str | None:
    """Decoding a single piece that nobody would take for a word."""
    line = read_line(question)
    if line is None or (found := _BARE.fullmatch(line)) is None:
        return None
    if found["url"]:
        return _from_url(found["url"]) if "%" in found["url"] else None
    looks_coded = found["base64"].endswith("=") or any(letter.isdigit() for letter in found["base64"])
    return _from_base64(found["base64"]) if looks_coded else None


def _to_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _from_base64(text: str) -> str:
    return _readable(base64.b64decode("".join(text.split()), validate=True))


def _to_hex(text: str) -> str:
    if _NUMERIC.fullmatch(text):
        raise Unclear  # "255" in hex may be 0xff or 323535
    return text.encode().hex()


def _from_hex(text: str) -> str:
    digits = "".join(text.split())
    if _HEX.fullmatch(digits) is None:
        raise Unclear
    return _readable(bytes.fromhex(digits))


def _to_url(text: str) -> str:
    return quote(text, safe="")


def _from_url(text: str) -> str:
    if _ESCAPED.fullmatch(text) is None or "%" not in text:
        raise Unclear
    return _readable(unquote(text, errors="strict").encode())


def _readable(data: bytes) -> str:
    """The bytes as text, if they are text."""
    text = data.decode()
    if not text or not text.replace("\n", "").replace("\t", "").replace("\r", "").isprintable():
        raise Unclear
    return text


def _digest(name: str) -> Callable[[str], str]:
    return lambda text: hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()


_TEXT = r"(?:the |this )?(?:following )?(?:text |string |word )?@"


def _wish(encode: str) -> str:
    """Ways of asking for `encode` of a text."""
    return (
        rf"{encode}[ -]?encode {_TEXT}|encode {_TEXT} (?:as|in|to|into|with|using) {encode}"
        rf"|(?:convert )?@ (?:as|in|to|into) {encode}|(?:what is )?(?:the )?{encode}(?:[ -]encoding)? of {_TEXT}"
    )


def _unwish(encode: str) -> str:
    """Ways of asking for a text back from its `encode` form."""
    return (
        rf"{encode}[ -]?decode {_TEXT}|decode (?:the |this )?(?:following )?{encode}(?: string| text)? @"
        rf"|decode {_TEXT} (?:from|as|using) {encode}|(?:convert )?@ from {encode}(?: to (?:plain )?text)?"
    )


def _digest_wish(name: str) -> str:
    return (
        rf"(?:what is |calculate |compute )?(?:the )?{name}(?: hash| sum| digest|sum| checksum)? (?:of|for) {_TEXT}"
        rf"|hash @ (?:with|using) {name}"
    )


_URL = r"(?:url|percent|uri)"
_WISHES: Phrases[Callable[[str], str]] = Phrases(
    (_wish("base64"), _to_base64),
    (_unwish("base64"), _from_base64),
    (_wish("hex"), _to_hex),
    (_unwish("hex"), _from_hex),
    (rf"{_URL}[ -]?encode {_TEXT}", _to_url),
    (rf"{_URL}[ -]?decode {_TEXT}", _from_url),
    (_digest_wish("sha-?256"), _digest("sha256")),
    (_digest_wish("sha-?1"), _digest("sha1")),
    (_digest_wish("sha-?512"), _digest("sha512")),
    (_digest_wish("md5"), _digest("md5")),
)
