"""A deactivation by an outside client, from the plan to the explanation, by the command alone."""

import json
from types import SimpleNamespace

import pytest

from sandbox.scenarios.identity import HERO_AUTOMATIC, HERO_AUTOMATIC_AT_PROVIDER

READY = {
    "dataverse_url",
    "partner_center_url",
    "authority",
    "tenant_id",
    "client_id",
    "client_secret",
    "ca_file",
    "config_file",
    "pid",
}
CHANGE = {
    "consequences",
    "key",
    "subscription",
    "transition",
    "effective_on",
    "origin",
    "reason",
    "refused",
    "sides",
    "operations",
    "lines",
}

NO_INVOICES = {"SEATKEEPER__MONEY__AUTOMATIC_INVOICES": "false"}
"""The invoices' own round is not part of a plan: its writes would stand beside those planned."""


@pytest.fixture(scope="module")
def played(sandbox):
    """Play it once; every command's result is kept."""
    seen = SimpleNamespace(sandbox=sandbox)
    seen.adopt_from = sandbox.last()
    seen.first = sandbox.start("run", "--once")
    seen.adopted = sandbox.commits(seen.adopt_from)
    seen.idle = sandbox.run("plan")
    sandbox.deactivate(HERO_AUTOMATIC, sk_refundchoice=126310001)
    mark, state = sandbox.last(), sandbox.state_files()
    seen.plans = [sandbox.document("plan") for _ in range(2)]
    seen.plan_text = sandbox.start("plan")
    seen.planned_writes = sandbox.commits(mark)
    seen.state_before, seen.state_after = state, sandbox.state_files()
    seen.run = sandbox.start("run", "--once", extra=NO_INVOICES)
    seen.writes = sandbox.commits(mark)
    seen.second_from = sandbox.last()
    seen.again = sandbox.run("run", "--once", extra=NO_INVOICES)
    seen.second_writes = sandbox.commits(seen.second_from)
    seen.settled_plan = sandbox.run("plan")
    seen.status = sandbox.document("status")
    seen.status_text = sandbox.run("status")
    (seen.log,) = sandbox.logs(HERO_AUTOMATIC)
    seen.lines = sandbox.rows(
        "sk_invoicelines", f"_sk_changelogid_value eq {seen.log['sk_changelogid']}"
    )
    seen.check = sandbox.document("check")
    return seen


def test_the_ready_file_holds_exactly_what_is_promised(sandbox):
    assert set(sandbox.ready) == READY
    assert sandbox.ready["dataverse_url"] == sandbox.ready["partner_center_url"]


def test_rule_1_1_the_first_run_adopts_and_writes_nothing(played):
    assert played.first.returncode == 0, played.first.stderr
    assert played.adopted == []


def test_a_plan_without_a_change_ends_with_0(played):
    assert (played.idle.returncode, played.idle.stdout.strip()) == (0, "Nothing to do.")


def test_a_plan_with_a_change_ends_with_2_and_has_exactly_the_documented_keys(played):
    code, plan = played.plans[0]
    assert code == 2
    assert set(plan) == {"schema", "hash", "mapping_hash", "guards", "changes"}
    (change,) = plan["changes"]
    assert set(change) == CHANGE
    for operation in change["operations"]:
        assert set(operation) == {"id", "service", "action", "target", "body", "precondition"}


def test_a_plan_says_what_will_be_done_and_why(played):
    (change,) = played.plans[0][1]["changes"]
    assert change["subscription"] == HERO_AUTOMATIC
    assert (change["transition"], change["origin"]) == ("deactivate", "dynamics")
    assert change["refused"] is None
    assert [line["kind"] for line in change["lines"]] == ["refund"]
    assert {one["service"] for one in change["operations"]} == {"dataverse", "partner-center"}
    text = played.plan_text
    assert text.returncode == 2
    assert HERO_AUTOMATIC in text.stdout
    assert played.plans[0][1]["hash"] in text.stdout


def test_rule_2_14_a_plan_writes_nothing_anywhere(played):
    assert played.planned_writes == []
    assert played.state_after == played.state_before


def test_the_same_plan_twice_has_the_same_hash(played):
    assert played.plans[0] == played.plans[1]


def test_a_run_does_what_the_plan_said(played):
    assert played.run.returncode == 0, played.run.stderr
    (change,) = played.plans[0][1]["changes"]
    (line,) = played.lines
    assert str(line["sk_amount"]) == change["lines"][0]["amount"]
    assert line["sk_explanation"] == change["lines"][0]["explanation"]
    assert played.log["sk_changekey"] == change["key"]
    held = played.sandbox.control(f"partner-center/subscriptions/{HERO_AUTOMATIC_AT_PROVIDER}")
    assert (held["status"], held["autoRenewEnabled"]) == ("suspended", False)
    written = {one["id"] for one in played.writes if one["service"] == "dataverse"}
    planned = {
        one["target"].partition("(")[2].rstrip(")")
        for one in change["operations"]
        if one["service"] == "dataverse"
    }
    assert written == planned


def test_after_the_run_nothing_is_left_and_a_second_run_writes_nothing(played):
    assert played.again.returncode == 0
    assert played.second_writes == []
    assert (played.settled_plan.returncode, played.settled_plan.stdout.strip()) == (
        0,
        "Nothing to do.",
    )


def test_the_status_ends_with_0_and_counts_nothing_open(played):
    code, status = played.status
    assert code == 0
    assert (status["waiting"], status["open_operations"], status["parked"]) == (0, 0, 0)
    assert (status["mode"], status["subscriptions"]) == ("apply", 60)
    assert status["last_success"]
    assert played.status_text.returncode == 0
    assert status["organisation"] in played.status_text.stdout


@pytest.mark.parametrize("of", ["subscription", "log", "line", "key", "upper case"])
def test_a_change_is_explained_by_any_of_its_ids(played, of):
    ids = {
        "subscription": HERO_AUTOMATIC,
        "log": played.log["sk_changelogid"],
        "line": played.lines[0]["sk_invoicelineid"],
        "key": played.log["sk_changekey"],
        "upper case": HERO_AUTOMATIC.upper(),
    }
    code, story = played.sandbox.document("explain", ids[of])
    assert code == 0
    assert story["subject"] == HERO_AUTOMATIC
    assert story["accepted"].startswith("suspended, ")
    assert played.log["sk_changekey"] in [fact["key"] for fact in story["facts"]]
    assert {one["state"] for one in story["operations"]} == {"done"}


def test_an_id_that_is_not_known_is_said_to_be_so(played):
    done = played.sandbox.run("explain", "nonsense")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Nothing is known of nonsense" in done.stderr


def test_the_check_finds_nothing_wrong(played):
    code, results = played.check
    assert [one for one in results if not one["ok"]] == []
    assert code == 0


def test_no_secret_is_in_any_output_or_in_the_state(played):
    outputs = [played.first, played.idle, played.plan_text, played.run, played.again]
    outputs += [played.settled_plan, played.status_text]
    everything = [done.stdout + done.stderr for done in outputs]
    everything += [json.dumps([document for _, document in (*played.plans, played.status)])]
    everything += [blob.decode("latin-1") for blob in played.state_after.values()]
    everything += [blob.decode("latin-1") for blob in played.sandbox.state_files().values()]
    for text in everything:
        assert played.sandbox.ready["client_secret"] not in text
        assert "eyJ0" not in text
        assert "Bearer" not in text
