"""What a person does at the terminal, alone and with a running daemon (rules.md 2.14 and 6)."""

import pytest

from sandbox.scenarios.identity import HERO_AUTOMATIC, HERO_AUTOMATIC_AT_PROVIDER, HERO_MANUAL
from tests.acceptance.installed import running_daemon, wait_for

ROW = f"sk_subscriptions({HERO_MANUAL})"


@pytest.fixture
def apart(sandbox, tmp_path):
    """Give a test a state of its own, seconds after what another test changed."""
    sandbox.control("clock", {"advance_seconds": 5})
    return {"SEATKEEPER__STATE": f"sqlite:///{tmp_path}/state.db"}


def kinds(sandbox, subscription=HERO_MANUAL):
    logs = sorted(sandbox.logs(subscription), key=lambda log: log["sk_sequence"] or 0)
    return [log["sk_kind"] - 126310000 for log in logs]


def state(sandbox, subscription=HERO_MANUAL):
    return sandbox.crm("GET", f"sk_subscriptions({subscription})")["statuscode"]


def look_at_the_trail(sandbox, apart, key):
    code, trail = sandbox.document("log", extra=apart)
    events = [entry["event"] for entry in trail]
    assert code == 0
    assert [one for one in events if one in {"paused", "resumed", "resync"}] == [
        "paused",
        "resumed",
        "resync",
    ]
    code, mine = sandbox.document("log", "--subject", key, extra=apart)
    assert {entry["subject"] for entry in mine} == {HERO_MANUAL}
    # Another test may have changed the row before: adoption then decides that first.
    decided = [one for one in mine if one["event"] == "decided"][-2:]
    assert [key in str(one) for one in decided] == [True, False]
    assert [HERO_MANUAL in str(one) for one in decided] == [True, True]
    assert sandbox.document("log", "--since", "2040-01-01", extra=apart) == (0, [])
    assert (
        f"{HERO_MANUAL} decided  change: {key}"
        in sandbox.run("log", "--subject", HERO_MANUAL, extra=apart).stdout
    )
    assert sandbox.run("log", "--subject", "nonsense", extra=apart).returncode == 1


def test_rule_6_pause_resume_revert_resync_and_log_at_the_terminal(sandbox, apart):
    def run(*words):
        return sandbox.run(*words, extra=apart)

    assert run("run", "--once").returncode == 0
    before = kinds(sandbox)
    assert run("pause").returncode == 0
    sandbox.deactivate(HERO_MANUAL)
    paused = run("run", "--once")
    assert paused.returncode == 75
    assert "nothing is sent until `seatkeeper resume`" in paused.stderr
    assert sandbox.document("status", extra=apart)[1]["paused_since"]
    assert "it waits until `seatkeeper resume`" in run("plan").stdout
    assert kinds(sandbox) == before
    assert run("resume").stdout == "It goes on.\n"
    assert run("run", "--once").returncode == 0
    assert kinds(sandbox) == [*before, 2]

    key = max(sandbox.logs(HERO_MANUAL), key=lambda log: log["sk_sequence"] or 0)["sk_changekey"]
    code, reverted = sandbox.document("revert", key, extra=apart)
    assert (code, reverted["status"], state(sandbox)) == (0, "active", 1)
    again = run("revert", key)
    assert (again.returncode, again.stderr.startswith("Not done: the row has changed")) == (1, True)
    assert run("run", "--once").returncode == 0
    assert kinds(sandbox) == [*before, 2, 3]

    assert run("resync").returncode == 0
    mark = sandbox.last()
    assert run("run", "--once").returncode == 0
    assert sandbox.commits(mark) == []

    look_at_the_trail(sandbox, apart, key)


def test_rule_2_14_a_running_daemon_does_what_a_person_asks(sandbox, tmp_path, apart):
    slow = apart | {"SEATKEEPER__POLL_SECONDS": "600"}
    assert sandbox.run("run", "--once", extra=apart).returncode == 0
    before = kinds(sandbox)
    log = tmp_path / "log"
    with running_daemon(sandbox, log, extra=slow) as daemon:
        wait_for(lambda: daemon.said("started"))
        assert sandbox.run("pause", extra=slow).returncode == 0
        sandbox.deactivate(HERO_MANUAL)
        assert sandbox.run("resync", extra=slow).returncode == 0
        wait_for(lambda: sandbox.document("status", extra=slow)[1]["waiting"] == 1)
        assert kinds(sandbox) == before
        assert sandbox.run("resume", extra=slow).returncode == 0
        wait_for(lambda: kinds(sandbox) == [*before, 2])
        key = max(sandbox.logs(HERO_MANUAL), key=lambda one: one["sk_sequence"] or 0)
        wait_for(lambda: sandbox.document("status", extra=slow)[1]["open_operations"] == 0)
        assert sandbox.run("revert", key["sk_changekey"], extra=slow).returncode == 0
        wait_for(lambda: kinds(sandbox) == [*before, 2, 3])
        refused = sandbox.run("parked", "retry", HERO_MANUAL, extra=slow)
        assert (refused.returncode, "is parked for another look" in refused.stderr) == (1, True)
        assert daemon.end()[0] == 0


