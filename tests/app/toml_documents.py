"""Random TOML documents: the same data written in every way that TOML allows."""

from __future__ import annotations

import json

from hypothesis import strategies as st


def basic(text: str) -> str:
    """A basic string."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


KEYS = st.one_of(
    st.from_regex(r"[A-Za-z0-9_-]{1,6}", fullmatch=True),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=6),
)
SCALARS = st.one_of(
    st.sampled_from(
        [
            "1", "-0", "1_000", "0xdead_beef", "+1.5e-3", "inf", "-nan", "true", "false", "1979-05-27", "07:32:00.5",
            "1979-05-27 07:32:00Z", "1979-05-27T00:32:00-07:00", '"]"', '"}"', '"a # b"', r'"\"=\\"', r"'\'", "''",
            '""', '""""a"""', '"""a"" \\"""""', "'''a\n[b]\n'''", '"""\n[x]\ny = 1 \\\n  # no\n"""', "''''''", '""""""',
            "'''a'''''", '"""b"""""', "'''''a'''", '"""\\\\"""', "'{'", '"""{ x = 1 }"""',
        ]
    ),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=8).map(basic),
)  # fmt: skip
SPACE = st.sampled_from(["", " ", "\t", "  "])
BREAK = st.sampled_from(["", " ", "\n", " # ] } \" '\n", "\n\n\t"])
NEWLINE = st.sampled_from(["\n", "\r\n", " # [c]\n", "\n\n", "\t\n# x = [\n"])


@st.composite
def documents(draw: st.DrawFn) -> str:
    """The text of a document with tables, arrays of tables and everything inside them."""
    lines = _body(draw, depth=0)
    lines += _tables(draw, prefix="", depth=0)
    return "".join(lines)


def _tables(draw: st.DrawFn, *, prefix: str, depth: int) -> list[str]:
    lines: list[str] = []
    for key in draw(st.lists(KEYS.map(lambda key: "t" + key), max_size=2, unique=True)):
        for part in _path_parts(draw):
            name = prefix + draw(SPACE) + _key(draw, key + part) + draw(SPACE)
            repeated = draw(st.integers(0, 2))
            for _ in range(max(1, repeated)):
                opening, closing = ("[[", "]]") if repeated else ("[", "]")
                lines += [f"{opening}{name}{closing}{draw(NEWLINE)}", *_body(draw, depth=depth + 1)]
                if depth < 2:
                    lines += _tables(draw, prefix=f"{name}.", depth=depth + 1)
    return lines


def _path_parts(draw: st.DrawFn) -> list[str]:
    return draw(st.lists(st.sampled_from(["", "x", "y"]), min_size=1, max_size=2, unique=True))


def _body(draw: st.DrawFn, *, depth: int) -> list[str]:
    return [
        f"{draw(SPACE)}{_assignment(draw, key, depth=depth)}{draw(NEWLINE)}"
        for key in draw(st.lists(KEYS.map(lambda key: "k" + key), max_size=2, unique=True))
    ]


def _assignment(draw: st.DrawFn, key: str, *, depth: int) -> str:
    dotted = [_key(draw, key), *(_key(draw, part) for part in draw(st.lists(KEYS, max_size=2)))]
    dot = f"{draw(SPACE)}.{draw(SPACE)}"
    return f"{dot.join(dotted)}{draw(SPACE)}={draw(SPACE)}{_value(draw, depth=depth)}"


def _key(draw: st.DrawFn, key: str) -> str:
    ways = [basic(key)]
    if key and key.isascii() and key.replace("-", "").replace("_", "").isalnum():
        ways.append(key)
    if "'" not in key and all(letter.isprintable() for letter in key):
        ways.append(f"'{key}'")
    return draw(st.sampled_from(ways))


def _value(draw: st.DrawFn, *, depth: int) -> str:
    kind = draw(st.sampled_from(["scalar", "scalar", "array", "inline"])) if depth < 3 else "scalar"
    if kind == "array":
        items = [_value(draw, depth=depth + 1) for _ in range(draw(st.integers(0, 2)))]
        body = ",".join(draw(BREAK) + item + draw(BREAK) for item in items)
        return f"[{body}{',' if items and draw(st.booleans()) else ''}{draw(BREAK)}]"
    if kind == "inline":
        keys = draw(st.lists(KEYS.map(lambda key: "i" + key), max_size=2, unique=True))
        pairs = [draw(SPACE) + _assignment(draw, key, depth=depth + 1) + draw(SPACE) for key in keys]
        return "{" + ",".join(pairs) + "}"
    return draw(SCALARS)
