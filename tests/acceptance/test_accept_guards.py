"""Guards as an operator meets them: exit 3, a plan to look at, and `apply` (rules.md 6)."""

import json

from tests.acceptance.installed import running_daemon, wait_for

FEW = {"SEATKEEPER__GUARDS__MAX_CHANGES": "2"}


def _active(sandbox, number):
    found = sandbox.rows("sk_subscriptions", "statuscode eq 1&$orderby=sk_name&$top=20")
    return [row["sk_subscriptionid"] for row in found[:number]]


def _saved_plan(sandbox, path):
    code, plan = sandbox.document("plan", extra=FEW)
    assert code == 2
    path.write_text(json.dumps(plan), encoding="utf-8")
    return plan


def test_rule_6_a_tripped_guard_ends_with_3_and_apply_lets_exactly_that_plan_through(
    own_sandbox, tmp_path
):
    sandbox = own_sandbox
    assert sandbox.run("run", "--once").returncode in {0, 4}
    chosen = _active(sandbox, 4)
    for subscription in chosen[:3]:
        sandbox.deactivate(subscription)
    mark = sandbox.last()

    stopped = sandbox.run("run", "--once", extra=FEW)
    assert stopped.returncode == 3
    assert "guards.max_changes allows 2" in stopped.stderr
    assert sandbox.run("status").returncode == 3
    assert sandbox.commits(mark) == []

    plan = _saved_plan(sandbox, tmp_path / "plan.json")
    assert {change["subscription"] for change in plan["changes"]} >= set(chosen[:3])
    assert [alarm["code"] for alarm in plan["guards"]] == ["too-many-changes"]
    sandbox.deactivate(chosen[3])
    moved = sandbox.run("apply", "--plan", tmp_path / "plan.json", extra=FEW)
    assert moved.returncode == 1
    assert chosen[3] in moved.stderr

    _saved_plan(sandbox, tmp_path / "plan.json")
    done = sandbox.run("apply", "--plan", tmp_path / "plan.json", extra=FEW)
    assert done.returncode in {0, 4}, done.stderr
    assert all(len(sandbox.logs(subscription)) == 1 for subscription in chosen)
    assert sandbox.document("status")[1]["guard"] is None


def test_rule_2_14_a_running_daemon_takes_an_accepted_plan(own_sandbox, tmp_path):
    sandbox = own_sandbox
    assert sandbox.run("run", "--once").returncode in {0, 4}
    chosen = _active(sandbox, 3)
    with running_daemon(sandbox, tmp_path / "log", extra=FEW) as daemon:
        for subscription in chosen:
            sandbox.deactivate(subscription)
        wait_for(lambda: daemon.said("guard tripped"))
        _saved_plan(sandbox, tmp_path / "plan.json")
        done = sandbox.run("apply", "--plan", tmp_path / "plan.json", extra=FEW)
        assert done.returncode == 0, done.stderr
        wait_for(lambda: all(sandbox.logs(subscription) for subscription in chosen))
        assert sandbox.document("status")[1]["guard"] is None


def test_what_is_no_plan_is_refused_in_one_sentence(sandbox, tmp_path):
    wrong = tmp_path / "plan.json"
    wrong.write_text("{}", encoding="utf-8")
    done = sandbox.run("apply", "--plan", wrong)
    assert done.returncode == 1
    assert done.stderr.startswith("Not done: this is no plan of schema 1.")
    assert sandbox.run("apply", "--plan", tmp_path / "none.json").returncode == 64
