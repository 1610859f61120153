"""`backup`, `restore` and `verify` on the command line, and one process per state."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import structlog

from seatkeeper.cli import run_command
from seatkeeper.daemon import Daemon
from seatkeeper.instance import AlreadyRunningError, single_instance
from store.sqlite import SqliteStore
from sync.state import DamagedStateError, TrailEntry, UnwritableStateError
from tests.durability.site import Tally
from tests.durability.story import adopted_site, deactivate
from tests.store.values import NOON, seen
from tests.wiring.written import write

ROOT = Path(__file__).parents[2]
HOLD = """
import sys, time
from pathlib import Path
from seatkeeper.instance import single_instance
with single_instance(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def call(capsys, tmp_path, monkeypatch):
    """Run a command in a folder with a configuration and a state; return code and words."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path)
    before = structlog.get_config()

    def run(*words):
        code = run_command(list(words))
        said = capsys.readouterr()
        return code, said.out + said.err

    yield run
    structlog.configure(**before)


@pytest.fixture
def state(tmp_path):
    """Return a state file with one row and a trail."""
    path = tmp_path / "state.db"
    _add(path, "a")
    return path


def _add(path, name):
    store = SqliteStore(path)
    store.tx(lambda tx: tx.put_seen([seen(name)]))
    store.tx(lambda tx: tx.trail([TrailEntry(at=NOON, subject=name, event="seen", facts={})]))
    store.close()


def _subjects(path):
    store = SqliteStore(path)
    found = store.look(lambda tx: tx.subjects())
    store.close()
    return found


@pytest.fixture
def holder(state):
    """Start another process that holds the lock of the state."""
    command = [sys.executable, "-c", HOLD, str(state)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)  # noqa: S603  # ourselves
    assert process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_backup_says_what_it_holds(call, state):
    code, said = call("backup", "kept.db", "--json")
    told = json.loads(said)
    assert (code, told["file"], told["last_sequence"]) == (0, "kept.db", 1)
    code, said = call("backup", "kept.db")
    assert (code, said.strip()) == (0, f"kept.db holds {told['rows']} rows, the trail up to 1.")


def test_a_backup_needs_a_state(call):
    code, said = call("backup", "kept.db")
    assert code == 1
    assert "there is no state to back up" in said


def test_a_restore_puts_the_backup_back_and_says_where_the_replaced_state_is(call, state):
    call("backup", "kept.db")
    _add(state, "later")
    code, said = call("restore", "kept.db")
    (kept,) = state.parent.glob("state.db.replaced-*")
    assert code == 0
    assert str(kept) in said
    assert (_subjects(state), _subjects(kept)) == (["a"], ["a", "later"])


def test_a_restore_while_a_daemon_runs_is_refused_and_a_backup_is_not(call, state, holder):
    assert call("backup", "kept.db")[0] == 0
    _add(state, "later")
    code, said = call("restore", "kept.db")
    assert code == 75
    assert f"process {holder.pid} works on" in said
    assert _subjects(state) == ["a", "later"]


def test_a_second_daemon_on_the_same_state_refuses_to_start(call, state, holder):
    code, said = call("run")
    assert code == 75
    assert f"process {holder.pid} works on" in said


def test_a_lock_of_a_process_that_was_killed_holds_nobody_up(state, holder):
    with pytest.raises(AlreadyRunningError), single_instance(state):
        pass
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    lock = state.with_name("state.db.lock")
    assert lock.read_text() == str(holder.pid)
    with single_instance(state):
        assert lock.read_text() == str(os.getpid())


def test_a_backup_that_is_no_state_is_refused(call, state):
    Path("kept.db").write_text("no backup " * 500)
    code, said = call("restore", "kept.db")
    assert (code, said.count("\n")) == (1, 1)
    assert "kept.db is damaged (file is not a database)" in said
    assert _subjects(state) == ["a"]


def test_verify_names_a_damaged_file_in_one_sentence(call, state):
    state.write_bytes(b"x" * state.stat().st_size)
    code, said = call("verify", "--json")
    (found,) = json.loads(said)
    assert (code, found["what"], found["broken"]) == (1, "state file", True)
    assert "is no state of Seatkeeper" in found["told"]


@pytest.mark.parametrize("command", [["status"], ["run", "--once"], ["parked", "list"]])
def test_a_command_on_a_damaged_state_ends_with_one_sentence(call, state, command):
    state.write_bytes(b"x" * state.stat().st_size)
    code, said = call(*command)
    assert (code, said.count("\n")) == (1, 1)
    assert said.startswith("The state cannot be used: ")
    assert "restore a backup" in said


# --- the engine and the daemon on a state in trouble ----------------------------------------------


@pytest.fixture
def site(tmp_path):
    """One subscription; the daemon has had its first look."""
    return adopted_site(tmp_path / "state.db")


class FullDisk(Tally):
    """A disk that is full at the n-th commit that writes, and after it."""

    def __init__(self, good: int, error: Exception) -> None:
        super().__init__()
        self.good, self.error = good, error

    def point(self) -> None:
        self.good -= 1
        if self.good < 0:
            raise self.error


@pytest.mark.parametrize("good", range(6))
def test_a_disk_that_is_full_before_the_intent_is_stored_sends_nothing(site, good):
    """Up to the commit of T2 nothing may have left; after it, everything comes to its end."""
    deactivate(site)
    site.store_tally = FullDisk(good, UnwritableStateError("the disk is full"))
    with pytest.raises(UnwritableStateError):
        site.run()
    writes = [one for one in site.wire.sent if one.method == "PATCH"]
    site.store_tally = Tally()
    stored = site.look(lambda tx: [one for s, _ in tx.due(None) for one in tx.open_operations(s)])
    assert not writes or stored
    site.quiesce(3)
    assert site.look(lambda tx: tx.parked()) == []
    assert len(site.logs(site.subscriptions[0])) == 1


@pytest.mark.parametrize("good", range(6))
def test_a_disk_that_is_full_for_a_moment_sets_nothing_aside(site, good):
    """The trouble is the machine's, not the subscription's."""

    class Moment(FullDisk):
        def point(self) -> None:
            self.good -= 1
            if self.good == -1:
                raise self.error

    deactivate(site)
    site.store_tally = Moment(good, UnwritableStateError("the disk is full"))
    with pytest.raises(UnwritableStateError):
        site.run()
    assert site.look(lambda tx: [one for one in tx.read_trail() if one.event == "parked"]) == []


def test_the_daemon_goes_on_after_a_full_disk_and_ends_on_a_damaged_file(site, capsys):
    site.edit(site.subscriptions[0], "suspended", sk_hold=True)
    site.run()
    site.edit(site.subscriptions[0], sk_name="touched")
    with site.process() as app:
        daemon = Daemon(app)
        site.store_tally = FullDisk(0, UnwritableStateError("the disk is full"))
        app.engine.ports.store._tally = site.store_tally
        daemon._cycle()
        daemon._parked()
        app.engine.ports.store._tally = FullDisk(0, DamagedStateError("it is damaged"))
        with pytest.raises(DamagedStateError):
            daemon._cycle()
    assert capsys.readouterr().out.count("cycle failed") == 2
