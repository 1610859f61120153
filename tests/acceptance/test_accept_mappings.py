"""Mappings as an admin meets them: checked, tested, and changed under a running daemon."""

import json
import shutil
import signal

import pytest

from seatkeeper.mapping_folder import shipped
from tests.acceptance.installed import running_daemon, seatkeeper, wait_for


@pytest.fixture
def mine(tmp_path):
    return shutil.copytree(shipped(), tmp_path / "own-mappings")


@pytest.fixture
def ours(mine):
    return {"SEATKEEPER__MAPPINGS": str(mine), "SEATKEEPER__POLL_SECONDS": "1"}


def rewrite(mine, file, old, new):
    path = mine / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def an_active_one(sandbox):
    found = sandbox.rows("sk_subscriptions", "statuscode eq 1&$orderby=sk_name&$top=1")
    return found[0]["sk_subscriptionid"]


def test_mappings_that_fit_are_said_to_and_those_that_do_not_are_told_with_file_and_line(
    sandbox, mine
):
    fits = sandbox.run("mapping", "validate", "--live", "--mappings", mine)
    assert fits.returncode == 0, fits.stderr
    assert "They fit the 7 tables" in fits.stdout
    rewrite(mine, "provider.yaml", "dataverse: sk_connector", "dataverse: sk_conector")
    wrong = sandbox.run("mapping", "validate", "--live", "--mappings", mine)
    assert wrong.returncode == 78
    lines = (mine / "provider.yaml").read_text(encoding="utf-8").splitlines()
    [line] = [number for number, text in enumerate(lines, 1) if "sk_conector" in text]
    place = f"{mine / 'provider.yaml'}:{line}: fields.connector.dataverse"
    assert f"{place}: column sk_conector (field connector) does not exist." in wrong.stderr


def test_a_test_in_the_files_that_does_not_hold_ends_with_1(sandbox, mine):
    assert sandbox.run("mapping", "test", extra={"SEATKEEPER__MAPPINGS": str(mine)}).returncode == 0
    rewrite(mine, "invoice.yaml", "expect: {status: void", "expect: {status: paid")
    done = sandbox.run("mapping", "test", extra={"SEATKEEPER__MAPPINGS": str(mine)})
    assert done.returncode == 1
    assert "status is void, not paid" in done.stderr


@pytest.mark.parametrize("of", ["entity", "lifecycle"])
def test_the_schema_is_printed_as_it_is_shipped(tmp_path, of):
    printed = seatkeeper("mapping", "schema", of, folder=tmp_path)
    assert printed.returncode == 0, printed.stderr
    assert printed.stdout == (shipped() / f"{of}.schema.json").read_text(encoding="utf-8")


def test_rule_6_a_running_daemon_takes_changed_mappings_on_sighup_and_sends_nothing_unseen(
    own_sandbox, tmp_path, mine, ours
):
    sandbox = own_sandbox
    with running_daemon(sandbox, tmp_path / "log", extra=ours) as daemon:
        wait_for(lambda: daemon.said("adopted"))
        rewrite(mine, "lifecycle.yaml", "from: cancelled", "form: cancelled")
        daemon.process.send_signal(signal.SIGHUP)
        [refused] = wait_for(lambda: daemon.said("mappings refused"))
        assert "lifecycle.yaml:" in refused["reason"]
        assert "Did you mean 'from'?" in refused["reason"]
        first = an_active_one(sandbox)
        sandbox.deactivate(first)
        wait_for(lambda: sandbox.logs(first))

        rewrite(mine, "lifecycle.yaml", "form: cancelled", "from: cancelled")
        rewrite(mine, "lifecycle.yaml", "{name: deactivate,", "{name: switch-off,")
        daemon.process.send_signal(signal.SIGHUP)
        wait_for(lambda: daemon.said("mappings changed"))
        second = an_active_one(sandbox)
        sandbox.deactivate(second)
        wait_for(lambda: daemon.said("guard tripped"))
        code, plan = sandbox.document("plan", extra=ours)
        assert [alarm["code"] for alarm in plan["guards"]] == ["mappings-changed"]
        [change] = [one for one in plan["changes"] if one["subscription"] == second]
        assert (code, change["transition"]) == (2, "switch-off")
        assert sandbox.logs(second) == []

        (tmp_path / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
        done = sandbox.run("apply", "--plan", tmp_path / "plan.json", extra=ours)
        assert done.returncode == 0, done.stderr
        wait_for(lambda: sandbox.logs(second))
        assert daemon.end()[0] == 0


def test_rule_6_run_watch_sees_a_changed_file_by_itself(own_sandbox, tmp_path, mine, ours):
    sandbox = own_sandbox
    log = tmp_path / "log"
    with running_daemon(sandbox, log, extra=ours, arguments=["--watch"]) as daemon:
        wait_for(lambda: daemon.said("adopted"))
        rewrite(mine, "lifecycle.yaml", "{name: deactivate,", "{name: switch-off,")
        wait_for(lambda: daemon.said("mappings changed"))
        wait_for(lambda: daemon.said("guard tripped"))
        rewrite(mine, "lifecycle.yaml", "{name: switch-off,", "{name: deactivate,")
        wait_for(lambda: daemon.said("guard cleared"))
        assert not daemon.said("mappings refused")
        assert daemon.end()[0] == 0
