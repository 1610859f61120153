"""`status` tells on one screen how things stand, and asks no service."""

import json
from datetime import UTC, datetime

import pytest

from seatkeeper.cli import run_command
from store.schema import known
from store.sqlite import SqliteStore
from sync.standing import LAST_POLL, LAST_SUCCESS, note_trouble
from tests.wiring.written import VALID, write

NOON = datetime(2025, 6, 16, 12, tzinfo=UTC)


@pytest.fixture
def config(tmp_path):
    """Return a configuration whose secret is not set, and whose state has seen something."""
    store = SqliteStore(tmp_path / "state.db")
    store.tx(lambda tx: tx.set_meta(LAST_POLL, NOON.isoformat()))
    store.tx(lambda tx: tx.set_meta(LAST_SUCCESS, NOON.isoformat()))
    store.tx(lambda tx: tx.set_meta("organisation", "org-1"))
    store.tx(lambda tx: tx.set_meta("accepted_mappings", "another hash"))
    store.tx(lambda tx: note_trouble(tx, "Dataverse does not answer", NOON))
    store.close()
    return write(tmp_path, VALID.replace("canary-secret-7f3a", '"${NOT_SET}"'))


def told(config, capsys):
    code = run_command(["status", "--config", str(config), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_status_needs_no_secret_and_tells_everything(config, capsys):
    code, facts = told(config, capsys)
    assert code == 0
    assert facts["organisation"] == "org-1"
    assert facts["last_poll"].startswith("2025-06-16 12:00:00")
    assert facts["last_success"].startswith("2025-06-16")
    assert facts["delta_age_seconds"] > 86_400
    assert facts["trouble"].startswith("Dataverse does not answer (since 2025-06-16")
    assert (facts["parked"], facts["guard"], facts["waiting"]) == (0, None, 0)
    assert facts["credentials_end"] == "not told by a client secret"
    assert facts["mapping_accepted"] is False
    assert facts["schema"] == known()[-1]
    assert facts["version"]
    assert facts["state"].endswith("/state.db")


def test_before_the_first_run_it_tells_that_nothing_was_read(tmp_path, capsys):
    code, facts = told(write(tmp_path), capsys)
    assert (code, facts["last_poll"], facts["delta_age_seconds"]) == (0, None, None)
    assert facts["mapping_accepted"] is True
    assert not (tmp_path / "state.db").exists()


def test_the_screen_is_for_a_person(config, capsys):
    assert run_command(["status", "--config", str(config)]) == 0
    screen = capsys.readouterr().out
    assert "last_poll" in screen
    assert len(screen.splitlines()) < 40


def test_mapping_files_that_cannot_be_used_hide_nothing_else(config, tmp_path, capsys):
    broken = tmp_path / "mappings"
    broken.mkdir()
    (broken / "provider.yaml").write_text("fields: {a: 1\n", encoding="utf-8")
    config.write_text(f"{config.read_text()}\nmappings: {broken}\n", encoding="utf-8")
    code = run_command(["status", "--config", str(config), "--json"])
    said = capsys.readouterr()
    facts = json.loads(said.out)
    assert (code, facts["organisation"]) == (0, "org-1")
    assert facts["mapping_hash"] == "unknown: the files cannot be used"
    assert "provider.yaml:2" in said.err
    assert "keeps its earlier ones" in said.err
