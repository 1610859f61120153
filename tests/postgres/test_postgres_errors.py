"""PostgreSQL in trouble: a sentence with the remedy, the right exit code, and nothing sent."""

import sys

import pytest

from sandbox.journal import EntryType
from seatkeeper.cli import run_command
from store.carrying import copy_to_postgres
from store.postgres import PostgresStore, open_connection
from store.postgres_address import read_address
from sync.state import StateSignInError, UnreachableStateError, UnwritableStateError
from tests.engine.opening import open_stage
from tests.engine.stage import Setting
from tests.postgres.server import new_server
from tests.wiring.written import VALID, write

SCRAM = "local all locked scram-sha-256\nlocal all all trust\n"
PASSWORD = "canary-4711-not-a-real-one"


@pytest.fixture(scope="module")
def own():
    """Return a server that these tests may stop."""
    server = new_server(fsync="off")
    server.execute(f"CREATE ROLE locked LOGIN SUPERUSER PASSWORD '{PASSWORD}'")
    (server.data / "pg_hba.conf").write_text(SCRAM)
    server.execute("SELECT pg_reload_conf()")
    yield server
    server.stop()


@pytest.fixture
def state(own):
    """Return what `state` says for an empty database, of a user with a password."""
    return own.address(own.database()).replace("seatkeeper@", "locked@")


def _said(capsys):
    told = capsys.readouterr()
    assert PASSWORD not in told.out + told.err
    return told.err


def _run(tmp_path, state, *words, password=PASSWORD):
    text = f"state: {state}\nstate_password: {password}" if password else f"state: {state}"
    file = write(tmp_path, VALID.replace("state: sqlite:///state.db", text))
    return run_command([*words, "--config", str(file)])


@pytest.mark.parametrize("verb", ["status", "pause"])
def test_a_right_password_opens_the_state_and_is_not_shown(state, tmp_path, capsys, verb):
    """`pause` reads no other secret."""
    assert _run(tmp_path, state, verb) == 0
    assert PASSWORD not in capsys.readouterr().out


def test_a_password_may_be_a_reference(state, tmp_path):
    (tmp_path / "secret").write_text(PASSWORD)
    assert _run(tmp_path, state, "pause", password="file:secret") == 0


def test_check_tells_where_the_state_is_and_what_is_wrong_with_it(state, tmp_path, capsys):
    _run(tmp_path, state, "check", "--offline")
    assert "ok    state: database d" in capsys.readouterr().out
    _run(tmp_path, state, "check", "--offline", password="wrong")
    assert "refuses the user or the password" in capsys.readouterr().out


def test_without_the_extra_it_is_told_how_to_add_it(state, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    assert _run(tmp_path, state, "status") == 78
    assert "pip install 'seatkeeper[postgres]'" in _said(capsys)


@pytest.mark.parametrize("password", ["wrong", ""])
def test_a_wrong_or_missing_password_is_a_sign_in_error_with_its_remedy(
    state, tmp_path, capsys, monkeypatch, password
):
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "none"))
    assert _run(tmp_path, state, "status", password=password) == 77
    assert "refuses the user or the password" in (told := _said(capsys))
    assert "state_password or in the file that PGPASSFILE names" in told


def test_a_password_may_stand_in_the_file_that_libpq_knows(state, tmp_path, monkeypatch):
    file = tmp_path / "pgpass"
    file.write_text(f"*:*:*:locked:{PASSWORD}\n")
    file.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(file))
    assert _run(tmp_path, state, "status", password="") == 0


@pytest.mark.parametrize(
    ("wrong", "told"),
    [("locked@", 'role "nobody" does not exist'), ("@/", 'database "none" does not exist')],
)
def test_a_user_or_database_that_is_not_there_is_a_configuration_error(
    own, tmp_path, capsys, wrong, told
):
    address = own.address("none" if wrong == "@/" else "postgres")
    if wrong != "@/":
        address = address.replace("seatkeeper@", "nobody@")
    assert _run(tmp_path, address, "status", password="") == 78
    assert told in (said := _said(capsys))
    assert "correct `state`" in said


