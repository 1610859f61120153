"""The measurements run on a small world; what they measured is not judged here."""

import os
from pathlib import Path

import pytest
import requests

from bench import (
    burst,
    exchanges,
    first_read,
    first_sweep,
    invoicing,
    laying,
    reader,
    report,
    settling,
    sweep_limits,
)
from bench.peers import places
from bench.running import Sandbox
from sandbox.server import Options, start
from seatkeeper.mapping_folder import shipped

ROWS = 20


@pytest.fixture(scope="module")
def running():
    options = Options(mappings=shipped(), scenario="scale", subscriptions=ROWS)
    with start(options) as served, requests.Session() as session:
        session.trust_env = False
        yield Sandbox(ready=served.ready, pid=os.getpid(), session=session)


@pytest.mark.parametrize("kind", sorted(reader.READERS))
def test_each_reader_sees_every_row(running, kind, tmp_path):
    running.reset(ROWS)
    told = reader.measure(kind, running.config_file, str(tmp_path / "state.db"))
    assert told["rows"] >= ROWS
    assert told["requests"] >= 1
    assert 0 < told["waited"] <= told["seconds"]


def test_requests_are_counted_and_the_licences_really_follow(running):
    seen = exchanges.measure(running, changes=1)
    assert (seen.idle.total(), seen.deactivation.total(), seen.activation.total()) == (1, 1, 1)
    assert any("PATCH /v1/" in one for one in seen.shown)


def test_a_burst_is_followed_to_its_end_and_its_requests_are_counted(running):
    running.reset(ROWS)
    told = burst.run(running.config_file, 3)
    assert (told["changes"], told["partner_center"]) == (3, 2.0)
    assert 0 < told["dataverse"] <= told["dataverse_five_minutes"]
    assert 0 < told["minutes"] < 1


def test_each_client_of_others_has_a_place_with_pinned_requirements():
    for kind, folder in places.PLACES.items():
        place = Path(places.__file__).parent / folder
        asked = (place / "requirements.in").read_text().split()
        locked = (place / "requirements.lock").read_text()
        assert all(f"\n{name}==" in f"\n{locked}" for name in asked)
        assert f'"{kind}": ' in (place.parent / "reading.py").read_text()


def test_the_first_walk_of_all_is_told_apart(running):
    running.reset(ROWS)
    cold, floor = first_read.measure(running, ROWS, 2, ("bytes",))
    assert (cold.kind, len(cold.runs), floor.kind, len(floor.runs)) == ("cold", 1, "bytes", 2)
    assert floor.serving >= 0


def test_laying_tells_time_and_memory_of_the_world_it_made(running):
    seen = laying.measure(running, 3000)
    assert (seen.subscriptions, 0 < seen.seconds < 60, seen.cpu > 0) == (3000, True, True)
    assert seen.memory_mib > 50


def test_a_reader_that_misses_rows_is_no_measurement(running, monkeypatch):
    told = {"rows": ROWS - 1, "seconds": 1.0, "cpu": 0.5, "waited": 0.5, "requests": 1}
    monkeypatch.setattr(first_read, "child", lambda *_: told)
    with pytest.raises(RuntimeError, match="read 19 of 20 rows"):
        first_read.read(running, "plain", ROWS)


def test_settling_checks_what_is_owed():
    assert settling.measure(3)["settled"] == 3


def test_invoices_are_issued_with_one_change_set_each(running):
    told = invoicing.measure(running, 5)
    assert (told["invoices"], told["writes"]) == (5, 1.0)


def test_a_target_that_is_missed_is_told():
    table = report.verdicts([report.Verdict(name="speed", measured="1", target="2", met=False)])
    assert report.text(table).splitlines()[-1] == "| speed | 1        | 2      | NO  |"


def test_only_what_stands_between_the_markers_is_written(tmp_path):
    path = tmp_path / "performance.md"
    path.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    report.write(path, "new")
    assert path.read_text() == f"before\n{report.BEGIN}\n\nnew\n\n{report.END}\nafter\n"


def test_a_document_without_markers_is_left_alone(tmp_path):
    path = tmp_path / "performance.md"
    path.write_text("words")
    with pytest.raises(ValueError, match="no markers"):
        report.write(path, "new")
    assert path.read_text() == "words"


def test_a_part_that_is_measured_alone_replaces_its_own_tables_only(tmp_path):
    targets = [
        report.Verdict(name="requests per idle cycle", measured="2", target="2", met=True),
        report.Verdict(name="50 invoices", measured="1.04", target="<= 1.1", met=True),
    ]
    whole = [
        report.verdicts(targets),
        report.Table(title="Requests", head=("what", "seen"), rows=(("idle", "2"),)),
        report.Table(title="Invoices", head=("invoices", "time"), rows=(("50", "0.6 s"),)),
    ]
    document = tmp_path / "performance.md"
    document.write_text(f"before\n{report.BEGIN}\n{report.END}\nafter\n")
    report.write(document, report.document(["Date: Monday"], whole))
    alone = report.Table(title="Invoices", head=("invoices", "time"), rows=(("10,000", "90 s"),))
    verdict = report.Verdict(name="10,000 invoices", measured="1.01", target="<= 1.1", met=True)
    report.update(document, ["Date: Tuesday"], [report.verdicts([verdict]), alone])
    found = document.read_text()
    assert found.startswith("before\n")
    assert found.endswith(f"{report.END}\nafter\n")
    assert [line for line in found.splitlines() if line.startswith("| ")] == [
        "| what                    | measured | target | met |",
        "| requests per idle cycle | 2        | 2      | yes |",
        "| 10,000 invoices         | 1.01     | <= 1.1 | yes |",
        "| what | seen |",
        "| idle | 2    |",
        "| invoices | time |",
        "| 10,000   | 90 s |",
    ]
    assert (found.count("Date: Monday"), found.count("Date: Tuesday")) == (1, 1)


def test_a_first_look_is_killed_half_way_and_stays_inside_the_limits(running, monkeypatch):
    running.reset(150)
    whole = first_sweep.run(running.config_file, 3)
    assert (whole["subscriptions"], whole["suspects"], whole["differences"]) == (150, 0, 0)
    assert 3 <= whole["lists"] <= 5  # what was under way when it was killed is asked for again
    monkeypatch.setattr(first_sweep, "measure", lambda *_: whole)
    verdicts, table = sweep_limits.measure(running, 150, 9.0)
    assert [one.name for one in verdicts if not one.met] == []
    assert table.rows[0][:2] == ("150", "3")
