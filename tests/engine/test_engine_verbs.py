"""What a person asks for at the terminal: pause, scope, revert, resync, and parked work."""

import json
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import pytest

from seatkeeper.mapping_folder import shipped
from seatkeeper.requested import RequestRefusedError, run_request
from sync.cycle import look_at_parked, run_cycle
from sync.preview import preview
from sync.scope import Scope
from sync.state import FactState, OperationState
from tests.engine.stage import MANUAL, STATUS, cash, kind_of, outcome_of

NAMES = ["account", "tenant", "provider id", "provider name", "connection"]
LATER = ("2025-06-20", "12:00")


@pytest.fixture
def ask(stage):
    """Ask the default stage for something, as the command line and the daemon do."""
    return asking(stage)


def asking(stage):
    def ask(verb, **argument):
        return json.loads(run_request(stage.application.engine, verb, json.dumps(argument)))

    return ask


def trail(stage, event, subject=""):
    entries = stage.application.store.tx(lambda tx: tx.read_trail(subject or stage.subscription))
    return [entry.facts for entry in entries if entry.event == event]


def facts(stage, *states):
    return stage.application.store.tx(lambda tx: tx.facts(stage.subscription, *states))


def limit(stage, *, accounts=(), providers=()):
    stage.application.engine.scope = Scope.of(accounts, providers)


# --- pause and resume --------------------------------------------------------------------------


def test_rule_6_a_paused_seatkeeper_sees_and_stores_and_sends_nothing(stage, ask):
    ask("pause")
    stage.on("2025-06-16")
    stage.edits(status="suspended")
    mark = stage.mark
    stage.runs()
    assert [fact.state for fact in facts(stage)] == [FactState.WAITING]
    assert (stage.logs(), stage.lines(), stage.sent_since(mark), stage.message) == ([], [], [], "")
    assert all(stage.commits_since(mark, t) == 0 for t in ("sk_changelog", "sk_subscription"))


def test_rule_6_what_waited_for_the_resume_is_done_with_its_original_date(stage, ask):
    ask("pause")
    stage.on("2025-06-16")
    stage.edits(status="suspended")
    stage.runs()
    stage.on(*LATER)
    assert ask("resume") == [{"was_paused": True}]
    stage.runs()
    assert stage.kinds() == [("deactivation", -10)]
    assert stage.log()["sk_effectiveon"] == "2025-06-16"
    assert stage.licence()["status"] == "suspended"
    told = stage.application.store.tx(lambda tx: tx.read_trail("seatkeeper"))
    assert [entry.event for entry in told if "sume" in entry.event or "aused" in entry.event] == [
        "paused",
        "resumed",
    ]


def test_rule_6_a_second_pause_keeps_the_first_instant(stage, ask):
    first = ask("pause")
    stage.on(*LATER)
    stage.runs()
    assert ask("pause") == first
    assert ask("resume") == [{"was_paused": True}]
    assert ask("resume") == [{"was_paused": False}]


def test_rule_6_no_invoice_is_issued_while_paused(stage, ask):
    ask("pause")
    with pytest.raises(RequestRefusedError, match="seatkeeper resume"):
        ask("invoice run", on="2025-07-01", contract=None)
    assert stage.invoices()["2025-07-01"]["sk_number"] is None


def test_rule_2_14_pausing_needs_no_service(stage, ask):
    stage.fails(service="dataverse", path=".", times=100, status=503)
    stage.application.engine.ports.crm._wire.service._last_date = None
    assert ask("pause")[0]["paused_since"]


# --- observe -----------------------------------------------------------------------------------


def test_rule_6_what_was_begun_in_mode_apply_rests_while_observing(stage):
    stage.on("2025-06-16")
    stage.edits(status="suspended")
    stage.fails(service="partner_center", method="PATCH", path=".", times=50, drop="before_commit")
    stage.runs()
    assert stage.application.store.tx(lambda tx: tx.open_operations(stage.subscription))
    stage.fails()
    stage.application.engine.observe = True
    stage.on("2025-06-17")
    mark = stage.mark
    stage.runs()
    assert stage.sent_since(mark) == []
    assert stage.commits_since(mark, "sk_changelog") == 0
    stage.application.engine.observe = False
    stage.runs()
    assert stage.licence()["status"] == "suspended"


