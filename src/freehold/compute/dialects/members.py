"""Reading a request so that nothing in it can get lost.

`Members` hands out the members of one JSON object by name and type. At the end, `finish` refuses by name whatever
nobody asked for. A null member counts as absent, as it does in every dialect here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn, TypeVar

import msgspec

from freehold.ground.errors import InvalidRequest, NotTranslatable

_Kind = TypeVar("_Kind")


def decode_fields(fields: Mapping[str, msgspec.Raw]) -> dict[str, Any]:
    """An ask's fields as plain values. Raises InvalidRequest."""
    try:
        return {name: msgspec.json.decode(raw) for name, raw in fields.items()}
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidRequest("The request body is not valid JSON.") from error


def encode_fields(values: Mapping[str, Any]) -> dict[str, msgspec.Raw]:
    """Plain values as an ask's fields."""
    return {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in values.items()}


def present(**values: Any) -> dict[str, Any]:
    """Those of the values that are not None."""
    return {name: value for name, value in values.items() if value is not None}


class Members:
    """One object of a request, read member by member.

    `path` says where it is, such as `messages[2].content[0]`, `towards` which dialect the request is being translated
    into.
    """

    __slots__ = ("_left", "_towards", "path")

    def __init__(self, value: object, *, towards: str, path: str = "") -> None:
        if not isinstance(value, dict):
            raise InvalidRequest(f"`{path}` must be an object.", parameter=path or None)
        self._left: dict[str, Any] = dict(value)
        self._towards = towards
        self.path = path

    def name(self, member: str) -> str:
        """How an error message names `member`."""
        return f"{self.path}.{member}" if self.path else member

    def value(self, member: str) -> Any:
        """Whatever it is; None if absent."""
        return self._left.pop(member, None)

    def text(self, member: str) -> str | None:
        return self._typed(member, str, "a string")

    def need_text(self, member: str) -> str:
        value = self.text(member)
        if value is None:
            raise InvalidRequest(f"`{self.name(member)}` is missing.", parameter=self.name(member))
        return value

    def flag(self, member: str) -> bool | None:
        return self._typed(member, bool, "true or false")

    def whole(self, member: str) -> int | None:
        value = self.number(member)
        if value is not None and value != int(value):
            raise InvalidRequest(f"`{self.name(member)}` must be a whole number.", parameter=self.name(member))
        return None if value is None else int(value)

    def number(self, member: str) -> float | None:
        value = self.value(member)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InvalidRequest(f"`{self.name(member)}` must be a number.", parameter=self.name(member))
        return value

    def mapping(self, member: str) -> dict[str, Any] | None:
        """An object that is carried over as it is."""
        return self._typed(member, dict, "an object")

    def members(self, member: str) -> Members | None:
        value = self.value(member)
        return None if value is None else Members(value, towards=self._towards, path=self.name(member))

    def need_members(self, member: str) -> Members:
        return Members(self.value(member), towards=self._towards, path=self.name(member))

    def many(self, member: str) -> list[Members] | None:
        """A list of objects."""
        values = self._typed(member, list, "a list")
        if values is None:
            return None
        name = self.name(member)
        return [Members(value, towards=self._towards, path=f"{name}[{i}]") for i, value in enumerate(values)]

    def texts(self, member: str) -> list[str] | None:
        """A list of strings."""
        values = self._typed(member, list, "a list")
        if values is not None and not all(isinstance(value, str) for value in values):
            raise InvalidRequest(f"`{self.name(member)}` must hold strings only.", parameter=self.name(member))
        return values

    def text_or_texts(self, member: str) -> list[str] | None:
        """A list of strings, or one string in its place."""
        if isinstance(self._left.get(member), str):
            return [self.need_text(member)]
        return self.texts(member)

    def text_or_many(self, member: str) -> str | list[Members] | None:
        """A string, or a list of objects in its place."""
        if isinstance(self._left.get(member), list):
            return self.many(member)
        return self._typed(member, str, "a string or a list")

    def leave_out(self, *members: str) -> None:
        """Members that are known to change nothing about the answer."""
        for member in members:
            self._left.pop(member, None)

    def accept_only(self, member: str, *values: object) -> None:
        """Members of which the other dialect has only some values, as its fixed behaviour."""
        value = self.value(member)
        if value is not None and value not in values:
            self.refuse(member)

    def refuse(self, member: str, why: str = "") -> NoReturn:
        """Say by name what cannot be translated."""
        name = self.name(member)
        because = why or f"{self._towards} has nothing like it"
        raise NotTranslatable(f"`{name}` cannot be translated: {because}.", parameter=name)

    def refuse_all(self, why: str) -> NoReturn:
        """Refuse the object as a whole."""
        raise NotTranslatable(f"`{self.path}` cannot be translated: {why}.", parameter=self.path)

    def finish(self) -> None:
        """Refuse what nobody has read."""
        for member, value in self._left.items():
            if value is not None:
                self.refuse(member)

    def _typed(self, member: str, kind: type[_Kind], words: str) -> _Kind | None:
        value = self.value(member)
        if value is not None and not isinstance(value, kind):
            raise InvalidRequest(f"`{self.name(member)}` must be {words}.", parameter=self.name(member))
        return value
