"""A key opens the door to whoever holds its secret, and to nobody else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.ground.database import Database, open_database
from freehold.ground.errors import FixRequest, InvalidRequest, NotAuthenticated, NotFound
from freehold.stack.allowances import Allowance, Period, Unit
from freehold.stack.keys import SECRET_LENGTH, Keyring, KeyStore, NewKey
from freehold.words.asks import Privacy

BUDGET = Allowance(unit=Unit.USD, limit=5, period=Period.DAY)


@pytest.fixture
def store(database: Database) -> KeyStore:
    return KeyStore(database)


@pytest.fixture
def keyring(database: Database) -> Keyring:
    return Keyring()


def test_a_new_key_is_found_by_its_secret_with_all_it_may_do(
    store: KeyStore, keyring: Keyring, database: Database
) -> None:
    made = store.create(
        "laptop", expires=4e9, models=("local/*", "auto"), allowances=(BUDGET,), tenant="home", privacy=Privacy.OWN
    )
    keyring.refresh(database)
    found = keyring.find(made.secret)
    assert found == made.key == store.get("laptop") == store.get(made.key.id)
    assert (found.name, found.models, found.allowances, found.tenant, found.privacy, found.expires) == (
        ("laptop", ("local/*", "auto"), (BUDGET,), "home", Privacy.OWN, 4e9)
    )


def test_secrets_are_long_random_and_recognisable(store: KeyStore) -> None:
    secrets = [store.create(str(number)).secret for number in range(20)]
    assert len(set(secrets)) == 20
    assert all(secret.startswith("fh-") and len(secret) == SECRET_LENGTH for secret in secrets)


def test_a_secret_is_nowhere_but_in_its_makers_hand(tmp_path: Path) -> None:
    database = open_database(tmp_path / "freehold.db")
    database.migrate()
    made = KeyStore(database).create("laptop")
    shown = repr(made) + str(made) + repr(made.key) + repr(KeyStore(database).all())
    assert made.secret not in shown
    assert made.secret.removeprefix("fh-")[6:] not in shown
    for file in tmp_path.iterdir():
        assert made.secret.removeprefix("fh-")[6:].encode() not in file.read_bytes()
    database.close()


@pytest.mark.parametrize("spoil", [str.lower, str.swapcase, lambda s: s[:-1], lambda s: s + "A", lambda s: " " + s])
def test_a_secret_that_is_almost_right_is_wrong(
    store: KeyStore, keyring: Keyring, database: Database, spoil: object
) -> None:
    made = store.create("laptop")
    keyring.refresh(database)
    with pytest.raises(NotAuthenticated):
        keyring.find(spoil(made.secret))  # type: ignore[operator]


@given(st.text(st.characters(codec=None), max_size=200))
def test_no_guess_gets_in_or_breaks_anything(guess: str) -> None:
    keyring = Keyring()
    with pytest.raises(NotAuthenticated) as caught:
        keyring.find(guess)
    assert caught.value.message == "That is not a key of this gateway.", "it does not quote the guess"


def test_a_megabyte_of_guess_is_refused_like_any_other() -> None:
    with pytest.raises(NotAuthenticated):
        Keyring().find("fh-" + "A" * 1_000_000)


def test_a_revoked_key_is_refused_and_its_first_revocation_counts(
    store: KeyStore, keyring: Keyring, database: Database
) -> None:
    made = store.create("laptop")
    first = store.revoke("laptop")
    assert store.revoke(made.key.id).revoked == first.revoked is not None
    keyring.refresh(database)
    with pytest.raises(NotAuthenticated, match="revoked"):
        keyring.find(made.secret)


def test_a_key_ends_at_the_second_it_expires(store: KeyStore, database: Database) -> None:
    now = [1000.0]
    keyring = Keyring(now=lambda: now[0])
    made = store.create("laptop", expires=2000.0)
    keyring.refresh(database)
    now[0] = 1999.9
    assert keyring.find(made.secret).name == "laptop"
    now[0] = 2000.0
    with pytest.raises(NotAuthenticated, match="expired"):
        keyring.find(made.secret)


CREATE = """
import sys
from freehold.ground.database import open_database
from freehold.stack.keys import KeyStore
database = open_database(sys.argv[1])
print(KeyStore(database).create("from outside").secret)
"""


def test_a_key_made_in_another_process_is_there_after_a_refresh(
    database: Database, database_url: str, keyring: Keyring
) -> None:
    keyring.refresh(database)
    made = subprocess.run([sys.executable, "-c", CREATE, database_url], capture_output=True, text=True, check=True)
    with pytest.raises(NotAuthenticated):
        keyring.find(made.stdout.strip())
    keyring.refresh(database)
    assert keyring.find(made.stdout.strip()).name == "from outside"


def test_every_change_moves_the_generation_and_looking_does_not(store: KeyStore) -> None:
    seen = [store.generation()]
    made = store.create("a")
    seen.append(store.generation())
    store.change(msgspec.structs.replace(made.key, models=("x",)))
    seen.append(store.generation())
    store.revoke("a")
    seen.append(store.generation())
    store.all(), store.get("a"), store.by_digest()
    assert seen == sorted(set(seen))
    assert store.generation() == seen[-1]


def test_an_unchanged_keyring_is_not_read_again(store: KeyStore, keyring: Keyring, database: Database) -> None:
    made = store.create("laptop")
    keyring.refresh(database)
    before = keyring.find(made.secret)
    keyring.refresh(database)
    assert keyring.find(made.secret) is before


def test_a_change_is_taken_over(store: KeyStore, keyring: Keyring, database: Database) -> None:
    made = store.create("laptop")
    store.change(msgspec.structs.replace(made.key, name="desk", allowances=(BUDGET,), privacy=Privacy.LOCAL))
    keyring.refresh(database)
    found = keyring.find(made.secret)
    assert (found.name, found.allowances, found.privacy) == ("desk", (BUDGET,), Privacy.LOCAL)


def test_names_are_unique_and_a_refused_key_leaves_nothing(store: KeyStore) -> None:
    first, second = store.create("a"), store.create("b")
    before = store.generation()
    with pytest.raises(InvalidRequest, match="named 'a' already"):
        store.create("a")
    with pytest.raises(InvalidRequest, match="another key named 'a'"):
        store.change(msgspec.structs.replace(second.key, name="a"))
    assert store.all() == [first.key, second.key]
    assert store.generation() == before


@pytest.mark.parametrize("name", ["", "a\nb", "a\0b", "x" * 201])
def test_a_name_nobody_could_read_is_refused(store: KeyStore, name: str) -> None:
    with pytest.raises(InvalidRequest):
        store.create(name)


@pytest.mark.parametrize("more", [{"tenant": "a\0b"}, {"models": ("a\0",)}, {"allowances": (BUDGET, BUDGET)}])
def test_what_makes_no_sense_is_refused(store: KeyStore, more: dict[str, object]) -> None:
    with pytest.raises(FixRequest):
        store.create("a", **more)  # type: ignore[arg-type]


def test_a_key_that_does_not_exist_is_told(store: KeyStore, database: Database) -> None:
    made: NewKey = store.create("a")
    for act in (store.get, store.revoke):
        with pytest.raises(NotFound):
            act("nobody")
    with pytest.raises(NotFound):
        store.change(msgspec.structs.replace(made.key, id="key_none", name="c"))


def test_an_id_wins_over_a_name_that_looks_like_it(store: KeyStore) -> None:
    first = store.create("a")
    store.create(first.key.id)
    assert store.get(first.key.id).name == "a"
