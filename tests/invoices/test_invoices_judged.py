"""Judged numbers of rules.md 4, end to end: rows in the sandbox, the daemon, lines on invoices."""

from tests.engine.opening import lay_invoice, lay_line
from tests.engine.stage import ARREARS, DO_NOTHING, cash
from tests.invoices.rounds import issues, plays

ANNUAL = 126310002
NEW_STATE = {"change_day": "new_state"}


def test_rule_4_13_tax_comes_back_in_two_halves_to_the_cent(opened):
    stage = opened(provider=DO_NOTHING, money=NEW_STATE, first_look="2025-06-01")
    stage.writes("sk_invoiceline", stage.june_line, {"sk_taxpercent": 19, "sk_taxamount": "23.75"})
    plays(stage, ("2025-06-01", {"sk_quantity": 5}), ("2025-06-01", {"status": "suspended"}))
    assert stage.amounts() == cash("-62.50", "-62.50")
    assert [line["sk_taxamount"] for line in stage.lines()] == cash("-11.88", "-11.87")


def test_rule_4_2_an_annual_hold_comes_back_to_the_original_end_to_the_cent(opened):
    stage = opened(
        provider=DO_NOTHING,
        money=NEW_STATE,
        amount="",
        price="240.00",
        contract={"sk_frequency": ANNUAL, "sk_nextinvoiceon": "2026-01-01"},
        subscription={"sk_quantity": 25},
        first_look="2025-05-11",
    )
    year = lay_invoice(stage, "2025-01-01", "2026-01-01", "issued", issued_on="2025-01-01")
    lay_line(
        stage,
        year,
        stage.subscription,
        sk_periodstart="2025-01-01",
        sk_periodend="2026-01-01",
        sk_quantity=25,
        sk_amount="6000.00",
        sk_calculatedamount="6000.00",
    )
    plays(stage, ("2025-05-12", {"status": "suspended"}), ("2025-06-04", {"status": "active"}))
    # 234 and 211 of 365 days; line by line the second would be 3468.49.
    assert set(stage.amounts()) == {*cash("6000", "-3846.58", "3468.50")}


def test_rule_4_2_in_arrears_the_lines_of_a_cycle_add_up_to_its_rounded_amount(opened):
    stage = opened(
        provider=DO_NOTHING,
        amount="",
        price="10.00",
        contract={"sk_billingpolicy": ARREARS},
        subscription={"sk_quantity": 1},
        first_look="2025-06-01",
    )
    plays(stage, ("2025-06-02", {"status": "suspended"}), ("2025-06-28", {"status": "active"}))
    (issued,) = issues(stage, "2025-07-01")
    # 2 and 2 of 30 days: 1.33 together, though 0.67 each.
    assert sorted(stage.amounts()) == cash("0.66", "0.67")
    assert [issued.net] == cash("1.33")
