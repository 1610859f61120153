"""The daemon: it starts once, ends when told to, and survives services that are down."""

import signal
import sqlite3
import time
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from sandbox.scenarios.identity import (
    HERO_AUTOMATIC,
    HERO_AUTOMATIC_AT_PROVIDER,
    HERO_CONTRACT,
    HERO_MANUAL,
)
from tests.acceptance.installed import running_daemon, wait_for

LONGEST_SECONDS = 10
SIGNALS = [signal.SIGTERM, signal.SIGINT]


@pytest.fixture
def clear(sandbox):
    yield
    sandbox.control("faults", {"rules": []})


def fault(sandbox, **rule):
    sandbox.control("faults", {"rules": [{"path": ".", "times": 100_000, **rule}]})


def last_success(sandbox):
    """Return when the daemon last finished a cycle, as its state says."""
    state = sandbox.config.parent / "state-1.db"
    if not state.exists():
        return None
    with closing(sqlite3.connect(f"file:{state}?mode=ro", uri=True)) as connection:
        try:
            sql = "SELECT value FROM meta WHERE key = 'last_success'"
            return next(iter(connection.execute(sql)), None)
        except sqlite3.OperationalError:
            return None  # it is being made


@contextmanager
def working_daemon(sandbox, log):
    """Run the daemon, and wait until it has finished a cycle of its own."""
    before = last_success(sandbox)
    with running_daemon(sandbox, log) as daemon:
        wait_for(lambda: last_success(sandbox) != before)
        yield daemon


@pytest.mark.parametrize("number", SIGNALS)
def test_the_daemon_ends_with_0_within_ten_seconds(sandbox, tmp_path, number):
    with working_daemon(sandbox, tmp_path / "log") as daemon:
        code, seconds = daemon.end(number)
    assert code == 0
    assert seconds < LONGEST_SECONDS
    assert len(daemon.said("stopped")) == 1


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.usefixtures("clear")
def test_the_daemon_ends_as_well_while_the_service_is_down(sandbox, tmp_path, number):
    fault(sandbox, service="dataverse", status=503)
    with running_daemon(sandbox, tmp_path / "log") as daemon:
        wait_for(lambda: daemon.said("service unavailable"))
        code, seconds = daemon.end(number)
    assert code == 0
    assert seconds < LONGEST_SECONDS


@pytest.mark.usefixtures("clear")
def test_the_daemon_ends_as_well_while_a_service_does_not_answer(sandbox, tmp_path):
    with working_daemon(sandbox, tmp_path / "log") as daemon:
        fault(sandbox, service="dataverse", delay_seconds=15)
        time.sleep(1.5)
        code, seconds = daemon.end()
    assert code == 0
    assert seconds < LONGEST_SECONDS


def test_a_second_process_on_the_same_state_is_refused_with_75(sandbox, tmp_path):
    with working_daemon(sandbox, tmp_path / "log") as daemon:
        for verb in (("run",), ("run", "--once")):
            done = sandbox.start(*verb)
            assert done.returncode == 75
            assert f"process {daemon.process.pid} works on" in done.stderr
            assert done.stderr.count("\n") == 1
        assert daemon.process.poll() is None


@pytest.mark.usefixtures("clear")
def test_an_outage_is_one_line_when_it_begins_one_when_it_ends_and_loses_nothing(sandbox, tmp_path):
    before = len(sandbox.logs(HERO_MANUAL))
    with working_daemon(sandbox, tmp_path / "log") as daemon:
        fault(sandbox, service="dataverse", method="GET", status=503)
        wait_for(lambda: daemon.said("service unavailable"))
        sandbox.deactivate(HERO_MANUAL)
        mark = sandbox.last()
        # One attempt is four requests; with the fifth a later attempt has begun to fail as well.
        wait_for(lambda: sandbox.last() >= mark + 5, seconds=40)
        sandbox.control("faults", {"rules": []})
        wait_for(lambda: daemon.said("service is back"), seconds=30)
        wait_for(lambda: len(sandbox.logs(HERO_MANUAL)) == before + 1)
        assert len(daemon.said("service unavailable")) == 1
        assert len(daemon.said("service is back")) == 1


def test_with_a_poll_every_second_a_deactivation_is_suspended_soon(sandbox, tmp_path):
    path = f"partner-center/subscriptions/{HERO_AUTOMATIC_AT_PROVIDER}"
    log = tmp_path / "log"
    with working_daemon(sandbox, log) as daemon:
        begun = time.monotonic()
        sandbox.deactivate(HERO_AUTOMATIC)
        wait_for(lambda: sandbox.control(path)["status"] == "suspended")
        assert time.monotonic() - begun < 5
        command = Path(f"/proc/{daemon.process.pid}/cmdline").read_bytes().decode()
        wait_for(lambda: daemon.said("cycle"))
    everything = log.read_text(encoding="utf-8") + command
    everything += "".join(blob.decode("latin-1") for blob in sandbox.state_files().values())
    assert sandbox.ready["client_secret"] not in everything
    assert "eyJ0" not in everything


def test_rule_2_14_an_invoice_run_is_done_by_the_running_daemon_else_alone(sandbox, tmp_path):
    (draft,) = sandbox.rows(
        "sk_invoices", f"_sk_billingcontractid_value eq {HERO_CONTRACT} and statuscode eq 1"
    )
    call = ("invoice", "run", "--on", draft["sk_cyclestart"], "--contract", HERO_CONTRACT)
    nobody = "00000000-0000-0000-0000-00000000abcd"
    with working_daemon(sandbox, tmp_path / "log") as daemon:
        code, issued = sandbox.document(*call)
        refused = sandbox.run("invoice", "run", "--contract", nobody)
        assert daemon.process.poll() is None
    assert code == 0
    assert [one["contract_id"] for one in issued] == [HERO_CONTRACT]
    row = sandbox.crm("GET", f"sk_invoices({draft['sk_invoiceid']})")
    assert (row["statuscode"], row["sk_number"]) == (126310000, issued[0]["number"])
    assert (refused.returncode, "there is no billing contract" in refused.stderr) == (1, True)
    assert sandbox.document(*call) == (0, [])
    assert sandbox.run("invoice", "preview", HERO_CONTRACT).returncode == 0
    shows_the_invoice(sandbox, tmp_path, issued[0])


def shows_the_invoice(sandbox, folder, issued):
    """See what was issued as text, and as JSON, HTML and PDF at once."""
    number, html, pdf = issued["number"], folder / "invoice.html", folder / "invoice.pdf"
    shown = sandbox.run("invoice", "show", number)
    files = ("--html", str(html), "--pdf", str(pdf))
    code, told = sandbox.document("invoice", "show", number, *files)
    assert (shown.returncode, code, told["number"]) == (0, 0, number)
    assert Decimal(str(told["total"])) == Decimal(str(issued["total"]))
    assert len(told["lines"]) == issued["lines"]
    page = html.read_text(encoding="utf-8")
    for text in (number, f"{Decimal(str(told['total'])):,.2f}"):
        assert text in shown.stdout
        assert text in page
    assert all(line["explanation"] in page for line in told["lines"])
    assert pdf.read_bytes().startswith(b"%PDF-")
