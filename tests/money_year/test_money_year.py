"""A year of a few contracts against the oracle; `make year` plays a hundred (whole.py)."""

from fractions import Fraction

import pytest

from tests.money_year.judge import carried, differences, gaps, wrong_totals
from tests.money_year.years import Size, open_year

SHARE = Size(contracts=4, days=240, change=0.05, death=0.3)


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    year = open_year(tmp_path_factory.mktemp("year") / "state.db", seed=7, size=SHARE)
    return year, year.plays()


def test_rule_4_2_a_year_of_changes_agrees_with_the_oracle_to_the_minor_unit(played):
    year, today = played
    assert len(year.rows("sk_changelog")) > 50
    assert year.deaths > 5
    assert list(map(str, differences(year, today))) == []


def test_rule_4_14_and_4_18_invoices_of_the_year_are_the_sum_of_their_lines(played):
    year, _ = played
    assert wrong_totals(year) == []
    assert gaps(year) == []


def test_rule_4_16_every_credit_that_left_an_invoice_arrived_on_the_next(played):
    year, _ = played
    assert {contract: left for contract, left in carried(year).items() if left} == {}


def test_the_oracle_sees_a_few_minor_units_on_one_line(played):
    year, today = played
    line = next(one for one in year.rows("sk_invoiceline") if one["sk_calculatedamount"])
    sound = list(differences(year, today))
    seen = list(differences(year, today, added={line["sk_invoicelineid"]: Fraction(5)}))
    assert (len(sound), len(seen)) == (0, 1)
