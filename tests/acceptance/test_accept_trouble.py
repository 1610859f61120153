"""Bad input and trouble: one sentence, the right exit code, nothing written."""

import pytest

from sandbox.scenarios.identity import HERO_MANUAL
from tests.acceptance.installed import seatkeeper
from tests.wiring.written import change, own_mappings

WRONG = {"SEATKEEPER__DATAVERSE__SIGN_IN__CLIENT_SECRET": "wrong-canary-5d1e"}
NOWHERE = {
    "SEATKEEPER__DATAVERSE__URL": "https://localhost:1",
    "SEATKEEPER__DATAVERSE__SIGN_IN__AUTHORITY": "https://localhost:1/tenant",
}


@pytest.fixture
def apart(sandbox, tmp_path):
    """Give a test a state of its own, seconds after what another test changed."""
    sandbox.control("clock", {"advance_seconds": 5})
    return {"SEATKEEPER__STATE": f"sqlite:///{tmp_path}/state.db"}


@pytest.mark.parametrize("verb", [("check",), ("run", "--once"), ("run",)])
def test_a_wrong_secret_ends_with_77_and_says_what_to_check(sandbox, apart, verb):
    done = sandbox.run(*verb, extra=apart | WRONG)
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == 77, said
    assert "AADSTS7000215" in said
    assert "secret" in said
    assert "Traceback" not in said
    assert "wrong-canary-5d1e" not in said
    assert sandbox.ready["client_secret"] not in said


def test_check_still_looks_at_the_provider_when_dataverse_refuses_the_sign_in(sandbox, apart):
    code, results = sandbox.document("check", extra=apart | WRONG)
    told = {one["what"]: one["ok"] for one in results if "sign-in" in one["what"]}
    assert code == 77
    assert told == {"Dataverse sign-in": False, "provider partner-center sign-in": True}


def test_check_finds_all_missing_columns_tables_and_options_at_once(sandbox, apart, tmp_path):
    mine = own_mappings(tmp_path)
    change(
        mine, "subscription.yaml", lambda d: d["fields"]["quantity"].update(dataverse="sk_seats")
    )
    change(mine, "provider.yaml", lambda d: d["dataverse"].update(table="sk_vendor"))
    change(mine, "contract.yaml", lambda d: d["dataverse"].update(set="sk_contracts"))
    change(
        mine, "customer.yaml", lambda d: d["fields"]["name"].update(dataverse="sk_customersince")
    )
    change(mine, "invoice.yaml", lambda d: d["fields"]["status"]["choices"].update(void=[1, 77]))
    change(mine, "change_log.yaml", lambda d: d["fields"]["message"].update(dataverse="createdon"))
    code, results = sandbox.document("check", extra=apart | {"SEATKEEPER__MAPPINGS": str(mine)})
    told = {one["what"]: one["told"] for one in results if not one["ok"]}
    assert code == 78
    assert told == {
        "table sk_subscription": "column sk_seats (field quantity) does not exist",
        "table sk_vendor": "does not exist; `seatkeeper schema install` makes it,"
        " or correct the name in mappings/",
        "table sk_billingcontract": "its entity set is sk_billingcontracts, not sk_contracts;"
        " correct mappings/contract.yaml",
        "table account": "column sk_customersince (field name) does not exist",
        "table sk_invoice": "column statuscode has no option 77 (status: void)",
        "table sk_changelog": "column createdon is DateTime, but message is mapped as text",
    }


def test_a_mapping_that_cannot_be_used_ends_with_78_before_anything_is_sent(
    sandbox, apart, tmp_path
):
    mine = own_mappings(tmp_path)
    change(mine, "lifecycle.yaml", lambda d: d["transitions"].pop())
    extra = apart | {"SEATKEEPER__MAPPINGS": str(mine)}
    before = sandbox.last()
    for verb in (("run", "--once"), ("mapping", "validate")):
        done = sandbox.run(*verb, extra=extra)
        assert done.returncode == 78
        assert "lifecycle.yaml:" in done.stderr
        assert "active -> expired is not named" in done.stderr
    assert sandbox.last() == before


def test_valid_mappings_are_said_to_be_valid(sandbox):
    done = sandbox.run("mapping", "validate")
    assert (done.returncode, done.stdout.startswith("The mappings are valid: 7 entities")) == (
        0,
        True,
    )