def test_rule_6_what_was_seen_while_observing_is_planned_and_then_done(stage):
    engine = stage.application.engine
    engine.observe = True
    stage.on("2025-06-16")
    stage.edits(status="suspended")
    stage.runs()
    stage.runs()
    stage.on(*LATER)
    copy = replace(engine, ports=replace(engine.ports, store=engine.ports.store.copy()))
    (change,) = preview(copy)["changes"]
    assert (change["transition"], change["effective_on"]) == ("deactivate", "2025-06-16")
    assert stage.logs() == []
    engine.observe = False
    stage.runs()
    assert stage.log()["sk_effectiveon"] == "2025-06-16"


def test_rule_6_a_log_that_a_person_set_while_observing_is_taken_up_in_mode_apply(opened):
    stage = opened(provider=MANUAL)
    stage.edits(status="suspended")
    stage.runs()
    stage.application.engine.observe = True
    stage.writes(
        "sk_changelog", stage.log()["sk_changelogid"], {"sk_provisioningstatus": 126310002}
    )
    stage.runs()
    assert stage.log()["sk_provisionedon"] is None
    stage.application.engine.observe = False
    stage.runs()
    assert stage.log()["sk_provisionedon"] is not None


# --- scope -------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["accounts", "providers"])
def test_rule_6_outside_the_scope_a_change_is_seen_and_nothing_is_done(stage, by):
    limit(stage, **{by: ["somebody else"]})
    stage.on("2025-06-16")
    stage.edits(status="suspended")
    mark = stage.mark
    stage.runs()
    look_at_parked(stage.application.engine)
    stage.runs()
    assert [fact.state for fact in facts(stage)] == [FactState.WAITING]
    assert (stage.logs(), stage.lines(), stage.sent_since(mark), stage.message) == ([], [], [], "")
    assert stage.commits_since(mark, "sk_subscription") == 0
    assert stage.parked_codes() == ["out-of-scope"]


def test_rule_6_a_wider_scope_acts_on_what_waited(stage):
    limit(stage, accounts=["somebody else"])
    stage.on("2025-06-16")
    stage.edits(status="suspended")
    stage.runs()
    stage.on(*LATER)
    limit(stage, accounts=["somebody else", stage.account])
    stage.runs()
    assert stage.kinds() == [("deactivation", -10)]
    assert stage.log()["sk_effectiveon"] == "2025-06-16"
    assert stage.parked_codes() == []
    assert [one["code"] for one in trail(stage, "solved")] == ["out-of-scope"]


@pytest.mark.parametrize("named", NAMES)
def test_rule_6_the_scope_knows_accounts_and_providers_by_each_of_their_names(stage, named):
    accounts = {"account": stage.account.upper(), "tenant": stage.tenant}
    providers = {
        "provider id": next(iter(stage.providers.values())),
        "provider name": "partner center",
        "connection": "partner-center",
    }
    limit(
        stage,
        accounts=[accounts[named]] if named in accounts else [],
        providers=[providers[named]] if named in providers else [],
    )
    stage.edits(status="suspended")
    stage.runs()
    assert stage.kinds() == [("deactivation", -10)]


def test_rule_6_outside_the_scope_an_earlier_cause_stays_the_cause(stage):
    stage.edits(sk_quantity=0)
    stage.runs()
    before, told = stage.parked(), stage.message
    limit(stage, accounts=["somebody else"])
    stage.runs()
    assert (stage.parked().code, stage.parked().reason) == (before.code, before.reason)
    assert stage.message == told
    limit(stage)
    stage.edits(sk_quantity=10)
    stage.runs()
    assert (stage.parked_codes(), stage.message) == ([], "")


def test_rule_6_a_subscription_outside_the_scope_on_which_nothing_waits_is_not_set_aside(stage):
    stage.edits(status="suspended")
    stage.runs()
    limit(stage, accounts=["somebody else"])
    log = stage.log()["sk_changelogid"]
    stage.writes("sk_changelog", log, {"sk_provisioningstatus": 126310001})
    stage.runs()
    assert stage.parked_codes() == []


def test_rule_6_a_malformed_row_is_not_written_to_while_the_scope_is_limited(opened, tmp_path):
    folder = Path(copytree(shipped(), tmp_path / "mappings"))
    file = folder / "subscription.yaml"
    file.write_text(file.read_text().replace("expired: [1, 126310002]", "expired: [1, 126310009]"))
    stage = opened(mappings=folder)
    limit(stage, accounts=[stage.account])
    stage.edits(status="expired")
    mark = stage.mark
    stage.runs()
    assert stage.parked_codes() == ["row-malformed"]
    assert stage.commits_since(mark, "sk_subscription") == 0


