"""Rows that another client made: own ids, null columns wherever no rule needs them."""

from tests.engine.opening import ORIGIN, lay_line
from tests.engine.stage import (
    DO_NOTHING,
    MANUAL,
    STATUS,
    cash,
    outcome_of,
)


def test_rows_with_nothing_but_what_a_rule_needs_are_handled(stage):
    stage.on("2025-06-12")
    account = stage.makes("account", {"name": "Bare"})
    contract = stage.makes(
        "sk_billingcontract",
        {"sk_frequency": 126310000, "sk_startdate": "2025-01-01", "sk_currencycode": "EUR"},
    )
    provider = stage.makes("sk_provider", {"sk_name": "Bare", "sk_kind": MANUAL})
    bare = stage.makes(
        "sk_subscription",
        {
            "sk_accountid": account,
            "sk_billingcontractid": contract,
            "sk_providerid": provider,
            "sk_quantity": 3,
            **STATUS["active"],
        },
    )
    stage.runs()
    assert stage.kinds(bare) == [("new", 3)]
    stage.on("2025-06-16")
    stage.edits(row=bare, status="suspended")
    stage.runs()
    assert stage.kinds(bare) == [("new", 3), ("deactivation", -3)]
    assert outcome_of(stage.logs(bare)[1]) == "awaiting"
    stage.edits(row=bare, status="active")
    stage.runs()
    assert stage.kinds(bare)[2:] == [("activation", 3)]
    assert stage.parked_codes() == []
    assert stage.amounts(bare) == []


def test_a_row_without_a_quantity_is_a_row_with_none(opened):
    stage = opened(subscription={"sk_quantity": None}, provider=DO_NOTHING, amount="")
    stage.on("2025-06-16")
    stage.edits(status="suspended")
    stage.runs()
    assert stage.kinds() == [("deactivation", 0)]
    assert stage.parked_codes() == []


def test_an_issued_invoice_without_a_date_and_a_line_without_a_calculated_amount_count(stage):
    stage.writes("sk_invoice", stage.june, {"sk_issuedon": None, "sk_number": None})
    changes = {"sk_calculatedamount": None, "sk_linenumber": None, "sk_name": None}
    stage.writes("sk_invoiceline", stage.june_line, changes)
    stage.on("2025-06-16")
    stage.edits(status="suspended")
    stage.runs()
    assert stage.amounts() == cash("-58.33")
    assert stage.lines()[0]["_sk_invoiceid_value"] == stage.july


def test_a_line_of_another_client_without_a_kind_or_period_does_no_harm(stage):
    empty = dict.fromkeys(("sk_kind", "sk_periodstart", "sk_periodend", "sk_quantity", "sk_amount"))
    lay_line(stage, stage.july, stage.subscription, **empty)
    stage.on("2025-06-16")
    stage.edits(status="suspended")
    stage.runs()
    assert cash("-58.33")[0] in stage.amounts()
    assert stage.parked_codes() == []


def test_a_change_log_of_another_client_is_left_alone(stage):
    foreign = stage.makes(
        "sk_changelog", {"sk_name": "By hand", "sk_subscriptionid": stage.subscription}
    )
    before = stage.row("sk_changelog", foreign)
    stage.on("2025-06-16")
    stage.edits(status="suspended")
    stage.runs()
    assert stage.row("sk_changelog", foreign) == before
    assert stage.amounts() == cash("-58.33")
    assert stage.parked_codes() == []


def test_a_contract_without_a_next_invoice_date_is_invoiced_by_its_draft(opened):
    stage = opened(contract={"sk_nextinvoiceon": None})
    stage.on("2025-07-01")
    (issued,) = stage.invoices_on("2025-07-01")
    assert [issued.net] == cash("125")


def test_the_daemon_talks_to_one_place_only(stage):
    stage.on("2025-06-16")
    mark = stage.mark
    stage.edits(status="suspended")
    stage.runs()
    assert {one.split()[0] for one in stage.requests_since(mark)} == {"dataverse", "partner_center"}
    assert stage.application.config.dataverse.url == ORIGIN


def test_a_new_row_with_a_negative_quantity_begins_with_the_corrected_one(stage):
    stage.on("2025-06-16")
    fresh = stage.subscribes(provider=DO_NOTHING, sk_quantity=-3)
    stage.runs()
    assert stage.parked(fresh).code == "quantity-negative"
    stage.edits(row=fresh, sk_quantity=12)
    stage.runs()
    assert stage.parked(fresh) is None
    assert sum(moved for _, moved in stage.kinds(fresh)) == 12
    assert all(log["sk_quantitybefore"] >= 0 for log in stage.logs(fresh))
