"""Issue 6.7: packages are found by their entry points; what is broken in one is said, with 78."""

import json

import pytest
from typer.testing import CliRunner

from sandbox.in_process import InProcessAdapter, open_world
from seatkeeper import plugins
from seatkeeper.bootstrap import build, meet
from seatkeeper.checking import Asked, check_all
from seatkeeper.config import Config, load_config
from seatkeeper.providers import Tools
from seatkeeper.verbs import command_line
from seatkeeper.yaml_files import ConfigurationError
from store.sqlite import SqliteStore
from tests.connector.scripted import Clockwork
from tests.engine.opening import stage_in
from tests.engine.stage import Setting, outcome_of

STEP = """
from seatkeeper.steps import Stage, Step

def run(change): return None
def greedy(change, more): return None

good = Step(name="good", stage=Stage.AFTER, run=run)
twice = [good, good]
nothing = 7
other_table = Step(name="x", stage=Stage.AFTER, run=run, table="invoice")
other_field = Step(name="x", stage=Stage.AFTER, run=run, columns=frozenset({"price"}))
listed = Step(name="x", stage=Stage.AFTER, run=run, columns=["status"])
no_stage = Step(name="x", stage="before", run=run)
newer = Step(name="x", stage=Stage.AFTER, run=run, api=2)
two_values = Step(name="x", stage=Stage.AFTER, run=greedy)

def fails(settings, tools): raise ValueError("no folder")
def half(settings, tools): return object()
def alone(settings): return None
"""
STEPS, PROVIDERS = plugins.STEPS, plugins.PROVIDERS


def broken():
    return [one.broken for one in plugins.load_extensions().added]


def test_without_packages_nothing_is_added():
    found = plugins.load_extensions()
    assert (found.steps, found.factories, found.added) == ((), {}, [])
    found.demand()


@pytest.mark.usefixtures("example")
def test_the_example_of_the_documents_is_loaded_as_an_installed_one_is():
    found = plugins.load_extensions()
    assert [step.name for step in found.steps] == ["diary", "frozen-december"]
    assert list(found.factories) == ["shelf"]
    told = {one.what: one.told for one in found.added}
    assert told == {
        "step diary": "diary: after each change",
        "step frozen-december": "frozen-december: validate each change of quantity",
        "provider shelf": "kind: shelf",
    }
    assert {one.package for one in found.added} == {"seatkeeper-example-step 1.0.0"}
    found.demand()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("nothing", "it gives int. Give a Step"),
        ("twice", "the name 'good' is given twice or empty"),
        ("other_table", "the table 'invoice' has no steps: use subscription"),
        ("other_field", "x filters by fields that never change: price"),
        ("listed", "columns must be a frozenset"),
        ("no_stage", "the stage 'before' is not known: use validate, after"),
        ("newer", "it is written for version 2 of the steps, this is 1"),
        ("two_values", "x must take one change: run(change)"),
        ("absent", "it cannot be imported: AttributeError"),
    ],
)
def test_what_is_wrong_with_a_step_is_said(installs, name, why):
    installs("mine", {STEPS: {"s": f"of_others:{name}"}}, of_others=STEP)
    found = plugins.load_extensions()
    assert why in found.added[0].broken
    assert found.steps == ()
    with pytest.raises(ConfigurationError, match=r"mine 1\.0\.0: step s"):
        found.demand()


def test_a_package_that_cannot_be_imported_is_said(installs):
    points = {STEPS: {"s": "of_others_two:x"}, PROVIDERS: {"p": "of_others_two:x"}}
    installs("mine", points, of_others_two="raise RuntimeError('no licence')")
    assert broken() == ["it cannot be imported: RuntimeError: no licence"] * 2


def test_two_packages_cannot_give_a_step_of_the_same_name(installs):
    points = {STEPS: {"a": "of_others:good", "b": "of_others:good"}}
    installs("mine", points, of_others=STEP)
    assert broken() == ["", "the name 'good' is given twice or empty"]


