"""A provider's keys are used in turn; one that is not taken is set aside where everyone can see it."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from freehold.compute.keyring import RETRY_REJECTED_AFTER, Keyring, ProviderKey

NOW = 1000.0


def keys(*labels: str) -> list[ProviderKey]:
    return [ProviderKey(label=label, header=f"authorization: Bearer {label}-secret\r\n".encode()) for label in labels]


def labels(ring: Keyring, count: int, now: float = NOW) -> list[str]:
    picked = [ring.pick(now) for _ in range(count)]
    return [key.label if key is not None else "none" for key in picked]


def test_keys_are_used_in_turn() -> None:
    assert labels(Keyring(keys("a", "b", "c")), 7) == ["a", "b", "c", "a", "b", "c", "a"]


def test_a_resting_key_is_passed_over_until_it_wakes() -> None:
    made = keys("a", "b")
    ring = Keyring(made)
    ring.rest(made[0], NOW + 10)
    ring.rest(made[0], NOW + 5)  # a shorter rest does not wake it
    assert labels(ring, 2) == ["b", "b"]
    assert set(labels(ring, 2, NOW + 10)) == {"a", "b"}
    assert ring.statuses()[0].set_aside == ""


def test_when_all_rest_there_is_none_and_it_is_known_until_when() -> None:
    made = keys("a", "b")
    ring = Keyring(made)
    ring.rest(made[0], NOW + 10)
    ring.rest(made[1], NOW + 3)
    assert labels(ring, 1) == ["none"]
    assert not ring.has_another(NOW)
    assert ring.wakes_at() == NOW + 3


def test_a_rejected_key_is_set_aside_visibly_and_tried_once_more_later() -> None:
    made = keys("a", "b")
    ring = Keyring(made)
    ring.reject(made[0], NOW, "it answered 401")
    assert labels(ring, 3) == ["b", "b", "b"]
    assert [status.set_aside for status in ring.statuses()] == ["it answered 401", ""]
    assert "a" in labels(ring, 2, NOW + RETRY_REJECTED_AFTER)


def test_a_key_that_is_taken_again_is_mended_at_once() -> None:
    made = keys("a")
    ring = Keyring(made)
    ring.reject(made[0], NOW, "it answered 401")
    ring.accept(made[0])  # another request with it, sent before, has just been answered
    assert labels(ring, 1) == ["a"]
    assert ring.statuses()[0].set_aside == ""


def test_a_reload_keeps_what_is_known_of_keys_that_stay() -> None:
    older = keys("a", "b")
    before = Keyring(older)
    before.reject(older[0], NOW, "it answered 401")
    before.rest(older[1], NOW + 10)
    changed = ProviderKey(label="a", header=b"authorization: Bearer new\r\n")
    after = Keyring([changed, keys("b")[0]])
    after.carry_over(before)
    assert labels(after, 2) == ["a", "a"]
    assert after.statuses()[0].set_aside == ""


def test_no_key_is_ever_shown() -> None:
    made = keys("a")
    ring = Keyring(made)
    assert "secret" not in repr(made) + repr(ring) + repr(ring.statuses()) + str(made[0])


class Turns(RuleBasedStateMachine):
    @initialize(count=st.integers(1, 5))
    def begin(self, count: int) -> None:
        self.keys = keys(*"abcde"[:count])
        self.ring = Keyring(self.keys)
        self.now = NOW

    @rule(seconds=st.floats(0, 1000))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(which=st.integers(0, 4), seconds=st.floats(0.01, 100))
    def rest(self, which: int, seconds: float) -> None:
        self.ring.rest(self.keys[which % len(self.keys)], self.now + seconds)

    @rule(which=st.integers(0, 4))
    def reject(self, which: int) -> None:
        self.ring.reject(self.keys[which % len(self.keys)], self.now, "no")

    @rule()
    def pick(self) -> None:
        key = self.ring.pick(self.now)
        usable = [key for key in self.keys if key.rests_until <= self.now]
        assert (key is not None) or not usable
        if key is not None:
            assert key.rests_until <= self.now + 0.01
            if key.set_aside:
                self.ring.accept(key)

    @rule()
    def everyone_gets_a_turn(self) -> None:
        usable = {key.label for key in self.keys if key.rests_until <= self.now}
        picked = {key.label for key in (self.ring.pick(self.now) for _ in self.keys) if key is not None}
        assert usable <= picked

    @invariant()
    def someone_wakes_in_the_end(self) -> None:
        if hasattr(self, "ring"):
            assert self.ring.has_another(max(self.now, self.ring.wakes_at()))


TestTurns = Turns.TestCase
