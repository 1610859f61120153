"""Contracts that cannot be invoiced: parked with the row and the remedy, nothing half-written."""

import pytest

from tests.engine.opening import lay_invoice
from tests.engine.stage import DO_NOTHING, cash
from tests.invoices.rounds import issued, issues

TABLES = ("sk_invoice", "sk_invoiceline", "sk_billingcontract")


def refuses_to_issue(stage, code, *words):
    """Run the day; nothing is written, and the contract is parked with the code and the words."""
    stage.on("2025-07-01")
    mark = stage.mark
    assert stage.invoices_on("2025-07-01") == []
    assert [stage.commits_since(mark, name) for name in TABLES] == [0, 0, 0]
    parked = stage.parked(stage.contract)
    assert parked.code == code
    for word in words:
        assert word in f"{parked.reason} {parked.advice}", word


@pytest.mark.parametrize(
    ("columns", "code", "words"),
    [
        ({"sk_startdate": None}, "contract-incomplete", ("Fabrikam 2025", "no start date")),
        ({"sk_frequency": None}, "contract-incomplete", ("no frequency", "Monthly")),
        ({"sk_currencycode": None}, "currency-unknown", ("has no currency.", "ISO 4217")),
        ({"sk_currencycode": "EUX"}, "currency-unknown", ("Fabrikam 2025", "'EUX'", "ISO 4217")),
        ({"sk_enddate": "2024-12-31"}, "contract-dates", ("2024-12-31", "2025-01-01")),
        ({"sk_timezone": "Mars/Base"}, "time-zone-unknown", ("Mars/Base", "IANA")),
        ({"sk_currencycode": "EUR"}, "currency-mixed", ("INV-1", "USD", "EUR")),
    ],
)
def test_a_contract_that_lacks_something_is_parked_with_the_remedy(stage, columns, code, words):
    stage.writes("sk_billingcontract", stage.contract, columns)
    refuses_to_issue(stage, code, *words)


def test_overlapping_invoices_are_parked_with_both_names(stage):
    lay_invoice(stage, "2025-06-15", "2025-07-15", "issued", number="INV-2", issued_on="2025-06-15")
    refuses_to_issue(stage, "invoices-overlap", "INV-1", "INV-2", "Void")


def test_void_and_unissued_invoices_overlap_nothing(stage):
    lay_invoice(stage, "2025-06-01", "2025-07-01", "void", number="INV-2", issued_on="2025-06-01")
    lay_invoice(stage, "2025-06-01", "2025-07-01", "paid")
    issues(stage, "2025-07-01")
    assert "INV-2025-0001" in issued(stage)


def test_quantities_that_do_not_add_up_are_parked_with_the_log(opened):
    stage = opened(provider=DO_NOTHING)
    for day, seats in (("2025-06-12", 12), ("2025-06-14", 15)):
        stage.on(day)
        stage.edits(sk_quantity=seats)
        stage.runs()
    stage.writes("sk_changelog", stage.log()["sk_changelogid"], {"sk_quantitybefore": 11})
    refuses_to_issue(stage, "quantities-differ", "Change log 2", "11 seats", "12")


def test_a_contract_that_is_mended_is_issued_by_the_next_run(stage):
    stage.writes("sk_billingcontract", stage.contract, {"sk_currencycode": "EUR"})
    refuses_to_issue(stage, "currency-mixed")
    stage.writes("sk_billingcontract", stage.contract, {"sk_currencycode": "USD"})
    assert len(stage.invoices_on("2025-07-01")) == 1
    assert stage.parked(stage.contract) is None


def test_an_open_invoice_in_another_currency_is_parked_with_its_own_remedy(stage):
    stage.writes("sk_invoice", stage.july, {"sk_currencycode": "EUR"})
    refuses_to_issue(
        stage, "currency-mixed", "open invoice of 2025-07-01", "set the open invoice to USD"
    )


# What is wrong, the words, and how it is mended.
def other_currency(stage):
    stage.writes("sk_invoice", stage.july, {"sk_currencycode": "EUR"})
    return lambda: stage.writes("sk_invoice", stage.july, {"sk_currencycode": "USD"})


def overlapping(stage):
    wrong = lay_invoice(
        stage, "2025-06-15", "2025-07-15", "issued", number="INV-2", issued_on="2025-06-15"
    )
    return lambda: stage.deletes("sk_invoice", wrong)


def other_quantity(stage):
    for day, seats in (("2025-06-12", 12), ("2025-06-14", 10)):
        stage.on(day)
        stage.edits(sk_quantity=seats)
        stage.runs()
    log = stage.log()["sk_changelogid"]
    stage.writes("sk_changelog", log, {"sk_quantitybefore": 11})
    return lambda: stage.writes("sk_changelog", log, {"sk_quantitybefore": 12})


@pytest.mark.parametrize(
    ("spoil", "told", "given"),
    [
        (other_currency, ("currency-mixed", "is in EUR"), "-58.33"),
        (overlapping, ("invoices-overlap", "INV-2"), "-58.33"),
        (other_quantity, ("quantities-differ", "11 seats"), "-58.34"),  # and the remainder
    ],
)
def test_a_change_meanwhile_is_logged_and_provisioned_and_its_lines_wait(stage, spoil, told, given):
    mend = spoil(stage)
    before = len(stage.lines())
    stage.on("2025-06-16")
    mark = stage.mark
    stage.edits(status="suspended")
    stage.runs()
    assert (stage.log()["sk_quantityafter"], stage.licence()["status"]) == (0, "suspended")
    assert [stage.commits_since(mark, one) for one in TABLES] == [0, 0, 0]
    code, words = told
    assert (stage.parked().code, words in stage.message) == (code, True)
    mend()
    stage.runs()
    assert (stage.parked(), stage.message) == (None, "")
    assert [line["sk_amount"] for line in stage.lines()[before:]] == cash(given)
