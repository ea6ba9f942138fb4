"""Reading an arithmetic expression, units and all, and working it out exactly as it is read.

The whole text must be an expression: one word too many and it is `Unclear`. Signs follow the usual order (powers, then
times and divide, then plus and minus; powers group to the right). Spoken operators do not carry their order, so "two
plus two times three" in words is `Unclear` while "2 + 2 * 3" is 8. Nothing is ever handed to an interpreter.

    sum     = product {("+" | "-") product}
    product = signed {("*" | "/" | "mod") signed}
    signed  = ["-"] power
    power   = postfix ["^" signed]
    postfix = atom {"!" | "squared" | "cubed" | "%" ["of" atom]}
    atom    = number [unit {number unit}] | "(" sum ")" [unit] | "sqrt" atom | fraction "of" atom
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import msgspec

from .quantity import Quantity, measured
from .question import Unclear
from .tokens import FUNCTIONS, Token, read_tokens
from .units import LONGEST_NAME, NONE, Unit, find_unit

DEEPEST_NESTING = 16

_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What an expression comes to, and how many operations it took."""

    quantity: Quantity
    operations: int


def read_expression(text: str) -> Reading:
    """Work the text out, or raise `Unclear` if it is not wholly one clear expression of bounded size."""
    parser = _Parser(read_tokens(text))
    quantity = parser.whole()
    return Reading(quantity=quantity, operations=parser.operations)


class _Parser:
    """Recursive descent over the tokens. `levels` and `spoken` tell whether an order was only guessed at."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.place = 0
        self.depth = 0
        self.operations = 0
        self.levels: set[str] = set()
        self.spoken = False

    def whole(self) -> Quantity:
        quantity = self.group()
        if self.place != len(self.tokens):
            raise Unclear
        return quantity

    def group(self) -> Quantity:
        """A sum on its own: at the top, or between parentheses."""
        outside = (self.levels, self.spoken)
        self.levels, self.spoken = set(), False
        self.deepen()
        quantity = self.sum()
        self.depth -= 1
        if self.spoken and len(self.levels) > 1:
            raise Unclear
        self.levels, self.spoken = outside
        return quantity

    def sum(self) -> Quantity:
        quantity = self.product()
        while sign := self.take("+", "-"):
            self.operate("+")
            other = self.product()
            quantity = quantity + (other if sign == "+" else -other)
        return quantity

    def product(self) -> Quantity:
        quantity = self.signed()
        while sign := self.take("*", "/", "mod"):
            self.operate(sign)
            quantity = _PRODUCTS[sign](quantity, self.signed())
        return quantity

    def signed(self) -> Quantity:
        if self.next().spoken or not self.take("-"):
            return self.power()
        return -self.power()

    def power(self) -> Quantity:
        quantity = self.postfix()
        if not self.take("^"):
            return quantity
        self.operate("^")
        self.deepen()
        exponent = self.signed()
        self.depth -= 1
        return quantity**exponent

    def postfix(self) -> Quantity:
        quantity = self.atom()
        last = ""
        while sign := self.take("!", "²", "³", "%"):
            if sign == last == "!":
                raise Unclear  # the double factorial is another function
            last = sign
            quantity = self.postfixed(quantity, sign)
        return quantity

    def postfixed(self, quantity: Quantity, sign: str) -> Quantity:
        if sign == "%":
            quantity = quantity.hundredth()
            return self.part_of(quantity) if self.take("of") else quantity
        self.operate("^")
        if sign == "!":
            return quantity.factorial()
        return quantity ** Quantity(value=Fraction(2 if sign == "²" else 3))

    def part_of(self, part: Quantity) -> Quantity:
        self.operate("of")
        return part * self.atom()

    def atom(self) -> Quantity:
        if self.take("("):
            quantity = self.group()
            if not self.take(")"):
                raise Unclear
            return self.with_unit(quantity)
        if function := self.take(*FUNCTIONS):
            return self.function(FUNCTIONS[function])
        return self.number()

    def function(self, degree: int) -> Quantity:
        if self.next().sign == "(":
            self.operations += 1
        else:
            self.spoken = True
            self.operate("of")
        self.deepen()
        quantity = self.atom().root(degree)
        self.depth -= 1
        return quantity

    def number(self) -> Quantity:
        token = self.next()
        if token.number is None:
            raise Unclear
        self.place += 1
        quantity = Quantity(value=token.number)
        if token.word == "of" and self.take("of"):
            return self.part_of(quantity)
        scale = _SCALES.get(self.next().word.lower())
        if scale:
            self.place += 1
            quantity = Quantity(value=token.number * scale)
        return self.further_units(self.with_unit(quantity))

    def with_unit(self, quantity: Quantity) -> Quantity:
        unit = self.unit() if quantity.dimension == NONE and not quantity.percent else None
        return measured(quantity.value, unit) if unit and quantity.degree == 1 else quantity

    def further_units(self, quantity: Quantity) -> Quantity:
        """The rest of "5 ft 10 in": smaller and smaller units, each less than one of the unit before."""
        while quantity.unit and (number := self.next().number) is not None:
            self.place += 1
            unit = self.unit()
            before = quantity.unit
            whole = (quantity.value / before.factor).denominator == 1
            if unit is None or not whole or not 0 <= number * unit.factor < before.factor:
                raise Unclear
            quantity = msgspec.structs.replace(quantity + measured(number, unit), unit=unit)
        return quantity

    def unit(self) -> Unit | None:
        """The longest unit that starts here, "per" included, or None without moving."""
        unit = self.simple_unit()
        per = self.next()
        if unit is None or (per.sign != "/" and per.word != "per"):
            return unit
        self.place += 1
        divisor = self.simple_unit()
        if divisor is None:
            self.place -= 1
            return unit
        return unit / divisor

    def simple_unit(self) -> Unit | None:
        words = [token.word for token in self.tokens[self.place : self.place + LONGEST_NAME]]
        for length in range(len(words), 0, -1):
            if all(words[:length]) and (unit := find_unit(" ".join(words[:length]))):
                self.place += length
                return unit
        return None

    def next(self) -> Token:
        return self.tokens[self.place] if self.place < len(self.tokens) else _END

    def take(self, *signs: str) -> str:
        token = self.next()
        if token.sign not in signs:
            return ""
        self.place += 1
        self.spoken = self.spoken or (token.spoken and token.sign != "%")
        return token.sign

    def operate(self, level: str) -> None:
        self.operations += 1
        self.levels.add(level)

    def deepen(self) -> None:
        self.depth += 1
        if self.depth > DEEPEST_NESTING:
            raise Unclear


def _modulo(left: Quantity, right: Quantity) -> Quantity:
    """The remainder of whole numbers; with a negative one, languages disagree."""
    for operand in (left, right):
        if operand.dimension != NONE or operand.percent or operand.degree != 1:
            raise Unclear
    if left.value < 0 or right.value <= 0 or left.value.denominator * right.value.denominator != 1:
        raise Unclear
    return Quantity(value=left.value % right.value)


_END = Token(sign="end")
_PRODUCTS: dict[str, Callable[[Quantity, Quantity], Quantity]] = {
    "*": Quantity.__mul__,
    "/": Quantity.__truediv__,
    "mod": _modulo,
}
