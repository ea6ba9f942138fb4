"""Code never guesses: what it does not wholly understand, it leaves to others."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from near_misses import ALL

from freehold.compute.providers.code.question import first_word
from freehold.compute.providers.code.skill import LARGEST_QUESTION, SKILLS, answer

NOW = datetime(2025, 6, 3, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("message", ALL)
def test_a_near_miss_is_met_with_silence(message: str) -> None:
    assert answer(message, now=NOW) is None


def test_there_are_enough_near_misses_and_none_twice() -> None:
    assert len(ALL) == len(set(ALL)) > 400


def test_a_question_inside_ordinary_prose_stays_with_the_prose() -> None:
    for question in ("what is 2 + 2", "5 km in miles", 'reverse "abc"', "what time is it in Tokyo"):
        assert answer(question, now=NOW) is not None
        for sentence in (
            f"I wonder, {question}",
            f"{question}. And how are you",
            f"Explain: {question}",
            f"{question} {question}",
        ):
            assert answer(sentence, now=NOW) is None, sentence


def test_two_skills_with_two_answers_are_no_answer() -> None:
    question = 'extract emails from {"emails": ["a@b.co"]}'
    answers = {text for skill in SKILLS if (text := skill.answer(question, now=NOW)) is not None}

    assert len(answers) == 2
    assert answer(question, now=NOW) is None


def test_an_ordinary_message_is_turned_away_before_any_skill_looks_at_it() -> None:
    prose = 'I have been thinking about our quarterly planning: 3 teams, "one" plan. ' * 7

    assert not any(first_word(prose) in skill.openers for skill in SKILLS)


def test_a_message_beyond_the_bound_is_never_looked_into() -> None:
    fits = 'count the words in "' + "a " * 1000 + 'a"'
    beyond = 'count the words in "' + "a " * LARGEST_QUESTION + 'a"'

    assert answer(fits, now=NOW) is not None
    assert answer(beyond, now=NOW) is None
