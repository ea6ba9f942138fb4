"""Counting, turning, sorting, encoding."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from freehold.compute.providers.code.skill import answer

NOW = datetime(2025, 6, 3, 12, 0, tzinfo=UTC)

TEXTS = {
    "how many r's are in strawberry?": "3",
    "how many r in strawberry": "3",
    "how many times": None,
    'how many words are in "the quick, brown fox"': "4",
    "count the words in: the quick brown fox": "4",
    "how many words does “don't panic” have": "2",
    'how many characters are in "hello world"': "11 (spaces included)",
    'how many characters are in "hello"': "5",
    'how many letters in "a-b c!"': "3",
    "count the lines in:\na\nb": "2",
    'reverse "hello"': "olleh",
    "reverse the string `abc`": "cba",
    'what is "abc" backwards': "cba",
    'reverse the words in "one two three"': "three two one",
    'reverse "👍🏽"': None,
    'uppercase "straße"': "STRASSE",
    'convert "Hello" to lowercase': "hello",
    "sort these lines:\npear\napple\nfig": "apple\nfig\npear",
    "sort the lines in descending order:\na\nc\nb": "c\nb\na",
    "sort the lines numerically:\n10\n9\n-1.5": "-1.5\n9\n10",
    "remove duplicate lines:\na\nb\na": "a\nb",
    "dedupe these lines:\na\nb\na": "a\nb",
}
ENCODINGS = {
    'base64 encode "hi there"': "aGkgdGhlcmU=",
    "decode base64 aGVsbG8gd29ybGQ=": "hello world",
    'base64 decode "4pyT"': "✓",
    'hex encode "hi"': "6869",
    'convert "255" to hex': None,  # a number, or its digits?
    'hex decode "68 69"': "hi",
    'url encode "a b/ü"': "a%20b%2F%C3%BC",
    'url decode "a%20b"': "a b",
    'sha256 of "abc"': "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    'what is the md5 hash of "hello world"?': "5eb63bbbe01eeed093cb22bb8f5acdc3",
    'sha-1 of "abc"': "a9993e364706816aba3e25717850c26c9cd0d89d",
}


@pytest.mark.parametrize(
    ("question", "expected", "skill"),
    [(*case, "texts") for case in TEXTS.items()] + [(*case, "encodings") for case in ENCODINGS.items()],
)
def test_a_text_comes_back_as_asked_or_not_at_all(question: str, expected: str | None, skill: str) -> None:
    found = answer(question, now=NOW)

    assert (found and found.text) == expected
    assert found is None or found.skill == skill