def test_what_the_provider_refused_is_shown_and_sent_again_at_the_terminal(sandbox, apart):
    rule = {"service": "partner_center", "method": "PATCH", "path": ".", "times": 99, "status": 400}
    assert sandbox.run("run", "--once", extra=apart).returncode == 0
    sandbox.control("faults", {"rules": [rule]})
    sandbox.deactivate(HERO_AUTOMATIC)
    assert sandbox.run("run", "--once", extra=apart).returncode == 4
    sandbox.control("faults", {"rules": []})
    shown = sandbox.run("parked", "show", HERO_AUTOMATIC, extra=apart)
    assert shown.returncode == 4
    assert f"`seatkeeper parked resolve {HERO_AUTOMATIC} --again`" in shown.stdout
    code, dossier = sandbox.document("parked", "show", HERO_AUTOMATIC, extra=apart)
    assert (code, dossier["parked"]["code"]) == (4, "provisioning-failed")
    assert {one["name"]: one["status"] for one in dossier["sides"]}["Dynamics, now"] == "suspended"
    assert sandbox.run("parked", "show", HERO_MANUAL, extra=apart).returncode == 1
    assert sandbox.run("parked", "resolve", HERO_AUTOMATIC, extra=apart).returncode == 1
    both = sandbox.run("parked", "resolve", HERO_AUTOMATIC, "--again", "--forget", extra=apart)
    assert both.returncode == 64
    done = sandbox.run("parked", "resolve", HERO_AUTOMATIC, "--again", extra=apart)
    assert (done.returncode, "the provider is asked" in done.stdout) == (0, True)
    path = f"partner-center/subscriptions/{HERO_AUTOMATIC_AT_PROVIDER}"
    assert sandbox.control(path)["status"] == "suspended"


def test_rule_6_outside_the_scope_the_status_counts_what_waits_and_nothing_is_parked(
    sandbox, apart
):
    narrow = apart | {"SEATKEEPER__SCOPE": "{accounts: [nobody]}"}
    assert sandbox.run("run", "--once", extra=narrow).returncode == 0
    already = sandbox.document("status", extra=narrow)[1]["waiting"]
    seats = sandbox.crm("GET", ROW)["sk_quantity"]
    sandbox.crm("PATCH", ROW, {"sk_quantity": seats + 1})
    mark, before = sandbox.last(), kinds(sandbox)
    assert sandbox.run("run", "--once", extra=narrow).returncode == 0
    code, status = sandbox.document("status", extra=narrow)
    assert (code, status["parked"], status["out_of_scope"]) == (0, 0, 1)
    assert status["waiting"] == already + 1
    assert sandbox.run("parked", "list", extra=narrow).stdout == "Nothing is parked.\n"
    assert "not in the scope" in sandbox.run("plan", extra=narrow).stdout
    assert sandbox.commits(mark) == []
    assert sandbox.run("run", "--once", extra=apart).returncode == 0
    assert kinds(sandbox) == [*before, 1]
    sandbox.crm("PATCH", ROW, {"sk_quantity": seats})
    assert sandbox.run("run", "--once", extra=apart).returncode == 0


def test_rule_6_a_plan_made_while_observing_says_that_nothing_of_it_is_done(sandbox, apart):
    observing = apart | {"SEATKEEPER__MODE": "observe"}
    assert sandbox.run("run", "--once", extra=observing).returncode == 0
    seats = sandbox.crm("GET", ROW)["sk_quantity"]
    sandbox.crm("PATCH", ROW, {"sk_quantity": seats + 1})
    assert sandbox.run("run", "--once", extra=observing).returncode == 0
    plan = sandbox.run("plan", extra=observing)
    assert (plan.returncode, "change-quantity" in plan.stdout) == (2, True)
    assert "mode is observe: nothing of this is done" in plan.stdout
    assert sandbox.run("run", "--once", extra=apart).returncode == 0
    sandbox.crm("PATCH", ROW, {"sk_quantity": seats})
    assert sandbox.run("run", "--once", extra=apart).returncode == 0
