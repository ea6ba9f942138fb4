"""JSON, CSV, regular expressions, and things found in texts."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from freehold.compute.providers.code.patterns import LARGEST_TEXT, find_matches
from freehold.compute.providers.code.question import Unclear
from freehold.compute.providers.code.skill import answer

NOW = datetime(2025, 6, 3, 12, 0, tzinfo=UTC)
PRICES = "name,price\napple,1.50\npear,2"

JSON = {
    'extract .a.b[0] from {"a": {"b": [1.0, 2]}}': "1.0",
    'get a.b from {"a": {"b": "x y"}}': "x y",
    'what is the value of .b in {"a": 1, "b": 12345678901234567890.10}': "12345678901234567890.10",
    'extract [1].id from [{"id": 1}, {"id": 2}]': "2",
    'extract .a from ```json\n{"a": [1, {"b": null}]}\n```': '[\n  1,\n  {\n    "b": null\n  }\n]',
    'extract .user-name from {"user-name": "Zoë"}': "Zoë",
    'pretty-print {"a":1.0,"b":[]}': '{\n  "a": 1.0,\n  "b": []\n}',
    'minify this JSON: {"a": 1e5, "b": [1, "x, y"]}': '{"a":1e5,"b":[1,"x, y"]}',
}
TABLES = {
    f"get column name from this csv:\n{PRICES}": "apple\npear",
    f"extract the price column from the CSV:\n{PRICES}": "1.50\n2",
    f"sum of column price in this csv:\n{PRICES}": "3.5",
    f"what is the average of the price column in this csv:\n```csv\n{PRICES}\n```": "1.75",
    f"how many rows are in this csv:\n{PRICES}": "2 (not counting the header)",
    "csv to json:\na,b\n1,x": '[\n  {\n    "a": "1",\n    "b": "x"\n  }\n]',
    'convert this json to csv: [{"a": 1.0, "b": "x, y"}, {"a": true, "b": ""}]': 'a,b\n1.0,"x, y"\ntrue,',
}
PATTERNS = {
    r"find all matches of /[a-z]+\d/ in: ab1 c d2": "ab1\nd2",
    'count the matches of /a/ in "banana"': "3",
    'find all matches of /A/i in "banana"': "a\na\na",
    'find all matches of /^b$/m in "a\nb\nc"': "b",
    'find all matches of /x/ in "abc"': "No matches.",
    r'find all matches of /a\/b/ in "a/b"': "a/b",
    'Please find all matches of the regex /b+/ in "abbab"': "bb\nb",
}
FINDINGS = {
    "extract all emails from: bob@x.com, and alice.b+c@y.org": "bob@x.com\nalice.b+c@y.org",
    'find all links in "see https://a.b/c?d=(e). and (http://x.y/z)"': "https://a.b/c?d=(e)\nhttp://x.y/z",
    'extract all numbers from "3 apples, 1,200 pears and -4.5 degrees."': "3\n1,200\n-4.5",
    'list the dates in "due 2024-02-03 or 5 March 2025"': "2024-02-03\n5 March 2025",
}


@pytest.mark.parametrize(
    ("question", "expected", "skill"),
    [
        (*case, skill)
        for cases, skill in ((JSON, "json"), (TABLES, "tables"), (PATTERNS, "patterns"), (FINDINGS, "findings"))
        for case in cases.items()
    ],
)
def test_what_is_taken_out_is_what_was_in(question: str, expected: str, skill: str) -> None:
    found = answer(question, now=NOW)

    assert found is not None
    assert (found.text, found.skill) == (expected, skill)


@pytest.mark.parametrize("pattern", [r"(a|aa)+$", r"(a*)*b", r"(a|a)*c", r"(.*)(.*)(.*)(.*)x", r"(a?){50}a{50}b"])
def test_a_pattern_that_explodes_elsewhere_finds_its_nothing_here(pattern: str) -> None:
    assert find_matches(pattern, "a" * 60 + "!", flags="") == []


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("a", "a" * LARGEST_TEXT),
        ("a", "a" * (LARGEST_TEXT + 1)),
        (r"(?=a)", "a"),
        (r"(a)\1", "aa"),
        ("a{900}{900}", "a"),
    ],
)
def test_a_pattern_that_costs_too_much_or_is_not_regular_is_unclear(pattern: str, text: str) -> None:
    with pytest.raises(Unclear):
        find_matches(pattern, text, flags="")


def test_json_that_indenting_would_blow_up_is_left_alone() -> None:
    deep = "[" * 900 + ",".join("1" * 20_000) + "]" * 900

    assert answer(f"minify {deep}", now=NOW) is not None
    assert answer(f"pretty-print {deep}", now=NOW) is None
