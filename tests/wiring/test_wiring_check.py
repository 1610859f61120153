"""`check` finds everything at once: configuration, machine, rights, tables, tracking, auditing."""

from datetime import UTC, datetime, timedelta

import pytest
import yaml

from sandbox.faults import read_rule
from sandbox.in_process import InProcessAdapter, open_world
from seatkeeper.check_machine import Machine, clock_result
from seatkeeper.check_results import CheckResult
from seatkeeper.check_rights import judge_rights
from seatkeeper.checking import Asked, check_all
from seatkeeper.commands.exits import Exit
from seatkeeper.commands.looking import tell_check
from seatkeeper.schema_file import open_schema
from store.sqlite import SqliteStore
from tests.engine.opening import ORIGIN, _configuration
from tests.engine.stage import Setting
from tests.wiring.written import VALID, own_mappings, write

ROOMY = Machine(free=lambda _: 10 * 1024**3, writable=lambda _: True)
NOW = datetime(2025, 6, 16, 12, tzinfo=UTC)


def looked(folder, text=VALID, machine=ROOMY, **asked):
    """Check a configuration without asking a service."""
    config = write(folder, text)
    config.chmod(0o600)
    return check_all(Asked(config=config, offline=True, environment={}, machine=machine, **asked))


def wrong(results):
    return {one.what: one.told for one in results if not one.ok}


def noted(results):
    return {one.what: one.told for one in results if one.note}


# --- without a service ----------------------------------------------------------------------------


def test_offline_looks_at_configuration_mappings_state_and_disk(tmp_path):
    found = looked(tmp_path)
    assert {one.what for one in found} == {"configuration", "mappings", "state", "disk"}
    assert (wrong(found), noted(found)) == ({}, {})
    assert "hash " in next(one.told for one in found if one.what == "mappings")


def test_a_broken_configuration_hides_no_finding_of_its_mappings(tmp_path):
    mappings = own_mappings(tmp_path)
    (mappings / "lifecycle.yaml").write_text("transitions: []\n", encoding="utf-8")
    text = VALID.replace("mode: apply", "mode: aply") + "mappings: mappings/\npol_seconds: 1\n"
    found = looked(tmp_path, text)
    assert [one.what for one in found].count("configuration") == 2
    assert "lifecycle.yaml" in wrong(found)["mappings"]
    assert "Did you mean 'poll_seconds'?" in " ".join(one.told for one in found)


def test_a_secret_in_a_file_that_others_may_read_is_noted(tmp_path):
    config = write(tmp_path)
    config.chmod(0o640)
    asked = Asked(config=config, offline=True, environment={}, machine=ROOMY)
    assert "chmod 600" in noted(check_all(asked))["configuration"]
    config.chmod(0o600)
    assert noted(check_all(asked)) == {}


def test_a_file_without_a_secret_may_be_read_by_others(tmp_path):
    text = VALID.replace("canary-secret-7f3a", '"${NAME}"')
    config = write(tmp_path, text)
    config.chmod(0o644)
    asked = Asked(config=config, offline=True, environment={"NAME": "x"}, machine=ROOMY)
    assert noted(check_all(asked)) == {}


def test_a_disk_that_is_nearly_full_is_found(tmp_path):
    small = Machine(free=lambda _: 50 * 1024**2, writable=lambda _: True)
    assert wrong(looked(tmp_path, machine=small))["disk"].startswith("only 50 MB free at ")


@pytest.mark.parametrize("closed", ["state.db", "."])
def test_a_state_that_our_user_may_not_write_is_found(tmp_path, closed):
    SqliteStore(tmp_path / "state.db").close()
    place = (tmp_path / closed).resolve()
    machine = Machine(free=ROOMY.free, writable=lambda path: path != place)
    assert wrong(looked(tmp_path, machine=machine)) == {
        "state": f"{place} is read-only; let the user that runs Seatkeeper write to it"
    }


def test_a_state_below_something_that_is_no_folder_is_found(tmp_path):
    (tmp_path / "file").touch()
    found = looked(tmp_path, VALID.replace("///state.db", "///file/state.db"))
    assert wrong(found)["state"].endswith("is no folder; correct `state`")


def test_a_damaged_state_is_found_and_hides_nothing(tmp_path):
    (tmp_path / "state.db").write_text("this is no database, but text", encoding="utf-8")
    found = looked(tmp_path)
    assert "is no state of Seatkeeper" in wrong(found)["state"]
    assert "disk" in {one.what for one in found}


def test_mappings_that_were_not_accepted_are_noted(tmp_path):
    store = SqliteStore(tmp_path / "state.db")
    store.tx(lambda tx: tx.set_meta("accepted_mappings", "0123456789abcdef"))
    store.close()
    told = noted(looked(tmp_path))["mappings"]
    assert "0123456789ab" in told
    assert "seatkeeper plan" in told


@pytest.mark.parametrize(
    ("ours", "told", "note"),
    [
        (timedelta(seconds=2), "2 s ahead of Dataverse's", False),
        (timedelta(seconds=-2), "2 s behind Dataverse's", False),
        (timedelta(minutes=7), "7 minutes ahead of Dataverse's: sign-in with a cert", True),
        (timedelta(days=-3), "3 days behind Dataverse's: sign-in with a cert", True),
    ],
)
def test_our_clock_is_compared_with_the_date_header_of_dataverse(ours, told, note):
    found = clock_result(NOW, NOW + ours)
    assert (found.told.startswith(told), found.note, found.ok) == (True, note, True)


