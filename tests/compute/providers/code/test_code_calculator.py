"""The calculator's answers, word for word."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from freehold.compute.providers.code.quantity import whole_root
from freehold.compute.providers.code.skill import answer

NOW = datetime(2025, 6, 3, 12, 0, tzinfo=UTC)

SUMS = {
    "what is 17% of 340": "57.8",
    "What is 17% of 340?": "57.8",
    "Hi, could you please tell me what is 17% of 340? ": "57.8",
    "17 percent of 340": "57.8",
    "What's 2 + 2?": "4",
    "2+2=": "4",
    "2 + 2 = ?": "4",
    "2+2 thanks": "4",
    "12 * (3+4)^2": "588",
    "calculate 12 × 12 ÷ 9": "16",
    "7 x 8": "56",
    "2 + 2 * 3": "8",
    "2^3^2": "512",
    "-2^2": "-4",
    "(-2)^2": "4",
    "2**-3": "0.125",
    "0.1 + 0.2": "0.3",
    "1,234.5 + 1": "1235.5",
    "1e3 + .5": "1000.5",
    "3 million / 4": "750000",
    "10 - -3": "13",
    "10--3": None,  # two signs on end may be a slip
    "10 - (-3)": "13",
    "10 / 4": "2.5",
    "what is 10/4": None,  # as good as 9/11 or 24/7
    "calculate 10/4": "2.5",
    "10 / 3": "10/3 ≈ 3.33333333333333",
    "1/3 + 1/6": "0.5",
    "100 / 7 to 3 decimal places": "14.286",
    "2 / 3 to 4 significant digits": "0.6667",
    "1234 * 1 to 2 significant figures": "1200",
    "9.996 * 1 to 3 significant figures": "10.0",
    "1/8 as a decimal": "0.125",
    "0.125 as a fraction": "1/8",
    "3/4 as a percentage": "75%",
    "5!": "120",
    "what is 5!": "120",
    "5! / 3!": "20",
    "what is 7 factorial": "5040",
    "5 squared": "25",
    "2 to the power of 10": "1024",
    "3 plus 4 minus 2": "5",
    "17 mod 5": "2",
    "half of 30": "15",
    "a third of 9": "3",
    "three quarters of 10": "7.5",
    "20 * 15%": "3",
    "what is 15% off 80": "68",
    "increase 50 by 10%": "55",
    "decrease 80 by 25%": "60",
    "what percent of 50 is 12": "24%",
    "12 is what percentage of 50": "24%",
    "percent change from 50 to 60": "20%",
    "the sum of 1, 2 and 3.5": "6.5",
    "what is the average of 1, 2 and 6": "3",
    "product of 3 and 4": "12",
    "median of 7, 1, 3 and 5": "4",
    "gcd of 12 and 18": "6",
    "lcm of 4 and 6": "12",
    "largest of 3, 9 and 4": "9",
    "2^100": "1267650600228229401496703205376",
    "10^30 / 3": "1000000000000000000000000000000/3 ≈ 3.33333333333333e29",
}
ROOTS = {
    "square root of 2 to 10 digits": "1.414213562 (10 significant digits)",
    "square root of 2 to 10 decimal places": "1.4142135624",
    "what is the square root of 144?": "12",
    "sqrt(2.25)": "1.5",
    "√16 + 1": None,  # of what?
    "sqrt(16) + 9": "13",
    "the cube root of 27": "3",
    "cbrt(-8)": "-2",
    "cube root of 30 to 5 decimal places": "3.10723",
    "square root of 2": "≈ 1.41421356237310",
    "square root of 2 to 50 decimal places": "1.41421356237309504880168872420969807856967187537695",
    "square root of 0.0002 to 3 significant digits": "0.0141",
    "sqrt(2) * sqrt(2)": None,
}
UNITS = {
    "3 km + 200 m in feet": "≈ 10498.687664042 ft",
    "5 km * 3": "15 km",
    "2 h * 60 km/h in km": "120 km",
    "100 km / 2 h in m/s": "125/9".replace("125/9", "≈ 13.8888888888889 m/s"),
    "1 h 30 min + 45 min in hours": "2.25 h",
    "5 ft 10 in + 2 in": "72 in",
    "5 in + 3 in": "8 in",
    "(3 m)^2 in cm^2": "90000 cm²",
    "3 m * 4 m in square metres": "12 m²",
    "20% of 3 km in m": "600 m",
    "100 GB / 10 MB": "10000",
    "3 GB + 500 MB in GB": "3.5 GB (k = 1000, Ki = 1024)",
    "10 pounds + 5 pounds": "15 pounds",
    "3 km + 200 m in miles to 2 decimal places": "1.99 mi",
    "100 km / 2 h": None,  # in what?
}


@pytest.mark.parametrize(("question", "expected"), [*SUMS.items(), *ROOTS.items(), *UNITS.items()])
def test_the_calculator_is_exact_or_silent(question: str, expected: str | None) -> None:
    found = answer(question, now=NOW)

    assert (found and found.text) == expected
    assert found is None or found.skill == "calculator"


@pytest.mark.parametrize("degree", [2, 3])
def test_a_whole_root_is_the_largest_that_does_not_pass(degree: int) -> None:
    for value in [*range(200), 10**40, 10**40 - 1, 2**300]:
        root = whole_root(value, degree)
        assert root**degree <= value < (root + 1) ** degree
