"""The command `schema install` over HTTPS: it shows a plan, asks, installs, and ends with codes."""

import io
import json
from dataclasses import replace

import pytest

from sandbox.dataverse.columns import Kind
from sandbox.faults import read_rule
from sandbox.journal import EntryType
from sandbox.server import Options, start
from seatkeeper.cli import run_command
from seatkeeper.commands.exits import Exit
from seatkeeper.mapping_folder import shipped


@pytest.fixture
def config(monkeypatch):
    for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    with start(Options(mappings=shipped(), scenario="bare")) as running:
        yield running


def command(running, *words):
    return run_command([*words, "--config", str(running.ready["config_file"])])


def schema_install(running, *options):
    return command(running, "schema", "install", *options)


def fails(running, **rule):
    with running.world.lock:
        running.world.faults.replace([read_rule(rule)] if rule else [])


def test_the_command_plans_installs_and_then_has_nothing_to_do(config, capsys):
    assert command(config, "check") == Exit.CONFIGURATION
    capsys.readouterr()
    assert schema_install(config, "--json") == Exit.CHANGES
    plan = json.loads(capsys.readouterr().out)
    assert [one["step"] for one in plan["steps"][:2]] == ["MakePublisher", "MakeSolution"]
    assert schema_install(config, "--plan") == Exit.CHANGES
    assert "make table sk_invoiceline with 14 columns" in capsys.readouterr().out
    assert schema_install(config, "--yes") == Exit.OK
    assert "[38/38] note in solution" in capsys.readouterr().out
    assert schema_install(config) == Exit.OK
    assert "Nothing to install." in capsys.readouterr().out
    assert command(config, "check") == Exit.OK


def test_without_a_yes_nothing_is_written(config, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    mark = config.world.journal.last
    assert schema_install(config) == Exit.ERROR
    told = capsys.readouterr()
    assert "Do that?" in told.out
    assert "give --yes" in told.err
    commits = [one for one in config.world.journal.since(mark) if one.type is EntryType.COMMIT]
    assert commits == []
    assert command(config, "check") == Exit.CONFIGURATION


def test_a_conflict_is_told_with_file_and_field(config, capsys):
    assert schema_install(config, "--yes") == Exit.OK
    with config.world.acting("someone"):
        database = config.world.dataverse._database
        table = database.tables["sk_invoice"].table
        columns = tuple(
            replace(one, kind=Kind.BOOLEAN) if one.name == "sk_total" else one
            for one in table.columns
        )
        with database.transaction():
            database.define(replace(table, columns=columns))
    capsys.readouterr()
    assert schema_install(config, "--yes") == Exit.CONFIGURATION
    said = capsys.readouterr().err
    assert "schema.yaml:" in said
    assert "tables.sk_invoice.columns.sk_total.type: column sk_invoice.sk_total is there as" in said


def test_an_unfinished_run_says_how_to_go_on(config, capsys):
    fails(config, service="dataverse", method="POST", path="roles$", status=400)
    assert schema_install(config, "--yes") == Exit.ERROR
    assert "What was made stays; run it again to go on." in capsys.readouterr().err
    fails(config)
    assert schema_install(config, "--yes") == Exit.OK


def test_a_new_operator_comes_from_init_to_a_tenant_that_is_whole(config, capsys, tmp_path):
    ready, own = config.ready, tmp_path / "own" / "config.yaml"
    kept = tmp_path / "kept"
    kept.write_text(f"{ready['client_secret']}\n", encoding="utf-8")
    answers = {
        "--url": ready["dataverse_url"],
        "--authority": ready["authority"],
        "--tenant-id": ready["tenant_id"],
        "--client-id": ready["client_id"],
        "--ca-file": ready["ca_file"],
        "--credential": "secret",
        "--secret": f"file:{kept}",
        "--partner-url": ready["partner_center_url"],
        "--mode": "observe",
    }
    flags = [word for pair in answers.items() for word in pair]
    to_own = ("--config", str(own))
    assert run_command(["init", *to_own, "--partner-center", *flags]) == Exit.CONFIGURATION
    said = " ".join(capsys.readouterr().out.split())
    assert "table sk_changelog" in said
    assert "Next: make the tables and the role: seatkeeper schema install" in said
    assert run_command(["schema", "install", "--yes", *to_own]) == Exit.OK
    config.world.settings.change({"enforce_roles": True})
    assert run_command(["check", *to_own]) == Exit.OK
    assert run_command(["run", "--once", *to_own]) == Exit.OK
    assert run_command(["status", *to_own]) == Exit.OK
    assert str(ready["client_secret"]) not in own.read_text(encoding="utf-8")