@pytest.mark.parametrize(
    ("kind", "target", "why"),
    [
        ("rest", "fails", "the kind 'rest' is there already"),
        ("mine", "alone", "it must take the settings and the tools: factory(settings, tools)"),
        ("mine", "nothing", "it must take the settings and the tools: factory(settings, tools)"),
    ],
    ids=["a kind that ships", "too few parameters", "no function"],
)
def test_what_is_wrong_with_a_provider_is_said(installs, kind, target, why):
    installs("mine", {PROVIDERS: {kind: f"of_others:{target}"}}, of_others=STEP)
    assert broken() == [why]


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("fails", "it cannot be made: ValueError: no folder"),
        ("half", "object lacks read, suspend, reactivate, cancel, set_quantity"),
    ],
)
def test_a_provider_that_cannot_be_made_is_said(installs, target, why):
    installs("mine", {PROVIDERS: {"mine": f"of_others:{target}"}}, of_others=STEP)
    found = plugins.load_extensions()
    tools = Tools(name="north", effects=Clockwork(), http=None)
    assert plugins.open_other(found, "mine", {}, tools) is None
    assert (found.added[-1].what, found.added[-1].broken) == ("provider north", why)


def test_a_kind_that_nobody_adds_is_said_by_the_connection():
    found = plugins.load_extensions()
    tools = Tools(name="north", effects=Clockwork(), http=None)
    assert plugins.open_other(found, "mine", {}, tools) is None
    assert found.added[-1].broken == "the kind 'mine' is not known"


# --- the configuration -------------------------------------------------------------------------

SIGN_IN = "{tenant_id: t, client_id: c, client_secret: s}"


def written(folder, provider):
    path = folder / "config.yaml"
    path.write_text(
        f"mode: apply\ndataverse: {{url: https://c.example, sign_in: {SIGN_IN}}}\n"
        f"providers:\n  north: {provider}\nstate: sqlite:///s.db\n",
        encoding="utf-8",
    )
    return path


@pytest.mark.parametrize(
    ("provider", "told"),
    [
        ("{kind: partner_centre}", "the kind 'partner_centre' is not known. Did you mean"),
        ("{kind: partner_center}", "sign_in is missing"),
        ("{kind: rest, api_key: k}", "url and api_key are needed"),
        ("{kind: rest, url: https://b.example}", "url and api_key are needed"),
        ("{kind: shelf, setting: {}}", "Did you mean 'settings'?"),
    ],
    ids=["unknown kind", "no sign-in", "no url", "no key", "unknown key"],
)
def test_a_connection_has_what_its_kind_wants(tmp_path, provider, told):
    with pytest.raises(ConfigurationError) as caught:
        load_config(written(tmp_path, provider), {})
    assert told in str(caught.value)


@pytest.mark.usefixtures("example")
def test_a_kind_of_an_installed_package_can_be_named(tmp_path):
    path = written(tmp_path, "{kind: shelf, settings: {folder: /tmp}}")
    assert load_config(path, {}).providers["north"].settings == {"folder": "/tmp"}  # noqa: S108


def test_a_key_of_a_provider_may_be_a_file_beside_the_configuration(tmp_path):
    (tmp_path / "ca.pem").touch()
    path = written(tmp_path, "{kind: rest, url: https://b.example, api_key: k, ca_file: ca.pem}")
    assert load_config(path, {}).providers["north"].ca_file == tmp_path / "ca.pem"


# --- check and run -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sandbox():
    return open_world("empty")


def checked(sandbox, folder):
    world, app = sandbox
    sign_in = {
        "authority": f"https://localhost/{world.tenant_id}",
        "tenant_id": world.tenant_id,
        "client_id": world.client_id,
        "client_secret": world.client_secret,
    }
    path = folder / "config.yaml"
    data = {
        "mode": "apply",
        "dataverse": {"url": "https://localhost", "sign_in": sign_in},
        "state": "sqlite:///s.db",
    }
    path.write_text(json.dumps(data), encoding="utf-8")
    results = check_all(Asked(config=path, adapters={"https://": InProcessAdapter(app)}))
    return {one.what: (one.ok, one.told) for one in results}


