"""What holds for every question: sums agree with fractions, conversions come back, nothing raises, work is bounded."""

from __future__ import annotations

import base64
import json
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from near_misses import ALL

from freehold.compute.providers.code.dates import read_date, write_date
from freehold.compute.providers.code.expression import read_expression
from freehold.compute.providers.code.numbers import LARGEST_BITS, write_number
from freehold.compute.providers.code.numerals import convert_numeral, read_roman, write_roman
from freehold.compute.providers.code.question import Unclear
from freehold.compute.providers.code.skill import SKILLS, answer
from freehold.compute.providers.code.tokens import LARGEST_TOKENS
from freehold.compute.providers.code.units import find_unit

NOW = datetime(2025, 6, 3, 12, 0, tzinfo=UTC)
ALIKE = [
    ("km", "mi"),
    ("ft", "cm"),
    ("kg", "lb"),
    ("°C", "°F"),
    ("K", "°F"),
    ("L", "US gal"),
    ("ha", "acres"),
    ("mph", "m/s"),
]


class Sum(msgspec.Struct, frozen=True):
    """An expression and what Python's fractions make of it; None where there is no such number."""

    text: str
    value: Fraction | None


def _number(value: Fraction) -> Sum:
    return Sum(str(float(value)) if value.denominator != 1 else str(value.numerator), value)


def _join(left: Sum, sign: str, right: Sum) -> Sum:
    text = f"({left.text}) {sign} ({right.text})"
    if left.value is None or right.value is None or (sign == "/" and right.value == 0):
        return Sum(text, None)
    results = {"+": left.value + right.value, "-": left.value - right.value, "*": left.value * right.value}
    return Sum(text, results[sign] if sign in results else left.value / right.value)


def _raise(base: Sum, exponent: int) -> Sum:
    text = f"({base.text})^{exponent}"
    undefined = base.value is None or (base.value == 0 and exponent <= 0)
    return Sum(text, None if base.value is None or undefined else base.value**exponent)


NUMBERS = st.one_of(st.integers(0, 10**6), st.integers(0, 999).map(lambda n: Fraction(n, 8))).map(
    lambda n: _number(Fraction(n))
)
SUMS = st.recursive(
    NUMBERS,
    lambda inner: st.one_of(
        st.builds(_join, inner, st.sampled_from("+-*/"), inner),
        st.builds(_raise, inner, st.integers(-4, 4)),
        inner.map(lambda s: Sum(f"-({s.text})", None if s.value is None else -s.value)),
    ),
    max_leaves=8,
)


@given(SUMS)
def test_a_sum_is_what_fractions_say(case: Sum) -> None:
    if case.value is None:
        with pytest.raises(Unclear):
            read_expression(case.text)
    else:
        assert read_expression(case.text).quantity.value == case.value


@given(st.lists(st.tuples(st.sampled_from("+-*/"), st.integers(1, 99)), min_size=1, max_size=12), st.integers(0, 99))
def test_signs_without_parentheses_keep_their_order(steps: list[tuple[str, int]], first: int) -> None:
    text = f"{first}" + "".join(f" {sign} {number}" for sign, number in steps)
    value = eval(f"Fraction({first})" + "".join(f" {sign} Fraction({number})" for sign, number in steps))

    assert read_expression(text).quantity.value == value


@given(st.fractions(min_value=-(10**9), max_value=10**9, max_denominator=10**6))
def test_a_number_is_written_exactly_or_marked(value: Fraction) -> None:
    text = write_number(value)

    if text.startswith("≈ "):
        assert abs(Fraction(text[2:]) - value) <= abs(value) / 10**14
    else:
        assert Fraction(text) == value


