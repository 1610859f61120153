"""The daemon's own schedule: on the day of the contract's zone, unless something stops it."""

import pytest

from seatkeeper.requested import RequestRefusedError, run_request
from sync import guard_memory
from sync.guards import Alarm
from sync.invoice_run import run_due_invoices
from sync.paused import send_again, stop_sending
from sync.scope import Scope
from tests.engine.stage import QUARTERLY, cash
from tests.invoices.rounds import goes_round, issued


def numbers(report):
    return [one.number for one in report.issued]


def test_the_daemon_issues_on_the_day_of_the_cycle(stage):
    goes_round(stage)
    stage.on("2025-06-30")
    assert numbers(goes_round(stage)) == []
    stage.on("2025-07-01", "00:05")
    assert numbers(goes_round(stage)) == ["INV-2025-0001"]
    assert numbers(goes_round(stage)) == []


@pytest.mark.parametrize(
    ("zone", "before", "after"),
    [
        ("Pacific/Auckland", ("2025-06-30", "11:59"), ("2025-06-30", "12:01")),
        ("America/Los_Angeles", ("2025-07-01", "06:59"), ("2025-07-01", "07:01")),
    ],
)
def test_the_day_begins_in_the_zone_of_the_contract(opened, zone, before, after):
    stage = opened(contract={"sk_timezone": zone})
    goes_round(stage)
    stage.on(*before)
    assert numbers(goes_round(stage)) == []
    stage.on(*after)
    assert numbers(goes_round(stage)) == ["INV-2025-0001"]
    assert stage.row("sk_invoice", stage.july)["sk_issuedon"] == "2025-07-01"


def test_after_downtime_it_catches_up_cycle_by_cycle(stage):
    goes_round(stage)
    stage.on("2025-09-03")
    report = goes_round(stage)
    assert [str(one.cycle_start) for one in report.issued] == [
        "2025-07-01",
        "2025-08-01",
        "2025-09-01",
    ]
    assert [one.net for one in report.issued] == cash("125", "125", "125")


def test_rule_1_1_the_first_round_issues_nothing(stage):
    stage.on("2025-07-01")
    assert numbers(goes_round(stage)) == []
    assert numbers(goes_round(stage)) == ["INV-2025-0001"]


def test_with_automatic_invoices_off_only_a_person_issues(opened):
    stage = opened(money={"automatic_invoices": False})
    goes_round(stage)
    stage.on("2025-07-01")
    assert numbers(goes_round(stage)) == []
    assert len(stage.invoices_on("2025-07-01")) == 1


def test_observing_issues_and_archives_nothing(stage):
    goes_round(stage)
    stage.on("2025-07-01")
    stage.application.engine.observe = True
    mark = stage.mark
    assert numbers(goes_round(stage)) == []
    assert stage.commits_since(mark, "sk_invoice") == 0


def test_paused_it_waits_and_goes_on_afterwards(stage):
    engine = stage.application.engine
    goes_round(stage)
    stage.on("2025-07-01")
    stop_sending(engine, engine.now())
    assert numbers(goes_round(stage)) == []
    send_again(engine, engine.now())
    assert numbers(goes_round(stage)) == ["INV-2025-0001"]


def test_rule_6_a_tripped_guard_issues_nothing_and_invoice_run_says_why(stage):
    engine = stage.application.engine
    goes_round(stage)
    stage.on("2025-07-01")
    stage.runs()  # business time is that of the last answer
    alarm = Alarm("too-many-changes", "Too many changes.")
    engine.ports.store.tx(lambda tx: guard_memory.set_alarms(tx, [alarm]))
    assert run_due_invoices(engine) == []
    with pytest.raises(RequestRefusedError, match=r"Too many changes\."):
        run_request(engine, "invoice run", '{"on": null, "contract": null}')
    assert issued(stage) == ["INV-1"]


def test_rule_6_a_contract_outside_the_scope_is_left_alone(stage):
    goes_round(stage)
    stage.on("2025-07-01")
    stage.application.engine.scope = Scope.of(["somebody-else"], [])
    assert numbers(goes_round(stage)) == []
    assert stage.parked(stage.contract).code == "out-of-scope"
    stage.application.engine.scope = Scope.of([stage.account], [])
    assert numbers(goes_round(stage)) == ["INV-2025-0001"]


def test_a_contract_of_which_nothing_is_due_is_not_read_again_on_that_day(opened):
    stage = opened(contract={"sk_enddate": "2025-06-30"})
    goes_round(stage)
    stage.on("2025-07-02")
    goes_round(stage)
    mark = stage.mark
    goes_round(stage)
    batches = [one for one in stage.requests_since(mark) if "$batch" in one]
    assert len(batches) == 2  # what to archive, and which contracts may be due
    stage.writes("sk_billingcontract", stage.contract, {"sk_enddate": None})
    assert numbers(goes_round(stage)) == ["INV-2025-0001"]


def test_an_empty_date_of_the_next_invoice_is_filled_in(opened):
    stage = opened(contract={"sk_nextinvoiceon": None})
    goes_round(stage)
    goes_round(stage)
    contract = stage.row("sk_billingcontract", stage.contract)
    assert contract["sk_nextinvoiceon"] == "2025-07-01"


def test_rule_4_14_the_due_date_counts_the_days_of_the_contract(opened):
    stage = opened(contract={"sk_paymentdays": 30})
    goes_round(stage)
    stage.on("2025-07-01")
    goes_round(stage)
    assert stage.row("sk_invoice", stage.july)["sk_duedate"] == "2025-07-31"


def test_a_service_that_is_down_is_told_and_the_next_round_goes_on(stage):
    goes_round(stage)
    stage.on("2025-07-01")
    stage.fails(service="dataverse", method="POST", path=".*batch", times=50, status=503)
    assert goes_round(stage).failures
    stage.fails()
    assert numbers(goes_round(stage)) == ["INV-2025-0001"]


def test_a_long_cycle_names_its_next_interim_day(opened):
    quarterly = {"sk_frequency": QUARTERLY, "sk_nextinvoiceon": "2025-07-01"}
    stage = opened(contract=quarterly, price="36.00", amount="")
    goes_round(stage)
    stage.on("2025-07-01")
    goes_round(stage)
    contract = stage.row("sk_billingcontract", stage.contract)
    assert contract["sk_nextinvoiceon"] == "2025-08-01"
