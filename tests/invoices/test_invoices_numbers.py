"""Numbers of invoices without gaps (rules.md 4.14), and few writes for many contracts (2.7)."""

from dataclasses import replace

import pytest

from sync.numbers import Handed, hand_out, next_numbers, settle_numbers
from sync.remote import RemoteError
from sync.state import Operation, OperationState, Service
from tests.engine.opening import lay_invoice
from tests.engine.stage import ADVANCE, DO_NOTHING, MONTHLY
from tests.invoices.rounds import goes_round, issued

YEAR = 2025


def contracts(stage, number):
    """Add contracts with a subscription each; return their ids."""
    return [contract(stage, f"Contract {one}") for one in range(number)]


def contract(stage, name):
    row = {
        "sk_name": name,
        "sk_accountid": stage.account,
        "sk_frequency": MONTHLY,
        "sk_billingpolicy": ADVANCE,
        "sk_startdate": "2025-01-01",
        "sk_currencycode": "USD",
        "sk_nextinvoiceon": "2025-07-01",
    }
    made = stage.makes("sk_billingcontract", row)
    stage.subscribes(provider=DO_NOTHING, sk_billingcontractid=made, sk_billfrom="2025-07-01")
    return made


def ours(stage):
    return [one for one in issued(stage) if one.startswith("INV-2025-")]


def wanted(number, first=1):
    return [f"INV-2025-{one:04d}" for one in range(first, first + number)]


@pytest.fixture
def many(opened):
    """Make seven contracts more."""
    stage = opened(provider=DO_NOTHING)
    contracts(stage, 7)
    stage.runs()
    stage.on("2025-07-01")
    return stage


def test_rule_4_14_contracts_that_are_issued_together_have_numbers_without_gaps(many):
    assert len(many.invoices_on("2025-07-01")) == 8
    assert ours(many) == wanted(8)


def test_rule_2_7_contracts_share_a_batch(many):
    mark = many.mark
    many.invoices_on("2025-07-01")
    writes = [
        one
        for one in many.world.journal.since(mark)
        if one.table == "sk_invoice" and one.after and b"INV-2025" in bytes(one.after)
    ]
    batches = [one for one in many.requests_since(mark) if "$batch" in one]
    assert len(writes) == 8
    # One change set an invoice, all in one request; two to read, and two to find nothing more.
    assert len(batches) <= 6


class Meddler:
    """Dataverse, on which a person edits a row each time before a change set arrives."""

    def __init__(self, crm, edit, times):
        self._crm, self._edit, self._times = crm, edit, times

    def __getattr__(self, name):
        return getattr(self._crm, name)

    def write_sets(self, sets):
        self._times -= 1
        if self._times >= 0:
            self._edit()
        return self._crm.write_sets(sets)


def test_rule_4_14_a_number_that_came_to_nothing_is_the_first_to_be_given(many):
    restless = sorted(row["sk_billingcontractid"] for row in many.table("sk_billingcontract"))[3]
    engine = many.application.engine
    ports = engine.ports

    def edits():
        many.writes("sk_billingcontract", restless, {"sk_paymentdays": 14})

    engine.ports = replace(ports, crm=Meddler(ports.crm, edits, 3))
    assert len(many.invoices_on("2025-07-01")) == 7
    assert len(ours(many)) == 7
    assert ours(many) != wanted(7)  # one in between is missing
    engine.ports = ports
    (issued_later,) = many.invoices_on("2025-07-01")
    assert issued_later.contract_id == restless
    assert ours(many) == wanted(8)


def test_rule_4_14_a_crash_between_number_and_commit_leaves_no_gap(many):
    many.fails(service="dataverse", method="POST", path=".*batch", times=1, drop="before_commit")
    many.invoices_on("2025-07-01")
    many.fails()
    many.runs()
    many.invoices_on("2025-07-01")
    assert ours(many) == wanted(8)


def test_rule_4_14_an_answer_that_is_lost_gives_no_number_twice(many):
    many.fails(service="dataverse", method="POST", path=".*batch", times=40, status=503)
    with pytest.raises(RemoteError):
        many.invoices_on("2025-07-01")
    many.fails()
    many.invoices_on("2025-07-01")
    assert ours(many) == wanted(8)


def test_rule_4_14_numbers_go_on_above_9999_where_they_do_not_sort_as_text(stage):
    for number in (9998, 9999, 10000, 10001, 10002):
        lay_invoice(stage, "2024-01-01", "2024-02-01", "draft", number=f"INV-2025-{number}")
    assert next_numbers(stage.application.engine, YEAR, 2) == ["INV-2025-10003", "INV-2025-10004"]


def test_rule_4_14_a_year_has_numbers_of_its_own(stage):
    stage.on("2025-12-31")
    stage.invoices_on("2025-12-31")
    goes_round(stage)
    stage.on("2026-01-01")
    (new_year,) = stage.invoices_on("2026-01-01")
    assert new_year.number == "INV-2026-0001"


def operation(state):
    return Operation(
        id="op",
        subject="contract",
        group="write:1",
        service=Service.DATAVERSE,
        action="issue invoice",
        state=state,
    )


@pytest.mark.parametrize(
    ("state", "number"),
    [
        pytest.param(OperationState.READY, "INV-2025-0002", id="open: it is still taken"),
        pytest.param(OperationState.SENT, "INV-2025-0002", id="unclear: it is still taken"),
        pytest.param(OperationState.SUPERSEDED, "INV-2025-0001", id="not written: free again"),
        pytest.param(OperationState.FAILED, "INV-2025-0001", id="refused: free again"),
        pytest.param(OperationState.DONE, "INV-2025-0002", id="written: never again"),
    ],
)
def test_rule_4_14_a_number_is_free_again_only_when_it_certainly_came_to_nothing(
    stage, state, number
):
    def tx_hand_out(tx):
        tx.add_operations([operation(state)])
        hand_out(tx, [Handed("INV-2025-0001", "contract", "op")])
        settle_numbers(tx)

    stage.application.store.tx(tx_hand_out)
    assert next_numbers(stage.application.engine, YEAR, 1) == [number]
