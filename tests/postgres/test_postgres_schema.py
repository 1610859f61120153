"""The tables in PostgreSQL: those of SQLite, made by the same numbers, older ones brought on."""

import threading

import pytest

from seatkeeper.bootstrap_state import look_at_store
from seatkeeper.config_state import StateConfig
from store import schema
from store.carrying import shapes
from store.postgres import PostgresStore, is_state, open_connection
from store.postgres_address import read_address
from store.postgres_schema import MIGRATIONS, migrate
from sync.state import IncompatibleStateError
from tests.store.values import NOON

OURS = {"leases", "migrations", "numbers", "writers"}


@pytest.fixture
def empty(server):
    """Return a database without our tables."""
    return read_address(server.address(server.database()))


def _rows(place, sql):
    connection = open_connection(place, None)
    found = [tuple(row) for row in connection.execute(sql)]
    connection.psycopg.close()
    return found


def test_the_migrations_are_those_of_sqlite_in_their_order():
    assert [name for name, _ in MIGRATIONS] == schema.known()


def test_the_tables_have_the_columns_of_sqlite(place):
    sql = (
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = 'seatkeeper'"
    )
    found: dict[str, set[str]] = {}
    for table, column in _rows(place, sql):
        found.setdefault(table, set()).add(column)
    wanted = {table: set(shape.columns) for table, shape in shapes().items()}
    assert {table: columns for table, columns in found.items() if table not in OURS} == wanted


def test_texts_are_ordered_byte_by_byte_as_in_sqlite(place):
    sql = (
        "SELECT table_name, column_name FROM information_schema.columns WHERE data_type = 'text'"
        " AND table_schema = 'seatkeeper' AND table_name <> 'migrations'"
        " AND collation_name IS DISTINCT FROM 'C'"
    )
    assert _rows(place, sql) == []


def test_every_index_of_sqlite_is_there(place):
    sql = "SELECT indexname FROM pg_indexes WHERE schemaname = 'seatkeeper'"
    there = {name for (name,) in _rows(place, sql)}
    from_sqlite = _sqlite_indexes()
    assert from_sqlite
    assert from_sqlite <= there


def _sqlite_indexes():
    from store.sqlite import SqliteStore  # noqa: PLC0415  # beside its only use

    store = SqliteStore(":memory:")
    sql = "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    found = {row[0] for row in store._connection.execute(sql)}
    store.close()
    return {name for name in found if "_sqlite_" not in name}


def test_a_newer_state_is_refused(place):
    connection = open_connection(place, None)
    connection.execute("INSERT INTO migrations (name) VALUES ('9999_future')")
    connection.psycopg.close()
    with pytest.raises(IncompatibleStateError, match=r"9999_future.*this version knows 0.*upgrade"):
        PostgresStore(place)


def test_an_older_state_is_brought_on_and_its_trail_is_chained(empty):
    connection = open_connection(empty, None)
    connection.psycopg.execute("BEGIN")
    migrate(connection, empty.schema, until="0002_met")
    sql = "INSERT INTO trail (sequence, at, subject, event, facts) VALUES (?, ?, 'a', ?, '{}')"
    for number in (1, 2):
        connection.execute(sql, (number, NOON.isoformat(), f"{number}"))
    connection.execute("UPDATE numbers SET given = 2")
    connection.psycopg.execute("COMMIT")
    connection.psycopg.close()
    store = PostgresStore(empty)
    assert store.look(lambda tx: tx.verify_trail()) is None
    assert store.tx(lambda tx: tx.seal()) == 2
    assert [one.event for one in store.tx(lambda tx: tx.read_trail())] == ["1", "2"]
    store.close()


def test_a_new_database_can_be_opened_by_several_at_once(empty):
    opened, failed = [], []

    def opens():
        try:
            opened.append(PostgresStore(empty))
        except Exception as error:  # noqa: BLE001  # told by the assertion
            failed.append(error)

    threads = [threading.Thread(target=opens) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for store in opened:
        store.close()
    assert (len(opened), failed) == (4, [])


def test_looking_at_a_database_without_a_state_makes_none(empty):
    store = look_at_store(StateConfig(state=empty.address))
    assert store.look(lambda tx: tx.counts()).subscriptions == 0
    store.close()
    assert not is_state(empty)


def test_two_installations_in_one_database_do_not_see_each_other(server, empty):
    name = empty.address.partition("@/")[2].partition("?")[0]
    stores = [PostgresStore(read_address(server.address(name, schema=one))) for one in ("a", "b")]
    stores[0].tx(lambda tx: tx.set_meta("k", "a"))
    assert [store.tx(lambda tx: tx.meta("k")) for store in stores] == ["a", None]
    for store in stores:
        store.close()


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("postgresql://a:secret@db/x", "no password may stand"),
        ("postgresql://a@db/x?password=secret", "no password may stand"),
        ("postgresql://a@db/", "name of the database is missing"),
        ("postgresql://a@db/x?schema=Big", "cannot be the schema"),
        ("postgresql://a@db/x?schema=pg_ours", "cannot be the schema"),
        ('postgresql://a@db/x?schema=a";drop', "cannot be the schema"),
        ("postgresql://a@db/x?lease_seconds=0", "from 1 to 3600"),
        ("postgresql://a@db/x?lease_seconds=long", "from 1 to 3600"),
        ("mysql://a@db/x", "begins with postgresql"),
    ],
)
def test_an_address_that_cannot_serve_is_refused(address, told):
    with pytest.raises(ValueError, match=told) as refused:
        read_address(address)
    assert "secret" not in str(refused.value).replace("a secret", "")


def test_an_address_keeps_what_libpq_knows_and_takes_out_what_is_ours():
    place = read_address("postgresql://u@db:6432/x?sslmode=require&schema=s&lease_seconds=5")
    assert place.address == "postgresql://u@db:6432/x?sslmode=require"
    assert (place.schema, place.lease_seconds) == ("s", 5.0)
    assert str(place) == "database x at db:6432, schema s"
