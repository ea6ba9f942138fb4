"""Virtual keys: who may ask, for which models, how much.

A key's secret is shown once, when it is made. Kept is its SHA-256: the secret is 256 random bits, so there is no dictionary
to try against the digest, and a slow hash would only make each request slow. It is looked up by digest, so how long that
takes says nothing about how much of a guess was right.

Rules: secrets never reach logs, errors or reprs; the event loop finds keys in memory and never waits for the database; a
change made by any process is seen by all within `POLL_SECONDS`; a wrong key costs one hash and leaves nothing behind.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Mapping

import msgspec

from freehold.ground.database import Database, Row
from freehold.ground.errors import InvalidRequest, NotAuthenticated, NotFound
from freehold.ground.units import Seconds
from freehold.stack.allowances.terms import Allowance, check_distinct
from freehold.words.asks import Privacy

POLL_SECONDS = Seconds(1.0)
SECRET_LENGTH = 46
_SHOWN = 8
"""Characters of a secret that are kept to tell keys apart: `fh-` and 30 of its 256 bits."""
_FIELDS = "id, name, prefix, created, expires, revoked, models, allowances, tenant, privacy"
_encode = msgspec.json.Encoder().encode
_patterns = msgspec.json.Decoder(tuple[str, ...]).decode
_allowances = msgspec.json.Decoder(tuple[Allowance, ...]).decode


class VirtualKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key, without its secret. Times are seconds since the epoch."""

    id: str
    name: str
    prefix: str
    """The beginning of the secret, to tell keys apart."""
    created: float
    expires: float | None = None
    revoked: float | None = None
    models: tuple[str, ...] = ()
    """Patterns of what it may ask for, `*` standing for anything: aliases, models, or `provider/model`. Empty for all."""
    allowances: tuple[Allowance, ...] = ()
    tenant: str = ""
    """A label to group keys by."""
    privacy: Privacy = Privacy.ANY
    """How far its requests may travel at most, whatever they ask for themselves."""


class NewKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that was just made, and its secret, which cannot be had again."""

    key: VirtualKey
    secret: str

    def __repr__(self) -> str:
        return f"NewKey({self.key.id})"


class Keyring:
    """All keys, in memory, by the digest of their secret."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._keys: Mapping[bytes, VirtualKey] = {}
        self._generation = -1

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, secret: str) -> VirtualKey:
        """The key whose secret this is. Raises NotAuthenticated where there is none, or it is expired or revoked."""
        key = self._keys.get(_digest(secret))
        if key is None:
            raise NotAuthenticated("That is not a key of this gateway.")
        if key.revoked is not None:
            raise NotAuthenticated(f"The key {key.name!r} has been revoked.")
        if key.expires is not None and key.expires <= self._now():
            raise NotAuthenticated(f"The key {key.name!r} has expired.")
        return key

    def refresh(self, database: Database) -> None:
        """Take over what has changed. Reads one row where nothing has. A duty for the clerk, each `POLL_SECONDS`."""
        generation = KeyStore(database).generation()
        if generation != self._generation:
            self._keys = KeyStore(database).by_digest()
            self._generation = generation


