"""Units whose size is the same everywhere.

Every factor is exact by definition, in metres, kilograms, seconds, kelvins and bits. A name that means two sizes (gallon,
ton, cup, KB, month) or two things is left out, so a question with it stays unanswered; "US gallon" and "KiB" are in.
Symbols keep their case (Mb is not MB); full names do not. "Pounds" may be money until a mass stands beside them, so they
are never written back as lb.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import msgspec

from .question import Unclear

Dimension = tuple[int, int, int, int, int]
"""Powers of length, mass, time, temperature and data."""

NONE: Dimension = (0, 0, 0, 0, 0)
LENGTH: Dimension = (1, 0, 0, 0, 0)
MASS: Dimension = (0, 1, 0, 0, 0)
TIME: Dimension = (0, 0, 1, 0, 0)
TEMPERATURE: Dimension = (0, 0, 0, 1, 0)
DATA: Dimension = (0, 0, 0, 0, 1)
VOLUME: Dimension = (3, 0, 0, 0, 0)

LONGEST_NAME = 4


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    """A unit's symbol, its size in base units and, for thermometers, where its zero lies in kelvins."""

    symbol: str
    factor: Fraction
    dimension: Dimension
    zero: Fraction = Fraction(0)

    def __truediv__(self, other: Unit) -> Unit:
        if TEMPERATURE in (self.dimension, other.dimension):
            raise Unclear
        dimension = combine(self.dimension, other.dimension, times=-1)
        return Unit(symbol=f"{self.symbol}/{other.symbol}", factor=self.factor / other.factor, dimension=dimension)


def combine(left: Dimension, right: Dimension, *, times: int = 1) -> Dimension:
    """The dimension of left multiplied by the given power of right."""
    a, b, c, d, e = (one + times * other for one, other in zip(left, right, strict=True))
    return (a, b, c, d, e)


# symbol | size | further symbols | names, singular and plural
_LENGTHS = """
nm|1e-9||nanometer nanometers nanometre nanometres
µm|1e-6|μm um|micrometer micrometers micrometre micrometres
mm|1e-3||millimeter millimeters millimetre millimetres
cm|1e-2|Cm CM|centimeter centimeters centimetre centimetres
dm|1e-1||decimeter decimeters decimetre decimetres
m|1||meter meters metre metres
km|1000|Km KM|kilometer kilometers kilometre kilometres
in|0.0254||inch inches
ft|0.3048||foot feet
yd|0.9144||yard yards
mi|1609.344||mile miles
"""
_MASSES = """
µg|1e-9|μg ug|microgram micrograms
mg|1e-6||milligram milligrams
g|1e-3||gram grams gramme grammes
kg|1|Kg KG|kilogram kilograms kilo kilos kilogramme kilogrammes
t|1000||tonne tonnes metric_ton metric_tons
oz|0.028349523125||ounce ounces
lb|0.45359237|lbs Lbs LBS LB|
pounds|0.45359237||pound pounds
st|6.35029318||stone stones
troy oz|0.0311034768|ozt|troy_ounce troy_ounces troy_oz
short ton|907.18474||short_ton short_tons us_ton us_tons
long ton|1016.0469088||long_ton long_tons imperial_ton imperial_tons
"""
_TIMES = """
ns|1e-9||nanosecond nanoseconds
µs|1e-6|μs us|microsecond microseconds
ms|1e-3||millisecond milliseconds
s|1||second seconds sec secs
min|60||minute minutes mins
h|3600||hour hours hr hrs
d|86400||day days
weeks|604800||week weeks
"""
_VOLUMES = """
mL|1e-6|ml|milliliter milliliters millilitre millilitres
cL|1e-5|cl|centiliter centiliters centilitre centilitres
dL|1e-4|dl|deciliter deciliters decilitre decilitres
L|1e-3|l|liter liters litre litres
US gal|0.003785411784||us_gallon us_gallons us_gal
US qt|0.000946352946||us_quart us_quarts us_qt
US pt|0.000473176473||us_pint us_pints us_pt
US cups|0.0002365882365||us_cup us_cups
US fl oz|0.0000295735295625||us_fluid_ounce us_fluid_ounces us_fl_oz
imp gal|0.00454609||imperial_gallon imperial_gallons uk_gallon uk_gallons
imp pt|0.00056826125||imperial_pint imperial_pints uk_pint uk_pints
imp fl oz|0.0000284130625||imperial_fluid_ounce imperial_fluid_ounces uk_fluid_ounce uk_fluid_ounces
"""
_AREAS = """
ha|10000||hectare hectares
acres|4046.8564224||acre acres
"""
_SPEEDS = """
mph|0.44704|MPH|
km/h|1/3.6|kph kmh kmph|
knots|1852/3600||knot knots
"""
_MORE_LENGTHS = """
nmi|1852||nautical_mile nautical_miles
ly|9460730472580800||light_year light_years light-year light-years lightyear lightyears
au|149597870700|AU|astronomical_unit astronomical_units
"""
_DECIMAL = (("k", "kilo"), ("M", "mega"), ("G", "giga"), ("T", "tera"), ("P", "peta"), ("E", "exa"))
_BINARY = (("Ki", "kibi"), ("Mi", "mebi"), ("Gi", "gibi"), ("Ti", "tebi"), ("Pi", "pebi"), ("Ei", "exbi"))
_TEMPERATURES = (
    (
        "°C",
        "1",
        "273.15",
        ("C", "℃"),
        ("celsius", "degrees celsius", "degree celsius", "centigrade", "degrees c", "deg c"),
    ),
    (
        "°F",
        "5/9",
        "45967/180",
        ("F", "℉"),
        ("fahrenheit", "degrees fahrenheit", "degree fahrenheit", "degrees f", "deg f"),
    ),
    ("K", "1", "0", (), ("kelvin", "kelvins", "degrees kelvin")),
)


