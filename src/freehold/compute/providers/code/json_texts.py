"""JSON: taking a part out, spreading it over lines, squeezing it.

The JSON must be valid to the last character and name no member twice. Parts keep the spelling they had: 1.0 stays 1.0 and
a long number keeps every digit, because nothing is ever turned into a float.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any, NoReturn

import msgspec

from .question import Phrases, Unclear, read_command, words

LARGEST_OUTPUT = 1 << 20
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')
_BRACKET = re.compile(rb"[\[\]{}]")
_NAME = r"[A-Za-z_][\w-]*"
_PATH = rf"(?P<path>\.?(?:{_NAME}|\[[0-9]{{1,6}}\])(?:\.{_NAME}|\[[0-9]{{1,6}}\])*)"
_STEP = re.compile(rf"\.?(?P<name>{_NAME})|\[(?P<index>[0-9]+)\]")
_JSON = r"(?:the |this |following )*(?:json )?(?:object |array |document |string |data )?@"
_EXTRACT = (
    r"(?:extract|get|select|take|find|what is)(?: the (?:value|field)(?: of| at)?| the| key| field)?"
    rf" {_PATH} (?:from|in|of) {_JSON}"
)
_PRETTY = (
    rf"(?:pretty[- ]?print|prettify|beautify|indent) {_JSON}|format (?:the |this |following )*json @|format @ as json"
)
_MINIFY = rf"(?:minify|compact|minimi[sz]e) {_JSON}"


class JsonTexts:
    """Takes JSON apart."""

    name = "json"
    openers = words(
        "extract get select take find what pretty prettyprint prettify beautify indent format minify "
        "compact minimize minimise"
    )

    def answer(self, question: str, *, now: datetime) -> str | None:
        """The part or the new form, or None."""
        command = read_command(question)
        if command is None or command.text.lstrip()[:1] not in ("{", "["):
            return None
        for found, work in _WISHES.matches(command.wish):
            with suppress(Unclear, UnicodeError, msgspec.MsgspecError):
                check_json(command.text)
                return work(found, command.text.encode())
        return None


def check_json(text: str) -> None:
    """Nothing, if the text is strict JSON that means one thing; else `Unclear`."""
    try:
        json.loads(text, object_pairs_hook=_once, parse_constant=_refuse, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        raise Unclear from None


def write_json(raw: bytes) -> str:
    """JSON as one shows it: a text without its quotes, anything else indented, numbers as they were spelled."""
    if raw[:1] == b'"':
        return str(msgspec.json.decode(raw, type=str))
    return indent(raw)


def indent(raw: bytes) -> str:
    """The JSON spread over lines; `Unclear` if indenting it would blow it up."""
    skeleton = _STRING.sub(b"", raw)
    lines = 2 * (skeleton.count(b",") + skeleton.count(b"[") + skeleton.count(b"{"))
    if len(raw) + 2 * lines * _depth(skeleton) > LARGEST_OUTPUT:
        raise Unclear
    return msgspec.json.format(raw, indent=2).decode()


def _depth(skeleton: bytes) -> int:
    """How deep brackets go, in JSON without its texts."""
    depth = deepest = 0
    for bracket in _BRACKET.finditer(skeleton):
        depth += 1 if bracket[0] in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _once(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in pairs}) != len(pairs):
        raise Unclear


def _refuse(name: str) -> NoReturn:
    raise Unclear


def _part(found: re.Match[str], document: bytes) -> str:
    for step in _STEP.finditer(found["path"]):
        document = _step(document, step)
    return write_json(document)


def _step(document: bytes, step: re.Match[str]) -> bytes:
    try:
        if step["name"]:
            return bytes(msgspec.json.decode(document, type=dict[str, msgspec.Raw])[step["name"]])
        return bytes(msgspec.json.decode(document, type=list[msgspec.Raw])[int(step["index"])])
    except (KeyError, IndexError):
        raise Unclear from None


def _pretty(found: re.Match[str], document: bytes) -> str:
    return indent(document)


def _minified(found: re.Match[str], document: bytes) -> str:
    return msgspec.json.format(document, indent=-1).decode()


_WISHES: Phrases[Callable[[re.Match[str], bytes], str]] = Phrases(
    (_EXTRACT, _part),
    (_PRETTY, _pretty),
    (_MINIFY, _minified),
)
