"""The configuration: what is read, what lies over it, and what is said when it is wrong."""

from datetime import timedelta
from decimal import Decimal

import pytest

from seatkeeper.config import load_config
from seatkeeper.yaml_files import ConfigurationError
from tests.wiring.written import SECRET, VALID, load, problems, write


def test_a_small_configuration_loads_with_the_documented_defaults(tmp_path):
    config = load(tmp_path)
    assert (config.poll_seconds, config.partner_poll_seconds) == (30, 300)
    assert (config.audit_wait_seconds, config.page_size, config.workers) == (60, 5000, 4)
    assert (config.money.process_refunds, config.money.change_day) == (True, "old_state")
    assert config.guards.window_length == timedelta(hours=1)
    assert config.providers["partner-center"].url == "https://api.partnercenter.microsoft.com"


def test_the_example_of_the_architecture_loads_with_its_secret_from_the_environment(tmp_path):
    text = """\
mode: apply                                          # or observe
dataverse:
  url: https://contoso.crm.dynamics.com
  sign_in: {authority: https://a, tenant_id: t, client_id: c, client_secret: ${SECRET}, ca_file: null}
providers:
  partner-center: {kind: partner_center, url: https://api.partnercenter.microsoft.com, sign_in: {tenant_id: t, client_id: c, client_secret: ${SECRET}}}
mappings: mappings/
state: sqlite:///var/lib/seatkeeper/state.db        # or postgresql://...
poll_seconds: 30
partner_poll_seconds: 300
audit_wait_seconds: 60
money: {process_refunds: true, change_day: old_state, max_back_dating_days: 90, interim_invoices: monthly}
guards: {window: 1h, max_changes: 200, max_percent: 30, percent_from: 25, max_refund: {}}
"""  # noqa: E501  # the example's own lines
    config = load(tmp_path, text, {"SECRET": SECRET})
    for sign_in in (config.dataverse.sign_in, config.providers["partner-center"].sign_in):
        assert sign_in.client_secret.get_secret_value() == SECRET
    assert config.state_file == tmp_path / "var/lib/seatkeeper/state.db"


def test_all_errors_come_at_once_with_file_line_and_field(tmp_path):
    text = VALID.replace("mode: apply", "mode: aply") + "pol_seconds: 5\nworkers: 0\n"
    found = {field: (line, sentence) for line, field, sentence in problems(tmp_path, text)}
    assert set(found) == {"mode", "pol_seconds", "workers"}
    assert found["mode"] == (1, "Input should be 'observe' or 'apply' ")
    assert found["pol_seconds"] == (10, "this key is not known. Did you mean 'poll_seconds'?")
    assert found["workers"][0] == 11


@pytest.mark.parametrize(
    ("where", "wrong", "near"),
    [
        ("money:\n  change_dya: x\n", "money.change_dya", "change_day"),
        ("guards:\n  max_change: 1\n", "guards.max_change", "max_changes"),
    ],
)
def test_an_unknown_key_of_a_section_names_the_one_that_was_meant(tmp_path, where, wrong, near):
    (line, field, sentence) = problems(tmp_path, VALID + where)[0]
    assert (line, field) == (11, wrong)
    assert sentence.endswith(f"Did you mean {near!r}?")


def test_an_unknown_key_of_a_sign_in_names_the_one_that_was_meant(tmp_path):
    text = VALID.replace("client_secret", "client_secrt", 1)
    told = {field: sentence for _, field, sentence in problems(tmp_path, text)}
    assert told["dataverse.sign_in.client_secrt"].endswith("Did you mean 'client_secret'?")


def test_the_mode_has_no_default(tmp_path):
    found = problems(tmp_path, VALID.replace("mode: apply\n", ""))
    assert [(field, sentence) for _, field, sentence in found] == [
        ("mode", "this key is missing. See config.example.yaml.")
    ]


@pytest.mark.parametrize(
    ("credentials", "told"),
    [
        ("{tenant_id: t, client_id: c}", "exactly one of client_secret"),
        ("{tenant_id: t, client_id: c, client_secret: s, pfx_file: a}", "exactly one of"),
        ("{tenant_id: t, client_id: c, certificate_file: a}", "needs key_file"),
        ("{client_id: c, client_secret: s}", "client_id and tenant_id are needed"),
    ],
)
def test_a_sign_in_has_exactly_one_complete_credential(tmp_path, credentials, told):
    old = f"{{tenant_id: t, client_id: c, client_secret: {SECRET}}}"
    ((line, field, sentence),) = problems(tmp_path, VALID.replace(old, credentials, 1))
    assert (line, field) == (4, "dataverse.sign_in")
    assert told in sentence


def test_a_managed_identity_needs_no_ids(tmp_path):
    old = f"{{tenant_id: t, client_id: c, client_secret: {SECRET}}}"
    config = load(tmp_path, VALID.replace(old, "{managed_identity: true}"))
    assert config.dataverse.sign_in.managed_identity


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("http://contoso.crm.dynamics.com", "begins with https://"),
        ("https://", "begins with https://"),
        ("https://contoso.crm.dynamics.com/main.aspx?app=1", "https://contoso.crm.dynamics.com"),
    ],
)
def test_an_address_is_a_bare_https_origin(tmp_path, address, told):
    ((line, field, sentence),) = problems(
        tmp_path, VALID.replace("https://contoso.crm.dynamics.com", address)
    )
    assert (line, field) == (3, "dataverse.url")
    assert told in sentence