def test_a_database_that_is_down_is_a_passing_trouble(own, state, tmp_path, capsys):
    PostgresStore(read_address(state), PASSWORD).close()
    own.stop("fast")
    try:
        assert _run(tmp_path, state, "status") == 75
        assert _run(tmp_path, state, "run", "--once") == 75
    finally:
        own.start()
    assert "cannot be reached" in _said(capsys)
    assert _run(tmp_path, state, "status") == 0


def test_a_newer_state_is_refused_with_what_to_do(own, state, tmp_path, capsys):
    place = read_address(state)
    PostgresStore(place, PASSWORD).close()
    connection = open_connection(place, PASSWORD)
    connection.execute("INSERT INTO migrations (name) VALUES ('9999_future')")
    connection.psycopg.close()
    assert _run(tmp_path, state, "status") == 78
    assert "upgrade Seatkeeper" in _said(capsys)


def test_a_user_without_rights_is_told_which(own, tmp_path, capsys):
    name = own.database()
    own.execute("CREATE ROLE guest LOGIN")
    address = own.address(name).replace("seatkeeper@", "guest@")
    assert _run(tmp_path, address, "pause", password="") == 1
    assert "grant the user the right" in _said(capsys)


def test_a_database_that_takes_no_writes_is_told_to_be_a_standby(own, state):
    store = PostgresStore(read_address(state), PASSWORD)
    store._connection.psycopg.execute("SET default_transaction_read_only = on")
    with pytest.raises(UnwritableStateError, match=r"takes no writes .* not a standby"):
        store.tx(lambda tx: tx.set_meta("k", "v"))
    store.close()


def test_a_page_that_was_overwritten_is_found(own, state):
    place = read_address(state)
    store = PostgresStore(place, PASSWORD)
    store.tx(lambda tx: tx.set_meta("k", "v"))
    row = store._connection.execute("SELECT pg_relation_filepath('meta')").fetchone()
    store.close()
    own.stop("fast")
    file = own.data / row[0]
    file.write_bytes(b"\xff" * len(file.read_bytes()))
    own.start()
    store = PostgresStore(place, PASSWORD)
    (found,) = store.damage()
    assert found.startswith("meta: invalid page")
    store.close()


# --- in mid-run -----------------------------------------------------------------------------------


@pytest.fixture
def stage(own, state):
    """Give a stage whose state is on a server that can be stopped, with a change that waits."""
    opened = open_stage(Setting())
    store = PostgresStore(read_address(state), PASSWORD)
    ports = opened.application.engine.ports
    with store._transaction("BEGIN") as connection:
        copy_to_postgres(ports.store._connection, connection)
        connection.psycopg.execute("COMMIT")
    object.__setattr__(ports, "store", store)
    opened.on("2025-06-16")
    opened.edits(status="suspended")
    yield opened
    store.close()


def test_a_database_that_goes_down_stops_everything_and_it_goes_on_when_it_is_back(own, stage):
    own.stop("immediate")
    mark = stage.mark
    try:
        with pytest.raises(UnreachableStateError):
            stage.runs()
        with pytest.raises(UnreachableStateError, match="cannot be reached"):
            stage.runs()
    finally:
        own.start()
    assert not [one for one in stage.world.journal.since(mark) if one.type is EntryType.COMMIT]
    assert stage.runs().failures == []
    assert stage.kinds() == [("deactivation", -10)]


def test_a_password_that_changes_meanwhile_is_told(own, stage):
    own.execute("ALTER ROLE locked PASSWORD 'another'")
    stage.application.store._connection.psycopg.close()
    try:
        with pytest.raises(StateSignInError):
            stage.runs()
    finally:
        own.execute(f"ALTER ROLE locked PASSWORD '{PASSWORD}'")
