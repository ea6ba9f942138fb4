"""Small differences between services that speak the same dialect, as their rows state them."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from freehold.words.dialects import Dialect

_LIMITS = frozenset({"max_tokens", "max_completion_tokens"})


class Quirks(msgspec.Struct, frozen=True, kw_only=True):
    """What a service takes that others do not, or the other way round."""

    output_limit: str = ""
    """The only name it takes for the bound on answer tokens; empty where both of OpenAI's names will do."""
    developer_role: bool = True
    """Whether it knows the "developer" role; where not, such messages are sent as "system"."""

    @property
    def none(self) -> bool:
        """Whether it takes everything as it comes."""
        return self.developer_role and not self.output_limit

    def apply(self, dialect: Dialect, fields: Mapping[str, msgspec.Raw]) -> dict[str, msgspec.Raw]:
        """The fields as this service takes them; unchanged for any dialect but chat."""
        changed = dict(fields)
        if dialect is not Dialect.CHAT:
            return changed
        if self.output_limit and not _LIMITS.isdisjoint(changed):
            for name in _LIMITS:
                if name != self.output_limit and name in changed:
                    changed.setdefault(self.output_limit, changed.pop(name))
                    changed.pop(name, None)
        messages = changed.get("messages")
        if not self.developer_role and messages is not None and b'"developer"' in bytes(messages):
            changed["messages"] = _as_system(messages)
        return changed


def _as_system(raw: msgspec.Raw) -> msgspec.Raw:
    try:
        messages = msgspec.json.decode(raw, type=list[dict[str, msgspec.Raw]])
    except msgspec.DecodeError:
        return raw
    for message in messages:
        if bytes(message.get("role", b"")) == b'"developer"':
            message["role"] = msgspec.Raw(b'"system"')
    return msgspec.Raw(msgspec.json.encode(messages))