@given(st.decimals(min_value=0, max_value=10**6, places=3), st.sampled_from(ALIKE))
def test_a_conversion_comes_back(amount: object, units: tuple[str, str]) -> None:
    there, back = (read_expression(f"{amount} {units[0]}").quantity, units[0])
    first, second = find_unit(units[0]), read_expression(f"1 {units[1]}").quantity.unit
    assert first and second

    over = there.number_in(second)
    again = over * second.factor + second.zero

    assert (again - first.zero) / first.factor == Fraction(str(amount)), back


@given(st.integers(1, 3999))
def test_roman_numerals_come_back(number: int) -> None:
    assert read_roman(write_roman(number)) == number


@given(st.integers(0, 2**64), st.integers(2, 36))
def test_bases_come_back(number: int, base: int) -> None:
    if base == 10:
        return
    written = convert_numeral(f"{number} to base {base}")
    assert written is not None
    digits = written[2:] if base in (2, 8, 16) else written
    assert convert_numeral(f"{digits} base {base} to decimal") == str(number)


@given(st.dates(date(1753, 1, 1), date(9999, 12, 31)))
def test_dates_come_back(day: date) -> None:
    assert read_date(day.isoformat(), NOW.date()) == day
    assert read_date(write_date(day).partition(", ")[2], NOW.date()) == day


@given(st.dates(date(1800, 1, 1), date(2800, 1, 1)), st.integers(0, 99_999))
def test_days_added_are_days_between(day: date, count: int) -> None:
    later = day + timedelta(days=count)
    added = answer(f"add {count} days to {day}", now=NOW)
    between = answer(f"days between {day} and {later}", now=NOW)

    assert added is not None
    assert added.text.startswith(later.isoformat())
    assert between is not None
    assert between.text == f"{count} day{'' if count == 1 else 's'}"


@given(st.text(st.characters(blacklist_characters='"', codec="utf-8"), min_size=1, max_size=80))
def test_base64_holds_the_text(text: str) -> None:
    found = answer(f'base64 encode "{text}"', now=NOW)

    assert found is not None
    assert base64.b64decode(found.text).decode() == text


@given(st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), st.integers() | st.text(max_size=9), min_size=1))
def test_json_members_come_out_as_they_are(members: dict[str, object]) -> None:
    for name, value in members.items():
        found = answer(f"extract .{name} from {json.dumps(members)}", now=NOW)
        assert (found.text if found else "") == str(value)


@given(st.text(max_size=300))
@example("\ud800")
@example('extract .a from {"a": "\\ud800"}')
@example('sha256 of "\ud800"')
@example('find all matches of /\ud800/ in "\ud800"')
def test_no_text_makes_a_skill_raise(text: str) -> None:
    answer(text, now=NOW)
    for skill in SKILLS:
        skill.answer(text, now=NOW)


WORDS = sorted({word for line in ALL for word in line.split()})


@given(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join))
def test_no_mixture_of_known_words_makes_a_skill_raise(text: str) -> None:
    for skill in SKILLS:
        skill.answer(text, now=NOW)


@given(st.text(alphabet="0123456789.,+-*/^()!% xesqrtofmink", max_size=120))
def test_an_expression_is_bounded_in_tokens_and_in_size(text: str) -> None:
    try:
        reading = read_expression(text)
    except Unclear:
        return
    value = reading.quantity.value
    assert reading.operations <= LARGEST_TOKENS
    assert max(value.numerator.bit_length(), value.denominator.bit_length()) <= LARGEST_BITS


def test_a_tower_of_powers_is_refused_before_it_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    power = Fraction.__pow__

    def watched(base: Fraction, exponent: int) -> object:
        sizes.append(base.numerator.bit_length() * abs(exponent))
        return power(base, exponent)

    monkeypatch.setattr(Fraction, "__pow__", watched)
    for tower in ("9**9**9**9", "2^99999999", "(2^4000)^4000", "9^9^9"):
        with pytest.raises(Unclear):
            read_expression(tower)
    assert read_expression("2^10").quantity.value == 1024
    assert sizes
    assert max(sizes) <= LARGEST_BITS