def find_unit(name: str) -> Unit | None:
    """The unit with this symbol (case counts) or name (case does not), or None."""
    symbols, names = _tables()
    return symbols.get(name) or names.get(name.lower())


def find_compound(name: str) -> Unit | None:
    """The unit that the whole text names, a quotient included: "feet", "km/h", "miles per hour"."""
    over, slash, under = name.replace(" per ", "/").partition("/")
    unit, divisor = find_unit(over.strip()), find_unit(under.strip())
    if not slash:
        return unit
    return unit / divisor if unit and divisor else None


@cache
def _tables() -> tuple[dict[str, Unit], dict[str, Unit]]:
    symbols: dict[str, Unit] = {}
    names: dict[str, Unit] = {}
    for table, dimension in (
        (_LENGTHS + _MORE_LENGTHS, LENGTH),
        (_MASSES, MASS),
        (_TIMES, TIME),
        (_VOLUMES, VOLUME),
        (_AREAS, (2, 0, 0, 0, 0)),
        (_SPEEDS, (1, 0, -1, 0, 0)),
    ):
        _add_rows(symbols, names, table, dimension)
    _add_powers(symbols, names)
    _add_data(symbols, names)
    _add_temperatures(symbols, names)
    return symbols, names


def _add_rows(symbols: dict[str, Unit], names: dict[str, Unit], table: str, dimension: Dimension) -> None:
    for row in table.split("\n"):
        if not row:
            continue
        symbol, size, others, called = row.split("|")
        unit = Unit(symbol=symbol, factor=_exact(size), dimension=dimension)
        symbols.update(dict.fromkeys((symbol, *others.split()), unit))
        names.update((name.replace("_", " "), unit) for name in called.split())


def _add_powers(symbols: dict[str, Unit], names: dict[str, Unit]) -> None:
    """Squares and cubes of the everyday lengths: m2, m², square metres, cubic feet."""
    for row in _LENGTHS.strip().split("\n"):
        symbol, size, others, called = row.split("|")
        for power, sign, spoken in ((2, "²", ("square", "sq")), (3, "³", ("cubic", "cu"))):
            dimension: Dimension = (power, 0, 0, 0, 0)
            unit = Unit(symbol=symbol + sign, factor=_exact(size) ** power, dimension=dimension)
            for short in (symbol, *others.split()):
                symbols.update(dict.fromkeys((f"{short}{power}", f"{short}{sign}", f"{short}^{power}"), unit))
            names.update((f"{word} {name}", unit) for word in spoken for name in (symbol, *called.split()))
    symbols["cc"] = symbols["cm3"]


def _add_data(symbols: dict[str, Unit], names: dict[str, Unit]) -> None:
    """Bits and bytes: k, M, G are powers of 1000 and Ki, Mi, Gi of 1024. KB, Mb/MB mix-ups and the like stay out."""
    for symbol, bits, short, called in (("bit", 1, "bit", "bit"), ("B", 8, "B", "byte")):
        prefixes = [("", "", 1)]
        prefixes += [(sign, word, 1000 ** (power + 1)) for power, (sign, word) in enumerate(_DECIMAL)]
        prefixes += [(sign, word, 1024 ** (power + 1)) for power, (sign, word) in enumerate(_BINARY)]
        for sign, word, times in prefixes:
            unit = Unit(symbol=sign + symbol, factor=Fraction(bits * times), dimension=DATA)
            symbols[sign + short] = unit
            names.update({f"{word}{called}": unit, f"{word}{called}s": unit})
    second = symbols["s"]
    for sign, _ in _DECIMAL[:4]:
        symbols[f"{sign}bps"] = symbols[f"{sign}bit"] / second


def _add_temperatures(symbols: dict[str, Unit], names: dict[str, Unit]) -> None:
    for symbol, size, zero, others, called in _TEMPERATURES:
        unit = Unit(symbol=symbol, factor=Fraction(size), dimension=TEMPERATURE, zero=Fraction(zero))
        symbols.update(dict.fromkeys((symbol, *others), unit))
        names.update(dict.fromkeys(called, unit))


def _exact(size: str) -> Fraction:
    over, _, under = size.partition("/")
    return Fraction(over) / Fraction(under or "1")
