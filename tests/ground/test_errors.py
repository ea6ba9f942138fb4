"""The tree of errors is as it is drawn, and each of them helps."""

from __future__ import annotations

import copy
import inspect
import pickle
import re

import pytest

from freehold.ground import errors
from freehold.ground.errors import FreeholdError, TryAnother

ALL = sorted(
    (kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, FreeholdError)),
    key=lambda kind: kind.__name__,
)


def drawn() -> dict[str, str]:
    """Child to parent, as the module's docstring draws them."""
    parents: dict[str, str] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        if not re.match(r"^ {4}(?:[│├└]|FreeholdError| {4})", line):
            continue
        rest = line[4:]
        depth = 0 if rest.startswith("FreeholdError") else rest.index("── ") // 4 + 1
        name = re.findall(r"\w+", rest)[0]
        path = [*path[:depth], name]
        parents[name] = path[-2] if depth else ""
    return parents


def test_the_tree_is_as_it_is_drawn() -> None:
    real = {kind.__name__: kind.__mro__[1].__name__ for kind in ALL}
    real["FreeholdError"] = ""
    assert drawn() == real


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_every_error_says_what_it_means_and_what_to_do(kind: type[FreeholdError]) -> None:
    assert kind.__doc__
    assert kind.advice
    assert kind.advice.endswith(".")
    assert re.fullmatch(r"[a-z_]+", kind.code)
    error = kind("because")
    assert (str(error), error.message) == ("because", "because")


def test_advice_of_the_moment_goes_before_the_usual() -> None:
    assert errors.NothingFits("no", advice="Do that.").advice == "Do that."
    assert errors.NothingFits("no").advice == errors.NothingFits.advice


def test_codes_tell_kinds_apart() -> None:
    """An error of the same code as its parent is the same to a client; any other pair differs."""
    for one in ALL:
        for other in ALL:
            if one is not other and one.code == other.code:
                assert issubclass(one, other) or issubclass(other, one)


def test_errors_survive_being_copied_and_sent() -> None:
    error = errors.ProviderBusy("full", retry_after=2.0, status=429, key="a")
    for same in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert isinstance(same, TryAnother)
        assert (same.message, same.retry_after, same.status, same.key) == ("full", 2.0, 429, "a")
