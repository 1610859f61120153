"""The invariants of invoices (rules.md 4.16, 4.18): pure, and as `verify` sees them."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from seatkeeper.verify import verify_rows
from sync import findings, invariants
from sync.invariant_watch import INVARIANTS, LOOKED_AT, judge_daily, judged
from sync.invariants import Finding, InvoiceRow, LineRow, judge_invoices
from tests.engine.stage import cash
from tests.invoices.rounds import issues, plays


def invoice(row_id="i", **fields):
    given = {
        "contract_id": "contract",
        "status": "issued",
        "number": "",
        "net_total": Decimal("100.00"),
        "total": Decimal("119.00"),
        **fields,
    }
    return InvoiceRow(id=row_id, **given)


def line(row_id="l", amount="100.00", tax="19.00", **fields):
    given = {"invoice_id": "i", "reverses": "", "counted": Decimal(amount), **fields}
    return LineRow(id=row_id, amount=Decimal(amount), tax=Decimal(tax), **given)


def found(invoices, lines, billing=("contract",)):
    return [(one.what, one.subject) for one in judge_invoices(invoices, lines, billing)]


def test_rule_4_18_an_invoice_that_is_the_sum_of_its_lines_is_whole():
    assert found([invoice()], [line()]) == []


@pytest.mark.parametrize("status", ["issued", "paid"])
def test_rule_4_18_totals_that_are_not_the_sum_are_found(status):
    wrong = invoice(status=status, net_total=Decimal("99.99"))
    assert found([wrong], [line()]) == [("invoice total", "i")]


@pytest.mark.parametrize("status", ["draft", "void"])
def test_rule_4_18_totals_of_what_is_not_issued_say_nothing(status):
    assert found([invoice(status=status, net_total=Decimal(1))], [line()]) == []


def test_rule_4_18_credits_above_what_was_billed_are_found():
    refund = line("r", "-100.01", "0", reverses="l", invoice_id="draft")
    assert ("credits", "l") in found([invoice()], [line(), refund])


def test_rule_4_18_credits_on_a_void_invoice_do_not_count():
    void = invoice("v", status="void")
    refund = line("r", "-100.01", "0", reverses="l", invoice_id="v")
    assert found([invoice(), void], [line(), refund]) == []


def test_rule_4_14_a_number_that_stands_twice_is_found():
    twice = [invoice(one, number="INV-2025-0001", status="draft") for one in "ab"]
    assert found(twice, []) == [("invoice numbers", "INV-2025-0001")]


def test_rule_4_14_the_first_missing_number_of_a_year_is_told():
    given = [
        invoice(str(one), number=f"INV-2025-{one:04d}", status="draft") for one in (7, 8, 11, 12)
    ]
    (gap,) = judge_invoices(given, [], ())
    assert gap == Finding(
        what="invoice numbers",
        subject="INV-2025-0009",
        told="2 numbers are missing, the first is INV-2025-0009",
        broken=False,
    )


def test_rule_4_16_a_credit_on_a_contract_with_nothing_left_to_bill_is_owed():
    draft = invoice(status="draft")
    credit = line(amount="-58.33", tax="-11.08")
    assert found([draft], [credit]) == []
    assert found([draft], [credit], ()) == [("credit owed", "i")]


def test_rule_4_16_verify_tells_the_credit_that_is_owed_after_a_cancellation(stage):
    plays(stage, ("2025-06-16", {"status": "cancelled"}))
    assert stage.amounts() == cash("-58.33")
    findings = list(verify_rows(stage.application.engine))
    assert [(one.what, one.broken) for one in findings] == [("credit owed", False)]
    assert "58.33" in findings[0].told


def test_rule_4_18_verify_finds_nothing_after_an_invoice_run(stage):
    issues(stage, "2025-07-01")
    assert list(verify_rows(stage.application.engine)) == []


def test_rule_4_18_the_daemon_judges_once_a_day_and_remembers_what_is_broken(stage):
    engine = stage.application.engine
    issues(stage, "2025-07-01")
    line = stage.lines()[0]["sk_invoicelineid"]
    stage.writes("sk_invoiceline", line, {"sk_amount": "100.00"})
    assert judge_daily(engine)
    assert not judge_daily(engine)
    assert engine.ports.store.look(judged).violations == {"invoice total": 2}
    stage.writes("sk_invoiceline", line, {"sk_amount": "125.00"})
    stage.on("2025-07-02", "12:01")
    assert stage.runs().failures == []  # the clock of Dataverse is heard with an answer
    assert judge_daily(engine)
    assert engine.ports.store.look(judged).violations == {}


def test_every_finding_has_a_name_among_the_metrics():
    sources = (
        Path(module.__file__).read_text(encoding="utf-8") for module in (findings, invariants)
    )
    named = {one for text in sources for one in re.findall(r'what="([a-z ]+)"', text)}
    assert named == {*INVARIANTS, *LOOKED_AT}


def test_rule_4_18_a_refund_of_a_line_that_was_voided_is_seen():
    void = invoice("v", status="void")
    charged = line(invoice_id="v")
    refund = line("r", "-80.65", "0", reverses="l", invoice_id="draft")
    (seen,) = judge_invoices([void], [charged, refund], ("contract",))
    assert (seen.what, seen.broken, seen.told) == (
        "credits",
        False,
        "billed 0, and 80.65 of it were given back",
    )