def test_a_broken_configuration_ends_with_78_file_line_and_field(tmp_path):
    (tmp_path / "config.yaml").write_text("mode: apply\nmoney: {a: 1\n", encoding="utf-8")
    done = seatkeeper("run", "--once", folder=tmp_path)
    assert done.returncode == 78
    assert "config.yaml:3: this is no valid YAML" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_configuration_the_missing_file_is_named(tmp_path):
    done = seatkeeper("status", folder=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (78, 2)
    assert "config.yaml: cannot be read: No such file or directory." in done.stderr


def test_a_slip_on_the_command_line_ends_with_64(tmp_path):
    done = seatkeeper("run", "--onse", folder=tmp_path)
    assert (done.returncode, "Traceback" in done.stderr) == (64, False)
    assert "--once" in done.stderr


@pytest.mark.parametrize("verb", [("plan",), ("run", "--once")])
def test_a_service_that_is_down_ends_with_75_and_one_sentence(sandbox, apart, verb):
    done = sandbox.run(*verb, extra=apart | NOWHERE)
    sentences = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert done.returncode == 75, done.stderr
    assert len(sentences) == 1
    assert sentences[0].startswith("A service cannot be reached: ")


def test_a_state_file_that_is_no_state_is_said_in_one_sentence(sandbox, tmp_path):
    path = tmp_path / "state.db"
    path.write_text("this is no database, but a text that somebody put here", encoding="utf-8")
    done = sandbox.run("status", extra={"SEATKEEPER__STATE": f"sqlite:///{path}"})
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("The state cannot be used: ")


def test_what_a_person_must_decide_is_parked_with_4_until_it_is_put_right(sandbox, apart):
    assert sandbox.run("run", "--once", extra=apart).returncode == 0
    row = f"sk_subscriptions({HERO_MANUAL})"
    seats = sandbox.crm("GET", row)["sk_quantity"]
    sandbox.crm("PATCH", row, {"sk_quantity": 0})
    assert sandbox.run("run", "--once", extra=apart).returncode == 4
    code, status = sandbox.document("status", extra=apart)
    assert (code, [one["subject"] for one in status["parked_subjects"]]) == (4, [HERO_MANUAL])
    code, parked = sandbox.document("parked", "list", extra=apart)
    assert code == 4
    assert "Use Deactivate" in parked[0]["reason"] + parked[0]["advice"]
    assert "Use Deactivate" in sandbox.crm("GET", row)["sk_syncmessage"]
    sandbox.crm("PATCH", row, {"sk_quantity": seats})
    assert sandbox.run("parked", "retry", extra=apart).returncode == 0
    done = sandbox.run("parked", "list", extra=apart)
    assert (done.returncode, done.stdout.strip()) == (0, "Nothing is parked.")
    assert not sandbox.crm("GET", row)["sk_syncmessage"]


def test_an_invoice_run_of_a_contract_that_does_not_exist_parks_nothing(sandbox, apart):
    nobody = "00000000-0000-0000-0000-00000000abcd"
    done = sandbox.run("invoice", "run", "--contract", nobody, extra=apart)
    assert done.returncode == 1
    assert done.stderr.strip() == f"Not done: there is no billing contract {nobody}"
    assert sandbox.run("parked", "list", extra=apart).returncode == 0


def test_rule_6_in_mode_observe_nothing_is_written_outside(sandbox, apart):
    observing = apart | {"SEATKEEPER__MODE": "observe"}
    assert sandbox.run("run", "--once", extra=observing).returncode == 0
    row = f"sk_subscriptions({HERO_MANUAL})"
    seats = sandbox.crm("GET", row)["sk_quantity"]
    sandbox.crm("PATCH", row, {"sk_quantity": seats + 1})
    before = sandbox.last()
    assert sandbox.run("run", "--once", extra=observing).returncode == 0
    refused = sandbox.run("invoice", "run", "--on", "2040-01-01", extra=observing)
    assert (refused.returncode, "mode is observe" in refused.stderr) == (1, True)
    assert sandbox.commits(before) == []
    sandbox.crm("PATCH", row, {"sk_quantity": seats})


def test_a_state_of_another_organisation_ends_with_78(own_sandbox):
    old = own_sandbox.config.parent / "state-1.db"
    assert own_sandbox.run("run", "--once").returncode == 0
    assert old.exists()
    own_sandbox.control("reset", {"scenario": "empty"})
    with_old = {"SEATKEEPER__STATE": f"sqlite:///{old}"}
    for verb in (("run", "--once"), ("plan",), ("check",)):
        done = own_sandbox.run(*verb, extra=with_old)
        assert done.returncode == 78
        assert "organisation" in done.stdout + done.stderr
        assert "use another state" in " ".join((done.stdout + done.stderr).split())
    assert own_sandbox.run("run", "--once").returncode == 0
