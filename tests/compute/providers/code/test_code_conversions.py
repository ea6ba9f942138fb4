"""Units, number bases and Roman numerals, word for word."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from freehold.compute.providers.code.skill import answer

NOW = datetime(2025, 6, 3, 12, 0, tzinfo=UTC)

CONVERSIONS = {
    "5 km in miles": "≈ 3.10685596118667 mi",
    "5 km to miles?": "≈ 3.10685596118667 mi",
    "convert 5 km to m": "5000 m",
    "what is 12 in in cm": "30.48 cm",
    "5 in to cm": "12.7 cm",
    "12 Inches in CM": "30.48 cm",
    "how many feet are in a mile": "5280 ft",
    "How many inches are there in 3 ft?": "36 in",
    "how many seconds in a day": "86400 s",
    "5 feet 10 inches in cm": "177.8 cm",
    "5 ft 14 in in cm": None,
    "1 nautical mile in km": "1.852 km",
    "1 light year in km": "9460730472580.8 km",
    "72 kg in g": "72000 g",
    "1 lb in kg": "0.45359237 kg",
    "3 pounds 8 ounces in kg": "1.587573295 kg",
    "10 stone in kg": "63.5029318 kg",
    "1 tonne in kg": "1000 kg",
    "1 short ton in kg": "907.18474 kg",
    "1 troy ounce in g": "31.1034768 g",
    "100 °F in °C": "≈ 37.7777777777778 °C",
    "98.6 F in C": "37 °C",
    "-40 C in F": "-40 °F",
    "convert 100 degrees celsius to fahrenheit": "212 °F",
    "0 K in C": "-273.15 °C",
    "-1 K in C": None,
    "2 litres in ml": "2000 mL",
    "5 US gallons in liters": "18.92705892 L",
    "1 imperial pint in ml": "568.26125 mL",
    "1 cubic metre in liters": "1000 L",
    "250 cc in ml": "250 mL",
    "1 acre in square meters": "4046.8564224 m²",
    "2 hectares in m2": "20000 m²",
    "1 square mile in acres": "640 acres",
    "60 mph in km/h": "96.56064 km/h",
    "36 km/h in m/s": "10 m/s",
    "10 knots in kilometers per hour": "18.52 km/h",
    "how many KiB in 3 MiB": "3072 KiB (k = 1000, Ki = 1024)",
    "5 GB in MB": "5000 MB (k = 1000, Ki = 1024)",
    "1 KiB in bytes": "1024 B (k = 1000, Ki = 1024)",
    "100 Mbit/s in MB/s": "12.5 MB/s",
    "90 minutes in hours": "1.5 h",
    "1 week in hours": "168 h",
    "255 in hex": "0xff",
    "255 to hexadecimal": "0xff",
    "0xff to decimal": "255",
    "convert 101 to binary": "0b1100101",
    "what is 0b1010 in decimal": "10",
    "convert binary 1010 to decimal": "10",
    "1011 in base 2 to decimal": "11",
    "12 base 8 in base 10": "10",
    "convert ff from hex to binary": "0b11111111",
    "35 in base 36": "z",
    "42 in roman numerals": "XLII",
    "1994 as a roman numeral": "MCMXCIV",
    "what is MCMXCIV as a number": "1994",
    "roman numeral XIV": "14",
}


@pytest.mark.parametrize(("question", "expected"), CONVERSIONS.items())
def test_a_conversion_is_exact_or_silent(question: str, expected: str | None) -> None:
    found = answer(question, now=NOW)

    assert (found and found.text) == expected
    assert found is None or found.skill == "conversions"
