"""Payment: seen in Dynamics or said at the terminal, archived, and never touched again."""

import pytest

from sync.by_hand import RefusedByHandError
from sync.paused import stop_sending
from tests.engine.stage import DO_NOT_REFUND, DO_NOTHING, cash
from tests.invoices.rounds import (
    archived,
    goes_round,
    issues,
    pays,
    pays_by_command,
    plays,
    status_of,
    voids,
)

OFF = ("2025-06-16", {"status": "suspended"})
ON = ("2025-06-21", {"status": "active"})


def test_rule_4_14_a_draft_set_straight_to_paid_closes_as_it_stands(stage):
    plays(stage, OFF)
    stage.on("2025-06-18")
    pays(stage, stage.july)
    goes_round(stage)
    plays(stage, ON)
    (issued,) = issues(stage, "2025-07-01")
    assert [issued.net] == cash("162.50")
    july = stage.row("sk_invoice", stage.july)
    assert (status_of(july), july["sk_total"], july["sk_number"]) == ("paid", None, None)
    assert stage.on_invoice(stage.july) == [("refund", *cash("-58.33"))]


def test_rule_4_14_invoice_paid_by_number_or_id_sets_the_day(stage):
    paid = pays_by_command(stage, "INV-1", "2025-06-18")
    assert (paid.number, str(paid.paid_on), paid.sent) == ("INV-1", "2025-06-18", True)
    june = stage.row("sk_invoice", stage.june)
    assert (status_of(june), june["sk_paidon"]) == ("paid", "2025-06-18")
    pays_by_command(stage, stage.july)
    assert stage.row("sk_invoice", stage.july)["sk_paidon"] == "2025-06-10"


def test_the_day_of_a_payment_is_the_one_in_the_zone_of_the_contract(opened):
    stage = opened(contract={"sk_timezone": "Pacific/Auckland"})
    stage.on("2025-06-18", "23:00")
    stage.runs()
    assert str(pays_by_command(stage, "INV-1").paid_on) == "2025-06-19"


@pytest.mark.parametrize("close", [pays, voids])
def test_an_invoice_that_is_closed_cannot_be_paid(stage, close):
    close(stage, stage.june)
    with pytest.raises(RefusedByHandError, match="INV-1 is"):
        pays_by_command(stage, "INV-1")


def test_an_invoice_cannot_be_paid_before_it_was_issued_or_without_being_there(stage):
    with pytest.raises(RefusedByHandError, match="issued on 2025-06-01"):
        pays_by_command(stage, "INV-1", "2025-05-31")
    with pytest.raises(RefusedByHandError, match="there is no invoice INV-99"):
        pays_by_command(stage, "INV-99")


def test_a_payment_while_paused_is_stored_and_sent_later(stage):
    engine = stage.application.engine
    stop_sending(engine, engine.now())
    assert not pays_by_command(stage, "INV-1").sent
    assert status_of(stage.row("sk_invoice", stage.june)) == "issued"
    engine.ports.store.tx(lambda tx: tx.set_meta("paused", ""))
    stage.runs()
    assert status_of(stage.row("sk_invoice", stage.june)) == "paid"


def test_rule_4_17_a_log_is_archived_when_the_invoice_of_its_line_is_paid(stage):
    goes_round(stage)
    plays(stage, OFF)
    goes_round(stage)
    assert archived(stage) == [False]
    pays(stage, stage.july)
    assert goes_round(stage).archived == 1
    assert archived(stage) == [True]


def test_rule_4_17_a_log_with_a_line_on_an_unpaid_invoice_stays_active(stage):
    goes_round(stage)
    issues(stage, "2025-07-01")
    goes_round(stage)
    # One refund line reverses July, another June: one on each of two drafts.
    stage.on("2025-07-05")
    stage.edits(status="suspended", sk_changeeffectiveon="2025-06-16")
    stage.runs()
    first, second = stage.lines()[1:]
    other = stage.makes(
        "sk_invoice",
        {
            "sk_name": "Other",
            "sk_billingcontractid": stage.contract,
            "statecode": 0,
            "statuscode": 1,
        },
    )
    stage.writes("sk_invoiceline", second["sk_invoicelineid"], {"sk_invoiceid": other})
    pays(stage, first["_sk_invoiceid_value"])
    goes_round(stage)
    assert archived(stage) == [False]
    pays(stage, other)
    goes_round(stage)
    assert archived(stage) == [True]


def test_rule_4_17_a_declined_log_is_archived_at_once(opened):
    stage = opened(provider=DO_NOTHING, subscription={"sk_refundchoice": DO_NOT_REFUND})
    plays(stage, ("2025-06-11", {"sk_quantity": 7}))
    goes_round(stage)
    assert archived(stage) == [True]


def test_rule_4_17_a_pause_is_archived_once_it_is_provisioned(opened):
    stage = opened()
    stage.fails(service="partner_center", method="PATCH", path=".*", times=9, status=503)
    plays(stage, ("2025-06-16", {"status": "paused"}))
    goes_round(stage)
    assert archived(stage) == [False]
    stage.fails()
    stage.on("2025-06-16", "13:00")
    goes_round(stage)
    assert archived(stage) == [True]


def test_rule_4_17_the_timeline_reads_archived_logs(opened):
    stage = opened(provider=DO_NOTHING, subscription={"sk_refundchoice": DO_NOT_REFUND})
    plays(stage, ("2025-06-11", {"sk_quantity": 7}))
    goes_round(stage)
    plays(stage, ("2025-06-21", {"sk_quantity": 12}))
    assert stage.amounts() == cash("7.50")


def test_rule_1_3_the_first_look_at_invoices_adopts_what_was_paid_before(stage):
    plays(stage, OFF)
    pays(stage, stage.july)
    assert goes_round(stage).closed == 0
    assert archived(stage) == [False]


def test_rule_1_3_a_payment_is_seen_once(stage):
    goes_round(stage)
    pays(stage, stage.june)
    assert goes_round(stage).closed == 1
    stage.writes("sk_invoice", stage.june, {"sk_name": "looked at"})
    assert goes_round(stage).closed == 0