def test_a_variable_that_is_not_set_is_named_with_its_place(tmp_path):
    ((line, field, sentence),) = problems(tmp_path, VALID.replace(SECRET, "${NOT_SET}", 1))
    assert (line, field) == (4, "dataverse.sign_in.client_secret")
    assert "the environment variable NOT_SET is not set." in sentence


@pytest.mark.parametrize(
    "state",
    ["postgresql://a:secret@db/seatkeeper", "postgresql://db/", "sqlite:///", "somewhere/state.db"],
)
def test_a_state_that_is_no_sqlite_file_is_refused(tmp_path, state):
    ((line, field, _),) = problems(tmp_path, VALID.replace("sqlite:///state.db", state))
    assert (line, field) == (9, "state")


@pytest.mark.parametrize("text", ["", "- mode: apply\n", "mode\n"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path, text):
    ((_, _, sentence),) = problems(tmp_path, text)
    assert "must be a mapping" in sentence


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"absent\.yaml: cannot be read: No such file"):
        load_config(tmp_path / "absent.yaml", {})


# --- the environment lies over the file --------------------------------------------------------


def test_every_kind_of_key_can_be_set_by_the_environment(tmp_path):
    environment = {
        "SEATKEEPER__MODE": "observe",
        "SEATKEEPER__POLL_SECONDS": "2.5",
        "SEATKEEPER__WORKERS": "7",
        "SEATKEEPER__MONEY__CHANGE_DAY": "new_state",
        "SEATKEEPER__MONEY__PROCESS_REFUNDS": "false",
        "SEATKEEPER__GUARDS__MAX_REFUND": '{USD: "10.00"}',
    }
    config = load(tmp_path, VALID, environment)
    assert (config.mode, config.poll_seconds, config.workers) == ("observe", 2.5, 7)
    assert (config.money.change_day, config.money.process_refunds) == ("new_state", False)
    assert config.guards.max_refund == {"USD": Decimal("10.00")}


def test_a_provider_with_a_dash_is_named_with_an_underscore(tmp_path):
    environment = {"SEATKEEPER__PROVIDERS__PARTNER_CENTER__URL": "https://elsewhere"}
    config = load(tmp_path, VALID, environment)
    assert {name: one.url for name, one in config.providers.items()} == {
        "partner-center": "https://elsewhere"
    }


@pytest.mark.parametrize("secret", ["12345", "no", "a: b", "a #b", "@x", "*y", "'", "1e5", "0x1F"])
def test_a_secret_from_the_environment_is_taken_as_it_stands(tmp_path, secret):
    environment = {"SEATKEEPER__DATAVERSE__SIGN_IN__CLIENT_SECRET": secret}
    config = load(tmp_path, VALID, environment)
    assert config.dataverse.sign_in.client_secret.get_secret_value() == secret


def test_an_empty_variable_takes_a_value_away(tmp_path):
    text = VALID + "mappings: mine/\n"
    assert load(tmp_path, text, {"SEATKEEPER__MAPPINGS": ""}).mappings is None


def test_a_section_that_the_file_leaves_out_or_empty_can_be_set(tmp_path):
    environment = {"SEATKEEPER__MONEY__MAX_BACK_DATING_DAYS": "3"}
    for text in (VALID, VALID + "money:\n"):
        assert load(tmp_path, text, environment).money.max_back_dating_days == 3


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("SEATKEEPER__PULL_SECONDS", "pull_seconds"),
        ("SEATKEEPER__MONEY__CHANGED_DAY", "money.changed_day"),
        ("SEATKEEPER__WORKERS", "workers"),
    ],
)
def test_a_wrong_variable_is_named_itself_not_the_file(tmp_path, name, field):
    with pytest.raises(ConfigurationError) as raised:
        load(tmp_path, VALID, {name: "many"})
    (one,) = raised.value.problems
    assert (one.file, one.line, one.field) == (name, None, field)


@pytest.mark.parametrize("name", ["SEATKEEPER__", "SEATKEEPER__MODE__DEEPER"])
def test_a_variable_that_can_be_no_key_is_named(tmp_path, name):
    with pytest.raises(ConfigurationError, match=f"{name}: this variable names no key"):
        load(tmp_path, VALID, {name: "x"})


# --- paths -------------------------------------------------------------------------------------


def test_relative_paths_are_taken_from_the_folder_of_the_file(tmp_path, monkeypatch):
    text = VALID.replace(
        f"client_secret: {SECRET}",
        "certificate_file: c.pem, key_file: keys/k.pem, ca_file: ../ca.pem",
    )
    path = write(tmp_path, text + "mappings: mine/\n")
    monkeypatch.chdir(tmp_path.parent)
    config = load_config(path.relative_to(tmp_path.parent), {})
    assert config.mappings == tmp_path / "mine"
    assert config.state_file == tmp_path / "state.db"
    for sign_in in (config.dataverse.sign_in, config.providers["partner-center"].sign_in):
        assert sign_in.certificate_file == tmp_path / "c.pem"
        assert sign_in.key_file == tmp_path / "keys/k.pem"
        assert sign_in.ca_file == tmp_path / "../ca.pem"


def test_an_absolute_state_stays_where_it_is(tmp_path):
    text = VALID.replace("sqlite:///state.db", f"sqlite:///{tmp_path}/elsewhere/s.db")
    assert load(tmp_path, text).state_file == tmp_path / "elsewhere/s.db"


def test_no_error_and_no_representation_shows_a_secret(tmp_path):
    assert SECRET not in repr(load(tmp_path))
    wrong = VALID.replace(f"client_secret: {SECRET}", f"client_secret: [{SECRET}]")
    with pytest.raises(ConfigurationError) as raised:
        load(tmp_path, wrong)
    assert SECRET not in str(raised.value)
