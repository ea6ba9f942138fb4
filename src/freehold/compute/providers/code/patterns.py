"""Regular expressions, in time that grows with the text and never explodes.

The engine is RE2, which has no backtracking. What it does not support (back-references, look-around) is not answered, nor
is a pattern whose meaning differs between engines for the text at hand. One answer costs at most `LARGEST_WORK` steps.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from .question import Unclear, read_command, without_lead, words

LARGEST_PATTERN = 120
LARGEST_TEXT = 4096
LARGEST_WORK = 8_000_000
_MEMORY = 1 << 20
_WISH = re.compile(
    r"(?P<verb>find|list|extract|get|show|count|how many)(?: all)?(?: the)? (?:number of )?matches (?:of|for)"
    r"(?: the)?(?: regex| pattern| regular expression)? /(?P<pattern>(?:[^/\\\n]|\\.){1,120})/(?P<flags>[gims]{0,4})"
    r"(?: are(?: there)?)? (?:in|from)(?: this| the)?(?: following)?(?: text| string)?(?=:|\s)",
    re.IGNORECASE,
)
_SHORTHAND = re.compile(r"\\[wWdDsSbB]|\(\?|\[:")


class Patterns:
    """Finds what a pattern matches."""

    name = "patterns"
    openers = words("find list extract get show count how")

    def answer(self, question: str, *, now: datetime) -> str | None:
        """The matches, a line each, or None."""
        question = without_lead(question)
        wish = _WISH.match(question)
        if wish is None:
            return None
        command = read_command(f"the text{question[wish.end() :]}")
        if command is None or command.wish != "the text @":
            return None
        try:
            return _written(wish, find_matches(wish["pattern"], command.text, flags=wish["flags"]))
        except (Unclear, UnicodeError):
            return None


def find_matches(pattern: str, text: str, *, flags: str) -> list[str]:
    """What the pattern matches, from left to right without overlap; `Unclear` if it is too much or engines differ."""
    if len(text) > LARGEST_TEXT or (not text.isascii() and (_SHORTHAND.search(pattern) or "i" in flags)):
        raise Unclear
    compiled = _compiled(pattern.replace("\\/", "/"), flags)
    cost = (len(text) + 1) * max(1, compiled.programsize)
    matches: list[str] = []
    for match in compiled.finditer(text):
        matches.append(match.group())
        if not matches[-1] or len(matches) * cost > LARGEST_WORK:
            raise Unclear
    return matches


def _compiled(pattern: str, flags: str) -> Any:
    import re2

    options = re2.Options()
    options.max_mem, options.log_errors = _MEMORY, False
    options.case_sensitive = "i" not in flags
    prefix = "".join(flag for flag in "ms" if flag in flags)
    try:
        return re2.compile(f"(?{prefix}:{pattern})" if prefix else pattern, options=options)
    except re2.error:
        raise Unclear from None


def _written(wish: re.Match[str], matches: list[str]) -> str:
    if wish["verb"].lower() in ("count", "how many"):
        return str(len(matches))
    if any("\n" in match for match in matches):
        raise Unclear
    return "\n".join(matches) or "No matches."