class KeyStore:
    """The keys in `database`. Blocks; not for the event loop."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self,
        name: str,
        *,
        expires: float | None = None,
        models: tuple[str, ...] = (),
        allowances: tuple[Allowance, ...] = (),
        tenant: str = "",
        privacy: Privacy = Privacy.ANY,
    ) -> NewKey:
        """Make a key. Raises InvalidRequest where the name is taken or empty."""
        secret = f"fh-{secrets.token_urlsafe(32)}"
        key = VirtualKey(
            id=f"key_{secrets.token_hex(6)}",
            name=name,
            prefix=secret[:_SHOWN],
            created=time.time(),
            expires=expires,
            models=models,
            allowances=allowances,
            tenant=tenant,
            privacy=privacy,
        )
        _check(key)
        with self._database.transaction():
            if not self._insert(key, _digest(secret)):
                raise InvalidRequest(
                    f"There is a key named {name!r} already.", advice="Choose another name.", parameter="name"
                )
            self._changed()
        return NewKey(key=key, secret=secret)

    def all(self) -> list[VirtualKey]:
        """Every key, the oldest first."""
        return [_key(row) for row in self._database.query(f"SELECT {_FIELDS} FROM virtual_keys ORDER BY created, id")]  # noqa: S608

    def get(self, name: str) -> VirtualKey:
        """The key with that id or name. Raises NotFound."""
        rows = self._database.query(
            f"SELECT {_FIELDS} FROM virtual_keys WHERE id = ? OR name = ? ORDER BY id = ? DESC",  # noqa: S608
            (name, name, name),
        )
        if not rows:
            raise NotFound(f"There is no key {name!r}.", advice="List the keys with `freehold keys`.")
        return _key(rows[0])

    def revoke(self, name: str) -> VirtualKey:
        """End the key with that id or name for ever; revoking twice keeps the first time. Raises NotFound."""
        with self._database.transaction():
            key = self.get(name)
            return key if key.revoked is not None else self.change(msgspec.structs.replace(key, revoked=time.time()))

    def change(self, key: VirtualKey) -> VirtualKey:
        """Put `key` in place of the one with its id: name, expiry, models, allowances, tenant and privacy may differ.

        Raises NotFound where there is none, InvalidRequest where the new name is another key's.
        """
        _check(key)
        taken = "SELECT 1 FROM virtual_keys WHERE name = ? AND id <> ?"
        with self._database.transaction():
            if self._database.query(taken, (key.name, key.id)):
                raise InvalidRequest(f"There is another key named {key.name!r}.", parameter="name")
            if not self._update(key):
                raise NotFound(f"There is no key {key.id!r}.", advice="List the keys with `freehold keys`.")
            self._changed()
        return key

    def generation(self) -> int:
        """A number that changes with every change to any key."""
        return int(self._database.query("SELECT value FROM generations WHERE topic = 'virtual_keys'")[0][0])

    def by_digest(self) -> dict[bytes, VirtualKey]:
        rows = self._database.query(f"SELECT digest, {_FIELDS} FROM virtual_keys")  # noqa: S608
        return {bytes.fromhex(row[0]): _key(row[1:]) for row in rows}

    def _insert(self, key: VirtualKey, digest: bytes) -> bool:
        columns = ("digest", *_FIELDS.split(", "))
        return self._database.insert("virtual_keys", columns, [(digest.hex(), *_row(key))]) == 1

    def _update(self, key: VirtualKey) -> bool:
        sets = ", ".join(f"{field} = ?" for field in _FIELDS.split(", "))
        return self._database.execute(f"UPDATE virtual_keys SET {sets} WHERE id = ?", (*_row(key), key.id)) == 1  # noqa: S608

    def _changed(self) -> None:
        self._database.execute("UPDATE generations SET value = value + 1 WHERE topic = 'virtual_keys'")


def _digest(secret: str) -> bytes:
    # A longer string is cut, so that every guess costs the same; it cannot match, for it is still too long.
    return hashlib.sha256(secret[: SECRET_LENGTH + 1].encode("utf-8", "surrogatepass")).digest()


def _check(key: VirtualKey) -> None:
    check_distinct(key.allowances)
    if not key.name or len(key.name) > 200 or not key.name.isprintable():
        raise InvalidRequest("A key needs a printable name of at most 200 characters.", parameter="name")
    if not key.tenant.isprintable() or not all(pattern.isprintable() for pattern in key.models):
        raise InvalidRequest("Tenant and model patterns must be printable.", parameter="models")


def _row(key: VirtualKey) -> Row:
    return (
        key.id,
        key.name,
        key.prefix,
        key.created,
        key.expires,
        key.revoked,
        _encode(key.models).decode(),
        _encode(key.allowances).decode(),
        key.tenant,
        key.privacy.value,
    )


def _key(row: Row) -> VirtualKey:
    id, name, prefix, created, expires, revoked, models, allowances, tenant, privacy = row
    return VirtualKey(
        id=id,
        name=name,
        prefix=prefix,
        created=created,
        expires=expires,
        revoked=revoked,
        models=_patterns(models),
        allowances=_allowances(allowances),
        tenant=tenant,
        privacy=Privacy(privacy),
    )
