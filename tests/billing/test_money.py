"""Amounts, their minor units and their rounding; and that billing/ has no floats."""

import ast
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.money import (
    MoneyError,
    Owed,
    UnknownCurrencyError,
    balance,
    minor_unit,
    round_money,
)

BILLING = Path(__file__).parents[2] / "billing"
FORBIDDEN_MODULES = {"logging", "structlog", "time", "os", "sys", "pathlib", "requests", "random"}
FLOATING = {"math", "cmath", "statistics", "numpy"}
FORBIDDEN_CALLS = {"open", "print", "input", "float"}


@pytest.mark.parametrize(
    ("currency", "unit"),
    [
        ("USD", "0.01"),
        ("JPY", "1"),
        ("CLP", "1"),
        ("KWD", "0.001"),
        ("IQD", "0.001"),
        ("LBP", "0.01"),
        ("UYW", "0.0001"),
    ],
)
def test_rule_4_19_minor_units_are_those_of_iso_4217(currency: str, unit: str) -> None:
    assert str(minor_unit(currency)) == unit


@pytest.mark.parametrize("code", ["EURO", "usd", "", "XAU"])
def test_an_unknown_currency_is_named(code: str) -> None:
    with pytest.raises(UnknownCurrencyError, match=repr(code)) as caught:
        minor_unit(code)

    assert caught.value.currency == code
    assert isinstance(caught.value, MoneyError)


@pytest.mark.parametrize(
    ("exact", "currency", "rounded"),
    [
        (Fraction(-101, 2), "JPY", "-51"),
        (Fraction(101, 2), "JPY", "51"),
        (Fraction(-97, 200), "USD", "-0.49"),
        (Fraction(99, 40), "USD", "2.48"),
        (Fraction("224.955"), "USD", "224.96"),
        (Fraction(-12750 * 16, 31000), "KWD", "-6.581"),
        (Fraction(1, 300), "USD", "0.00"),
    ],
)
def test_rule_4_2_rounding_is_half_away_from_zero(
    exact: Fraction, currency: str, rounded: str
) -> None:
    assert str(round_money(exact, currency)) == rounded


def test_large_amounts_stay_exact() -> None:
    assert round_money(Fraction(10**24) + Fraction(1, 2), "JPY") == Decimal(10**24 + 1)


def owed(*exact: str, room: str = "1000") -> list[Owed]:
    return [Owed(exact=Fraction(one), room=Decimal(room), is_new=False) for one in exact]


def test_rule_4_2_the_last_line_takes_the_remainder() -> None:
    assert balance(owed("-25/3", "-25/3"), "USD") == [Decimal("-8.33"), Decimal("-8.34")]


def test_rule_4_2_no_line_when_the_difference_is_at_most_half_a_minor_unit() -> None:
    assert balance(owed("0.005"), "USD") == [0]
    assert balance(owed("0.0051"), "USD") == [Decimal("0.01")]


def test_rule_4_8_a_remainder_stays_within_the_room_of_its_line() -> None:
    full = [
        Owed(exact=Fraction(-25, 3), room=Decimal(10), is_new=False),
        Owed(exact=Fraction(-25, 3), room=Decimal("8.33"), is_new=False),
    ]

    assert balance(full, "USD") == [Decimal("-8.34"), Decimal("-8.33")]


@given(st.lists(st.fractions(-1000, 1000, max_denominator=366), max_size=6))
def test_rule_4_2_the_lines_of_a_period_add_up_to_its_rounded_sum(exact: list[Fraction]) -> None:
    lines = balance(
        [Owed(exact=one, room=Decimal(100_000), is_new=False) for one in exact], currency := "USD"
    )

    assert abs(sum(map(Fraction, lines)) - sum(exact)) <= Fraction(minor_unit(currency)) / 2
    left = [
        Owed(exact=one - Fraction(line), room=Decimal(100_000), is_new=False)
        for one, line in zip(exact, lines, strict=True)
    ]
    assert not any(balance(left, "USD"))


def _trees() -> Iterator[tuple[str, ast.AST]]:
    paths = sorted(BILLING.glob("**/*.py"))
    assert len(paths) > 10
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            yield path.name, node


def floats_in(tree: ast.AST) -> list[int]:
    """Return the lines with a float: a literal, the name, or a module that works in floats."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if (isinstance(node, ast.Constant) and isinstance(node.value, float | complex))
        or (isinstance(node, ast.Name) and node.id == "float")
        or (isinstance(node, ast.ImportFrom) and node.module in FLOATING)
        or (isinstance(node, ast.Import) and any(one.name in FLOATING for one in node.names))
    ]


def test_billing_has_no_float_anywhere() -> None:
    paths = sorted(BILLING.glob("**/*.py"))
    found = {path.name: floats_in(ast.parse(path.read_text(encoding="utf-8"))) for path in paths}

    assert len(paths) > 10
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_billing_imports_no_input_output_clock_or_log() -> None:
    modules = {
        (name, alias.name.split(".")[0])
        for name, node in _trees()
        if isinstance(node, ast.Import)
        for alias in node.names
    } | {
        (name, (node.module or "").split(".")[0])
        for name, node in _trees()
        if isinstance(node, ast.ImportFrom)
    }
    calls = {
        (name, node.func.id)
        for name, node in _trees()
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }

    assert {found for found in modules if found[1] in FORBIDDEN_MODULES} == set()
    assert {found for found in calls if found[1] in FORBIDDEN_CALLS} == set()


def test_rule_4_2_remainders_that_cancel_out_wait_and_those_that_add_up_do_not() -> None:
    assert balance(owed("0.015", "-0.015"), "USD") == [0, 0]
    assert sorted(balance(owed("0.006", "0.006"), "USD")) == [0, Decimal("0.01")]
