"""A provider's own keys: which to use next, and which are set aside.

A key that the provider rejects (401, 403) or that is out of quota (402) is set aside, visibly, until it is mended: that
is, until the configuration brings another value, or `Keyring.retry_after` has passed and one request tries it again. A key
that is merely rate-limited rests for as long as the provider asks. Keys are shown by label, never by value.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from freehold.compute.provider import KeyStatus

RETRY_REJECTED_AFTER = 600.0
"""Seconds after which a rejected key is tried once more, in case it was mended at the provider."""
_EARLY = 0.002
"""Seconds by which a timer that waited for a key may have come too soon: uvloop counts in whole milliseconds."""


class ProviderKey(msgspec.Struct, kw_only=True):
    """One key. `header` is the ready-made block of header lines that carries it."""

    label: str
    header: bytes
    rests_until: float = 0.0
    set_aside: str = ""

    def __repr__(self) -> str:
        return f"ProviderKey({self.label!r})"


class Keyring:
    """The keys of one provider, used in turn. `now` is monotonic time in seconds."""

    def __init__(self, keys: Sequence[ProviderKey]) -> None:
        self._keys = list(keys)
        self._turn = 0

    def pick(self, now: float) -> ProviderKey | None:
        """The next usable key, or None if all are resting or set aside."""
        keys = self._keys
        count = len(keys)
        if count == 1:
            return keys[0] if keys[0].rests_until <= now + _EARLY else None
        for step in range(count):
            key = keys[(self._turn + step) % count]
            if key.rests_until <= now + _EARLY:
                self._turn = (self._turn + step + 1) % count
                return key
        return None

    def rest(self, key: ProviderKey, until: float) -> None:
        """Leave `key` alone until then; it is in order otherwise."""
        key.rests_until = max(key.rests_until, until)

    def reject(self, key: ProviderKey, now: float, reason: str) -> None:
        """The provider does not take `key` any more: set it aside and say why."""
        key.set_aside = reason
        key.rests_until = now + RETRY_REJECTED_AFTER

    def accept(self, key: ProviderKey) -> None:
        """The provider took `key`: whatever was wrong with it has been mended."""
        key.set_aside = ""
        key.rests_until = 0.0

    def has_another(self, now: float) -> bool:
        """Whether some key is usable right now."""
        return any(key.rests_until <= now for key in self._keys)

    def wakes_at(self) -> float:
        """When the first key becomes usable again."""
        return min((key.rests_until for key in self._keys), default=0.0)

    def statuses(self) -> tuple[KeyStatus, ...]:
        return tuple(KeyStatus(label=key.label, set_aside=key.set_aside) for key in self._keys)

    def carry_over(self, older: Keyring) -> None:
        """Keep what is known of keys whose value has not changed (after a reload of the configuration)."""
        known = {key.header: key for key in older._keys}
        for key in self._keys:
            if (before := known.get(key.header)) is not None:
                key.rests_until, key.set_aside = before.rests_until, before.set_aside
