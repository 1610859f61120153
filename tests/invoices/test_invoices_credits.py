"""Credits: carried, issued alone, held back while the provider failed, owed at the end."""

from seatkeeper.verify import verify_rows
from tests.engine.stage import DO_NOT_REFUND, DO_NOTHING, cash
from tests.invoices.rounds import drafts, issues, plays, status_of

CARRIED = 126310005
OFF = ("2025-06-16", {"status": "suspended"})


def test_rule_4_16_a_lone_credit_is_issued_below_zero_when_the_setting_says_so(opened):
    stage = opened(money={"lone_credits": "issue"})
    plays(stage, OFF)
    (issued,) = issues(stage, "2025-07-01")
    assert (issued.number, [issued.net]) == ("INV-2025-0001", cash("-58.33"))
    july = stage.row("sk_invoice", stage.july)
    assert (status_of(july), [july["sk_total"]]) == ("issued", cash("-58.33"))


def test_rule_4_16_charges_below_zero_are_lifted_even_when_lone_credits_are_issued(opened):
    stage = opened(provider=DO_NOTHING, money={"lone_credits": "issue"})
    stage.subscribes(provider=DO_NOTHING, sk_unitprice="4.00", sk_startdate="2025-07-01")
    plays(stage, OFF)
    (issued,) = issues(stage, "2025-07-01")
    assert [issued.total] == cash("0")


def test_rule_2_11_a_credit_whose_change_failed_is_not_issued_and_moves_on(opened):
    stage = opened()
    other = stage.subscribes(provider=DO_NOTHING, sk_unitprice="4.00", sk_startdate="2025-07-01")
    stage.runs()
    refuses(stage)
    plays(stage, OFF)
    assert stage.on_invoice(stage.july) == [("refund", *cash("-58.33"))]
    (issued,) = issues(stage, "2025-07-01")
    assert [issued.net] == cash("40")
    assert stage.on_invoice(stage.july) == [("recurring", *cash("40"))]
    (august,) = drafts(stage)
    assert stage.on_invoice(august["sk_invoiceid"]) == [("refund", *cash("-58.33"))]
    assert "-58.33 USD" in august["sk_syncmessage"]
    assert stage.amounts(other) == cash("40")


def test_rule_2_11_the_credit_is_given_once_the_change_is_provisioned(opened):
    stage = opened()
    stage.subscribes(provider=DO_NOTHING, sk_unitprice="10.00", sk_startdate="2025-07-01")
    stage.runs()
    refuses(stage)
    plays(stage, OFF)
    issues(stage, "2025-07-01")
    stage.fails()
    stage.writes(
        "sk_changelog", stage.log()["sk_changelogid"], {"sk_provisioningstatus": 126310000}
    )
    stage.runs()
    assert drafts(stage)[0]["sk_syncmessage"]
    (issued,) = issues(stage, "2025-08-01")
    assert [issued.net] == cash("41.67")
    assert not any(one["sk_syncmessage"] for one in stage.invoices().values())


def test_rule_2_11_a_draft_with_nothing_but_a_held_credit_rolls_on(stage):
    refuses(stage)
    plays(stage, OFF)
    (rolled,) = issues(stage, "2025-07-01")
    assert rolled.number == ""
    assert stage.on_invoice(stage.july) == [("refund", *cash("-58.33"))]
    assert "-58.33 USD" in stage.row("sk_invoice", stage.july)["sk_syncmessage"]


def refuses(stage):
    """Let the provider refuse what it is asked to write."""
    stage.fails(service="partner_center", method="PATCH", path=".*", times=99, status=400)


def test_rule_4_16_late_charges_of_a_contract_that_has_ended_are_still_issued(opened):
    stage = opened(contract={"sk_enddate": "2025-06-30"}, provider=DO_NOTHING)
    stage.on("2025-07-05")
    stage.edits(sk_quantity=12, sk_changeeffectiveon="2025-06-20")
    stage.runs()
    # 2 seats for 10 of 30 days.
    (issued,) = issues(stage, "2025-07-06")
    assert [issued.net] == cash("8.33")
    assert issues(stage, "2025-09-01") == []


def test_rule_4_12_days_after_the_end_of_a_contract_that_were_invoiced_are_given_back(opened):
    stage = opened(provider=DO_NOTHING)
    issues(stage, "2025-07-01")
    stage.writes("sk_billingcontract", stage.contract, {"sk_enddate": "2025-07-10"})
    (rolled,) = issues(stage, "2025-08-01")
    # 21 of 31 days; nothing is left to bill, so it waits on the open invoice, and is told.
    (draft,) = drafts(stage)
    assert rolled.number == ""
    assert stage.on_invoice(draft["sk_invoiceid"]) == [("refund", *cash("-84.68"))]
    assert [one.what for one in verify_rows(stage.application.engine)] == ["credit owed"]
    assert issues(stage, "2025-09-01") == []


def test_rule_4_5_the_end_of_a_contract_gives_nothing_back_of_a_declined_change(opened):
    stage = opened(provider=DO_NOTHING, subscription={"sk_refundchoice": DO_NOT_REFUND})
    issues(stage, "2025-07-01")
    plays(stage, ("2025-07-05", {"status": "suspended"}))
    stage.writes("sk_billingcontract", stage.contract, {"sk_enddate": "2025-07-10"})
    assert issues(stage, "2025-08-01") == []
    assert stage.amounts() == cash("125")


def test_rule_4_16_credits_follow_each_other_and_say_so_in_the_places_of_the_currency(opened):
    stage = opened(provider=DO_NOTHING)
    stage.subscribes(provider=DO_NOTHING, sk_unitprice="2.00", sk_startdate="2025-07-01")
    stage.runs()
    plays(stage, OFF)
    totals = [issues(stage, day)[0].total for day in ("2025-07-01", "2025-08-01", "2025-09-01")]
    assert totals == cash("0", "0", "1.67")
    lift = next(one for one in stage.table("sk_invoiceline") if one["sk_kind"] == CARRIED)
    assert lift["sk_explanation"] == "38.33 of credit goes on to the next invoice"