def test_rule_6_a_contract_outside_the_scope_is_not_invoiced(stage):
    limit(stage, accounts=["somebody else"])
    stage.on("2025-07-01")
    assert stage.invoices_on("2025-07-01") == []
    assert stage.parked(stage.contract).code == "out-of-scope"
    limit(stage)
    assert [one.contract_id for one in stage.invoices_on("2025-07-01")] == [stage.contract]
    assert stage.parked(stage.contract) is None
    assert [one["code"] for one in trail(stage, "solved", stage.contract)] == ["out-of-scope"]


# --- revert ------------------------------------------------------------------------------------


@pytest.fixture
def deactivated(stage):
    stage.on("2025-06-16")
    stage.edits(status="suspended")
    stage.runs()
    return stage


def test_rule_6_a_revert_is_a_new_change_that_is_settled_as_usual(deactivated, ask):
    stage = deactivated
    ((done),) = ask("revert", change=stage.log()["sk_changekey"])
    assert (done["status"], done["quantity"], done["sent"]) == ("active", 10, True)
    assert stage.now_row["statuscode"] == STATUS["active"]["statuscode"]
    assert stage.kinds() == [("deactivation", -10)]
    stage.runs()
    assert stage.kinds() == [("deactivation", -10), ("activation", 10)]
    assert stage.amounts() == cash("-58.33", "58.33")
    assert stage.licence()["status"] == "active"
    stage.runs()
    assert len(stage.logs()) == 2


def test_rule_6_a_revert_without_audit_is_seen_as_well(opened):
    stage = opened(audit=False)
    stage.edits(sk_quantity=12)
    stage.runs()
    asking(stage)("revert", change=stage.log()["sk_changelogid"])
    stage.runs()
    assert stage.kinds() == [("quantity change", 2), ("quantity change", -2)]
    assert stage.licence()["quantity"] == 10


def test_rule_6_a_revert_of_a_revert_leads_back(deactivated, ask):
    stage = deactivated
    ask("revert", change=stage.log()["sk_changekey"])
    stage.runs()
    ask("revert", change=stage.log()["sk_changekey"])
    stage.runs()
    assert [kind_of(log) for log in stage.logs()] == ["deactivation", "activation", "deactivation"]
    assert stage.licence()["status"] == "suspended"


def refusal(ask, verb, **argument):
    with pytest.raises(RequestRefusedError) as refused:
        ask(verb, **argument)
    return str(refused.value)


def test_rule_6_only_the_newest_change_can_be_reverted(deactivated, ask):
    stage = deactivated
    first = stage.log()["sk_changekey"]
    stage.edits(status="active")
    stage.runs()
    mark = stage.mark
    assert f"that is {stage.log()['sk_changekey']}" in refusal(ask, "revert", change=first)
    assert stage.commits_since(mark, "sk_subscription") == 0


def test_rule_6_a_row_that_moved_on_is_not_reverted(deactivated, ask):
    stage = deactivated
    stage.edits(status="active")
    mark = stage.mark
    told = refusal(ask, "revert", change=stage.log()["sk_changekey"])
    assert "the row has changed since: it says active, 10 seats" in told
    assert stage.commits_since(mark, "sk_subscription") == 0


def test_rule_6_a_revert_carries_the_version_that_was_read(deactivated, ask):
    stage = deactivated
    engine = stage.application.engine
    write = engine.ports.crm.write_sets

    def meanwhile(sets):
        stage.edits(sk_name="Changed in between")
        return write(sets)

    engine.ports.crm.write_sets = meanwhile
    told = refusal(ask, "revert", change=stage.log()["sk_changekey"])
    del engine.ports.crm.write_sets
    assert "the row changed meanwhile" in told
    assert stage.now_row["statuscode"] == STATUS["suspended"]["statuscode"]
    assert len(trail(stage, "not done")) == 1
    stage.runs()
    assert stage.kinds() == [("deactivation", -10)]


def test_rule_3_a_way_back_that_the_lifecycle_refuses_is_not_reverted(stage, ask):
    stage.edits(status="cancelled")
    stage.runs()
    told = refusal(ask, "revert", change=stage.log()["sk_changekey"])
    assert "A cancelled subscription cannot be used again" in told


def test_rule_6_a_new_row_cannot_be_reverted(stage, ask):
    fresh = stage.subscribes(sk_quantity=4)
    stage.runs()
    told = refusal(ask, "revert", change=stage.logs(fresh)[0]["sk_changekey"])
    assert "the state before that change is not known" in told


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda stage: stage.edits(sk_hold=True), "on hold"),
        (lambda stage: limit(stage, accounts=["x"]), "not in the scope"),
        (lambda stage: setattr(stage.application.engine, "observe", True), "mode is observe"),
    ],
    ids=["on hold", "out of scope", "observing"],
)
def test_rule_6_what_may_not_be_touched_is_not_reverted(deactivated, ask, make, told):
    make(deactivated)
    mark = deactivated.mark
    assert told in refusal(ask, "revert", change=deactivated.log()["sk_changekey"])
    assert deactivated.commits_since(mark, "sk_subscription") == 0