@pytest.mark.usefixtures("example")
def test_check_names_what_is_added(sandbox, tmp_path):
    found = checked(sandbox, tmp_path)
    package = "(seatkeeper-example-step 1.0.0)"
    assert found["step diary"] == (True, f"diary: after each change {package}")
    assert found["provider shelf"] == (True, f"kind: shelf {package}")


def test_check_without_the_services_names_it_as_well_and_ends_with_78(tmp_path, installs):
    installs("mine", {STEPS: {"s": "of_others:nothing"}}, of_others=STEP)
    path = written(tmp_path, "{kind: rest, url: 'https://b.example', api_key: k}")
    said = CliRunner().invoke(
        command_line(),
        ["check", "--offline", "--json", "--config", str(path)],
        standalone_mode=False,
    )
    [found] = [one for one in json.loads(said.stdout) if one["what"] == "step s"]
    assert (found["ok"], said.return_value) == (False, 78)


def test_check_names_what_is_broken_beside_everything_else(sandbox, tmp_path, installs):
    installs("mine", {STEPS: {"s": "of_others:nothing"}}, of_others=STEP)
    found = checked(sandbox, tmp_path)
    assert found["step s"][0] is False
    assert "it gives int" in found["step s"][1]
    assert found["Dataverse sign-in"][0] is True


def test_nothing_runs_while_a_package_is_broken(tmp_path, installs):
    installs("mine", {STEPS: {"s": "of_others:nothing"}}, of_others=STEP)
    path = written(tmp_path, "{kind: rest, url: 'https://b.example', api_key: k}")
    said = CliRunner().invoke(command_line("plan"), ["plan", "--config", str(path)])
    assert isinstance(said.exception, ConfigurationError)
    assert "mine 1.0.0: step s: it gives int" in str(said.exception)


# --- the example, at work ----------------------------------------------------------------------


@pytest.fixture
def shelf(example, tmp_path, monkeypatch):
    """Return a stage whose subscription lies on the example's shelf, and the shelf."""
    folder = example / "shelf"
    folder.mkdir()
    (folder / "box-1.json").write_text('{"status": "active", "quantity": 10}', encoding="utf-8")
    monkeypatch.setenv("EXAMPLE_DIARY", str(tmp_path / "diary.jsonl"))
    world, sandbox_app = open_world("empty")
    stage = stage_in(world, sandbox_app, Setting())
    old = stage.application
    connection = {"kind": "shelf", "settings": {"folder": folder}}
    config = {**old.config.model_dump(), "providers": {"partner-center": connection}}
    stage.application = build(
        Config.model_validate(config),
        store=SqliteStore(":memory:"),
        effects=old.engine.ports.effects,
        adapters={"https://": InProcessAdapter(sandbox_app)},
        inline=True,
    )
    old.close()
    meet(stage.application)
    stage.edits(sk_providersubscriptionid="box-1")
    stage.runs()
    yield stage, folder
    stage.application.close()


def test_the_example_works_in_the_engine(shelf, tmp_path):
    stage, folder = shelf
    stage.on("2025-06-16")
    stage.edits(status="suspended")
    stage.runs()
    assert json.loads((folder / "box-1.json").read_text())["status"] == "suspended"
    assert outcome_of(stage.log()) == "provisioned"
    [line] = (tmp_path / "diary.jsonl").read_text().splitlines()
    assert json.loads(line)["amount"] == "-58.33"
    stage.edits(status="active")
    stage.runs()
    stage.on("2025-12-02")
    stage.edits(sk_quantity=7)
    stage.runs()
    assert "Seats are not reduced in December" in stage.message
    assert json.loads((folder / "box-1.json").read_text()) == {"status": "active", "quantity": 10}
    assert len((tmp_path / "diary.jsonl").read_text().splitlines()) == 2