# --- exit codes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failures", "code"),
    [
        ([], Exit.OK),
        ([{}], Exit.CONFIGURATION),
        ([{"temporary": True}], Exit.TEMPORARY),
        ([{"temporary": True}, {}], Exit.CONFIGURATION),
        ([{"sign_in": True}, {}, {"temporary": True}], Exit.SIGN_IN),
    ],
)
def test_the_exit_code_names_what_a_person_mends_first(failures, code, capsys):
    results = [CheckResult(what="a", ok=True, told="fine", note=True)]
    results += [CheckResult(what="b", ok=False, told="not", **one) for one in failures]
    assert tell_check(results) == code
    shown = capsys.readouterr().out
    assert ("WRONG" in shown, "note" in shown) == (bool(failures), True)


# --- with the services ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def opened():
    return open_world("empty")


@pytest.fixture
def asks(opened, tmp_path):
    """Return what checks a configuration of the world, and the world."""
    world, app = opened
    config = _configuration(world, Setting())
    sign_in = config.dataverse.sign_in.model_dump(include={"authority", "tenant_id", "client_id"})
    sign_in["client_secret"] = world.client_secret
    document = {
        "mode": "apply",
        "dataverse": {"url": ORIGIN, "sign_in": sign_in},
        "providers": {"partner": {"kind": "partner_center", "url": ORIGIN, "sign_in": sign_in}},
        "state": "sqlite:///state.db",
    }
    path = write(tmp_path, yaml.safe_dump(document))
    path.chmod(0o600)
    adapters = {"https://": InProcessAdapter(app)}

    def check():
        return check_all(Asked(config=path, environment={}, machine=ROOMY, adapters=adapters))

    settings = world.settings.as_dict()
    yield world, check
    world.settings.change(settings)
    world.faults.replace([])


def test_a_tenant_with_everything_has_no_finding(asks):
    _, check = asks
    found = check()
    assert (wrong(found), noted(found)) == ({}, {})
    whats = {one.what for one in found}
    assert {"Dataverse sign-in", "rights", "clock", "provider partner sign-in"} <= whats
    assert {"table sk_invoice", "auditing of subscriptions"} <= whats


def test_a_damaged_state_does_not_keep_it_from_asking_the_services(asks, tmp_path):
    _, check = asks
    (tmp_path / "state.db").write_text("this is no database, but text", encoding="utf-8")
    found = check()
    assert set(wrong(found)) == {"state"}
    assert "Dataverse sign-in" in {one.what for one in found if one.ok}


def test_auditing_that_is_off_for_the_environment_is_noted_with_its_switch(asks):
    world, check = asks
    world.settings.change({"audit": False})
    assert "turn auditing on for the environment" in noted(check())["auditing of subscriptions"]


def test_a_user_without_any_role_is_told_which_privilege_is_missing(asks):
    world, check = asks
    world.settings.change({"enforce_roles": True})
    found = check()
    assert "prvRead" in wrong(found)["Dataverse sign-in"]
    assert "provider partner sign-in" in {one.what for one in found if one.ok}


def test_a_right_that_cannot_be_asked_for_is_a_note_and_the_rest_is_judged(asks):
    world, check = asks
    rule = {"service": "dataverse", "path": "RetrieveUserPrivileges", "status": 400}
    world.faults.replace([read_rule(rule)])
    found = check()
    assert wrong(found) == {}
    assert noted(found)["rights"].startswith("not judged, our own rights cannot be read: ")


def test_definitions_that_cannot_be_read_hide_no_provider(asks):
    world, check = asks
    rule = {"service": "dataverse", "path": r"\$batch", "status": 403}
    world.faults.replace([read_rule(rule)])
    found = check()
    assert set(wrong(found)) == {"Dataverse sign-in"}
    assert "provider partner sign-in" in {one.what for one in found if one.ok}


# --- rights ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def schema():
    return open_schema(None)[0]


def all_rights(schema):
    return frozenset(name.lower() for name in schema.privileges())


def test_whoever_has_the_role_has_all_rights(schema):
    (found,) = judge_rights(schema, all_rights(schema), frozenset(schema.tables))
    assert found.ok
    assert found.told.endswith("rights to 7 tables")


@pytest.mark.parametrize("right", ["Create", "Read", "Write", "Append", "AppendTo"])
def test_a_right_that_is_missing_is_named_with_table_and_privilege(schema, right):
    name = f"prv{right}sk_changelog"
    (found,) = judge_rights(schema, all_rights(schema) - {name.lower()}, frozenset(schema.tables))
    assert found.what == "rights to sk_changelog"
    assert f"({name})" in found.told
    assert "role Seatkeeper" in found.told


def test_the_right_to_the_audit_history_is_named(schema):
    held = all_rights(schema) - {"prvreadrecordaudithistory"}
    (found,) = judge_rights(schema, held, frozenset(schema.tables))
    assert "prvReadRecordAuditHistory" in found.told


def test_rights_to_a_table_that_is_not_there_yet_are_no_finding(schema):
    held = frozenset(name.lower() for name in schema.privileges() if "sk_" not in name)
    (found,) = judge_rights(schema, held, frozenset({"account"}))
    assert (found.ok, found.told) == (True, "2 rights to 1 tables")