def test_rule_6_a_change_nobody_knows_is_not_reverted(ask):
    assert "no change nonsense is known" in refusal(ask, "revert", change="nonsense")


def test_rule_6_a_revert_while_paused_is_sent_after_the_resume(deactivated, ask):
    stage = deactivated
    ask("pause")
    assert ask("revert", change=stage.log()["sk_changekey"])[0]["sent"] is False
    stage.runs()
    assert stage.now_row["statuscode"] == STATUS["suspended"]["statuscode"]
    ask("resume")
    stage.runs()
    stage.runs()
    assert stage.kinds() == [("deactivation", -10), ("activation", 10)]


def test_rule_2_8_a_revert_whose_answer_was_lost_is_read_back_and_made_once(deactivated, ask):
    stage = deactivated
    rule = {"service": "dataverse", "method": "POST", "path": r"\$batch"}
    stage.fails(**rule, times=1, drop="after_commit")
    ask("revert", change=stage.log()["sk_changekey"])
    stage.fails()
    stage.runs()
    stage.runs()
    assert stage.kinds() == [("deactivation", -10), ("activation", 10)]


# --- resync ------------------------------------------------------------------------------------


def test_rule_1_1_a_resync_reads_everything_and_changes_nothing_that_is_equal(deactivated, ask):
    stage = deactivated
    before = facts(stage)
    ask("resync")
    mark = stage.mark
    stage.runs()
    tables = ("sk_subscription", "sk_changelog", "sk_invoiceline")
    assert [stage.commits_since(mark, table) for table in tables] == [0, 0, 0]
    assert facts(stage) == before
    assert any(" GET " in one and "sk_subscriptions" in one for one in stage.requests_since(mark))


def test_rule_1_1_a_resync_finds_what_the_delta_link_did_not_bring(stage, ask):
    engine = stage.application.engine
    pages = engine.ports.crm.pages
    engine.ports.crm.pages = lambda *_: iter(())
    stage.edits(status="suspended")
    run_cycle(engine)
    engine.ports.crm.pages = pages
    ask("resync")
    stage.runs()
    assert stage.kinds() == [("deactivation", -10)]


# --- parked ------------------------------------------------------------------------------------


def failing(stage):
    """Have the provider refuse the suspend of the stage's subscription."""
    stage.fails(service="partner_center", method="PATCH", status=400)
    stage.edits(status="suspended")
    stage.runs()
    stage.fails()


def test_rule_2_9_again_sets_the_failed_log_back_and_the_provider_is_asked(stage, ask):
    failing(stage)
    assert (outcome_of(stage.log()), stage.parked().code) == ("failed", "provisioning-failed")
    stage.runs()
    assert stage.licence()["status"] == "active"
    (done,) = ask("parked resolve", subject=stage.subscription, choice="again")
    assert "Awaiting Provisioning" in done["said"]
    assert outcome_of(stage.log()) == "awaiting"
    run_cycle(stage.application.engine)
    assert stage.licence()["status"] == "suspended"
    assert (outcome_of(stage.log()), stage.parked()) == ("provisioned", None)
    assert len(trail(stage, "solved")) == 1


def test_rule_2_9_a_failure_that_only_a_person_can_mend_needs_the_choice(stage, ask):
    failing(stage)
    told = refusal(ask, "parked resolve", subject=stage.subscription, choice="look")
    assert f"`seatkeeper parked resolve {stage.subscription} --again`" in told
    assert trail(stage, "said to be mended") == []


@pytest.mark.parametrize("choice", ["again", "forget"])
def test_a_cause_that_only_mending_helps_is_neither_forgotten_nor_sent_again(stage, ask, choice):
    stage.edits(status="suspended", sk_billingcontractid=None)
    stage.runs()
    told = refusal(ask, "parked resolve", subject=stage.subscription, choice=choice)
    assert "contract-missing cannot be resolved in this way" in told
    assert "Choose its billing contract" in told
    assert [fact.state for fact in facts(stage)] == [FactState.WAITING]


def test_a_cause_that_was_mended_is_solved_and_one_that_was_not_stays(stage, ask):
    stage.edits(status="suspended", sk_billingcontractid=None)
    stage.runs()
    ask("parked resolve", subject=stage.subscription, choice="look")
    assert stage.application.store.tx(lambda tx: tx.wakes(stage.subscription))
    stage.runs()
    assert stage.parked_codes() == ["contract-missing"]
    stage.edits(sk_billingcontractid=stage.contract)
    ask("parked resolve", subject=stage.subscription, choice="look")
    stage.runs()
    assert stage.parked_codes() == []
    assert len(trail(stage, "said to be mended")) == 2
    assert [one["code"] for one in trail(stage, "solved")] == ["contract-missing"]


@pytest.fixture
def deleted(stage):
    """Delete a row whose change was not applied yet."""
    stage.edits(status="suspended", sk_billingcontractid=None)
    stage.runs()
    stage.deletes("sk_subscription", stage.subscription)
    stage.runs()
    return stage


def test_a_deleted_row_is_forgotten_only_when_a_person_says_so(deleted, ask):
    stage = deleted
    assert stage.parked_codes() == ["row-deleted"]
    refusal(ask, "parked resolve", subject=stage.subscription, choice="look")
    stage.runs()
    assert stage.parked_codes() == ["row-deleted"]
    ask("parked resolve", subject=stage.subscription, choice="forget")
    assert stage.parked_codes() == []
    assert [fact.state for fact in facts(stage)] == [FactState.FORGOTTEN]
    (told,) = trail(stage, "resolved")
    assert (told["code"], told["changes"]) == ("row-deleted", "1")
    stage.runs()
    assert stage.parked_codes() == []


def test_a_row_that_is_deleted_while_parked_is_told_once(deleted):
    for _ in range(3):
        deleted.runs()
    assert len(trail(deleted, "row deleted")) == 1
    assert [one["code"] for one in trail(deleted, "parked")] == ["contract-missing", "row-deleted"]


def test_a_parked_row_without_a_waiting_change_that_is_deleted_can_be_forgotten(stage, ask):
    failing(stage)
    stage.deletes("sk_subscription", stage.subscription)
    stage.runs()
    assert stage.parked_codes() == ["row-deleted"]
    ask("parked resolve", subject=stage.subscription, choice="forget")
    assert stage.parked_codes() == []


def test_a_write_that_is_unclear_is_not_forgotten(deleted, ask):
    def unclear(tx):
        (one,) = tx.operations(deleted.subscription)[-1:]
        tx.put_operation(replace(one, state=OperationState.SENT))

    deleted.application.store.tx(unclear)
    told = refusal(ask, "parked resolve", subject=deleted.subscription, choice="forget")
    assert "verified first" in told
    assert deleted.parked_codes() == ["row-deleted"]


def test_a_parked_contract_is_no_subscription_and_may_be_forgotten(stage, ask):
    stage.writes("sk_billingcontract", stage.contract, {"sk_currencycode": "XXQ"})
    stage.invoices_on("2025-07-01")
    assert stage.parked(stage.contract).code == "currency-unknown"
    assert look_at_parked(stage.application.engine) == 0
    stage.runs()
    assert trail(stage, "row deleted", stage.contract) == []
    ask("parked resolve", subject=stage.contract, choice="forget")
    assert stage.parked(stage.contract) is None
    assert len(trail(stage, "resolved", stage.contract)) == 1
    stage.invoices_on("2025-07-01")
    stage.writes("sk_billingcontract", stage.contract, {"sk_currencycode": "USD"})
    assert stage.invoices_on("2025-07-01")
    assert len(trail(stage, "solved", stage.contract)) == 1


def test_retry_of_one_subject_looks_at_that_one_alone(stage, ask):
    stage.edits(status="suspended", sk_billingcontractid=None)
    stage.sound = stage.subscribes(sk_billingcontractid=None)
    stage.runs()
    assert stage.parked_codes() == ["contract-missing"] * 2
    assert ask("parked retry", subject=stage.subscription) == [{"looked_at": 1}]
    woken = stage.application.store.tx(
        lambda tx: [one for one in (stage.subscription, stage.sound) if tx.wakes(one)]
    )
    assert woken == [stage.subscription]
    assert "is parked for another look" in refusal(ask, "parked retry", subject="nobody")
    assert ask("parked retry", subject=None) == [{"looked_at": 2}]


def test_what_is_not_parked_cannot_be_resolved(stage, ask):
    told = refusal(ask, "parked resolve", subject=stage.subscription, choice="look")
    assert told == f"{stage.subscription} is not parked"
