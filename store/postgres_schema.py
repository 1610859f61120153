"""The tables of the local state in PostgreSQL: the migrations of `schema`, by the same names.

Texts compare byte by byte, as in SQLite. `rowid` gives requests the order that SQLite's hidden
column gives them. The trail's numbers come from `numbers`, not from a sequence: a transaction that
is taken back then leaves no gap. Who writes locks `writers`, which never holds a row. A lease has
a key, so that there can be more than one.
"""

from collections.abc import Callable

from store import schema as sqlite_schema
from store.chain import digest
from store.postgres_connection import PostgresConnection

_FIRST = """
CREATE TABLE writers ();
CREATE TABLE numbers (name TEXT PRIMARY KEY, given BIGINT NOT NULL);
INSERT INTO numbers VALUES ('trail', 0);
CREATE TABLE leases (
    key TEXT PRIMARY KEY, fence BIGINT NOT NULL, holder TEXT NOT NULL, until TIMESTAMPTZ NOT NULL
);
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE cursors (table_name TEXT PRIMARY KEY, delta_link TEXT);
CREATE TABLE seen (
    id TEXT PRIMARY KEY, version BIGINT NOT NULL, point TEXT NOT NULL,
    status TEXT, quantity BIGINT, planned TEXT, contract_id TEXT, modified_at TEXT NOT NULL,
    first_seen_on TEXT NOT NULL, deactivate_on TEXT, audit_id TEXT NOT NULL,
    claims TEXT NOT NULL, differs_since TEXT
);
CREATE INDEX seen_deactivate ON seen (deactivate_on) WHERE deactivate_on IS NOT NULL;
CREATE INDEX seen_differs ON seen (differs_since) WHERE differs_since IS NOT NULL;
CREATE TABLE revisits (subscription_id TEXT PRIMARY KEY);
CREATE TABLE logs (
    id TEXT PRIMARY KEY, subscription_id TEXT NOT NULL, version BIGINT NOT NULL,
    change_key TEXT NOT NULL, sequence BIGINT NOT NULL, kind TEXT NOT NULL,
    quantity_after BIGINT NOT NULL, provisioning TEXT NOT NULL,
    stamped BIGINT NOT NULL CHECK (stamped IN (0, 1))
);
CREATE INDEX logs_subscription ON logs (subscription_id);
CREATE TABLE facts (
    ordinal BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key TEXT NOT NULL UNIQUE,
    subscription_id TEXT NOT NULL, point TEXT NOT NULL,
    status_changed BIGINT NOT NULL CHECK (status_changed IN (0, 1)),
    quantity_changed BIGINT NOT NULL CHECK (quantity_changed IN (0, 1)),
    source TEXT NOT NULL, at TEXT NOT NULL, by TEXT NOT NULL, effective_on TEXT,
    state TEXT NOT NULL
);
CREATE INDEX facts_subscription ON facts (subscription_id, state);
CREATE INDEX facts_open ON facts (state) WHERE state = 'waiting';
CREATE TABLE wakes (
    subscription_id TEXT PRIMARY KEY, reason TEXT NOT NULL, attempts BIGINT NOT NULL,
    not_before TEXT
);
CREATE TABLE operations (
    ordinal BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id TEXT NOT NULL UNIQUE,
    subject TEXT NOT NULL, group_id TEXT NOT NULL, service TEXT NOT NULL, action TEXT NOT NULL,
    set_name TEXT NOT NULL, target TEXT NOT NULL, body TEXT NOT NULL, precondition TEXT NOT NULL,
    quantity BIGINT, change_keys TEXT NOT NULL, state TEXT NOT NULL, attempts BIGINT NOT NULL,
    request_id TEXT NOT NULL, not_before TEXT, sent_at TEXT, message TEXT NOT NULL
);
CREATE INDEX operations_subject ON operations (subject, state);
CREATE INDEX operations_target ON operations (target);
CREATE INDEX operations_open ON operations (subject) WHERE state IN ('ready', 'sent');
CREATE TABLE holds (subscription_id TEXT PRIMARY KEY, held TEXT NOT NULL);
CREATE TABLE parked (
    subject TEXT PRIMARY KEY, code TEXT NOT NULL, reason TEXT NOT NULL, advice TEXT NOT NULL,
    since TEXT NOT NULL, change_key TEXT NOT NULL
);
CREATE TABLE trail (
    sequence BIGINT PRIMARY KEY, at TEXT NOT NULL, subject TEXT NOT NULL,
    event TEXT NOT NULL, facts TEXT NOT NULL
);
CREATE INDEX trail_subject ON trail (subject);
CREATE TABLE requests (
    id TEXT PRIMARY KEY, verb TEXT NOT NULL, argument TEXT NOT NULL, result TEXT,
    rowid BIGINT GENERATED ALWAYS AS IDENTITY
)
"""

_MET = """
CREATE TABLE met (
    walk TEXT NOT NULL, id TEXT NOT NULL, table_name TEXT NOT NULL, PRIMARY KEY (walk, id)
)
"""

_CHAIN = """
ALTER TABLE trail ADD COLUMN digest TEXT NOT NULL DEFAULT '';
ALTER TABLE trail ADD COLUMN chain TEXT NOT NULL DEFAULT '';
CREATE INDEX trail_unsealed ON trail (sequence) WHERE chain = ''
"""

_GUARDS = """
CREATE TABLE counted (
    change_key TEXT PRIMARY KEY, at TEXT NOT NULL, currency TEXT NOT NULL, refund TEXT NOT NULL
);
CREATE INDEX counted_at ON counted (at);
CREATE TABLE watches (subject TEXT PRIMARY KEY, at TEXT);
CREATE INDEX facts_observed ON facts (source) WHERE source = 'observed'
"""

_INVOICES = """
CREATE TABLE invoices (
    id TEXT PRIMARY KEY, contract_id TEXT NOT NULL, version BIGINT NOT NULL,
    status TEXT NOT NULL, work TEXT NOT NULL
);
CREATE INDEX invoices_work ON invoices (work) WHERE work <> ''
"""

_SIDES = """
CREATE TABLE suspects (
    ordinal BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subscription_id TEXT NOT NULL UNIQUE, reason TEXT NOT NULL, at TEXT, by TEXT NOT NULL,
    marks BIGINT NOT NULL
);
CREATE TABLE baselines (
    subscription_id TEXT PRIMARY KEY, crm TEXT NOT NULL, partner TEXT NOT NULL, at TEXT NOT NULL
);
CREATE TABLE differences (
    subscription_id TEXT NOT NULL, field TEXT NOT NULL, base TEXT NOT NULL, crm TEXT NOT NULL,
    partner TEXT NOT NULL, outcome TEXT NOT NULL, reason TEXT NOT NULL, since TEXT NOT NULL,
    PRIMARY KEY (subscription_id, field)
);
ALTER TABLE operations ADD COLUMN carried TEXT NOT NULL DEFAULT '{}'
"""

_PAGES = """
CREATE INDEX trail_at ON trail (at);
CREATE INDEX trail_event ON trail (event, at);
CREATE INDEX facts_at ON facts (at);
CREATE INDEX facts_state ON facts (state);
CREATE INDEX facts_waiting_at ON facts (at) WHERE state = 'waiting';
CREATE INDEX operations_sent ON operations (sent_at) WHERE sent_at IS NOT NULL;
CREATE INDEX seen_status ON seen (status);
CREATE INDEX differences_since ON differences (since, subscription_id, field);
CREATE INDEX parked_since ON parked (since, subject);
CREATE INDEX parked_code ON parked (code, since, subject)
"""

_FEED = """
CREATE TABLE links (
    subscription_id TEXT PRIMARY KEY, licence_id TEXT NOT NULL, customer_id TEXT NOT NULL,
    provider_id TEXT NOT NULL
);
CREATE INDEX links_licence ON links (licence_id);
CREATE TABLE licences (
    licence_id TEXT PRIMARY KEY, connector TEXT NOT NULL, customer_id TEXT NOT NULL,
    name TEXT NOT NULL, status TEXT NOT NULL, quantity BIGINT NOT NULL, at TEXT NOT NULL
);
CREATE INDEX licences_customer ON licences (connector, customer_id);
CREATE TABLE listings (
    ordinal BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, connector TEXT NOT NULL,
    customer_id TEXT NOT NULL, UNIQUE (connector, customer_id)
);
CREATE TABLE heard (key TEXT PRIMARY KEY, at TEXT NOT NULL);
CREATE INDEX heard_at ON heard (at)
"""

_NOTICES = """
CREATE TABLE notices (
    topic TEXT PRIMARY KEY, sentence TEXT NOT NULL, since TEXT NOT NULL, told_at TEXT NOT NULL
)
"""


def _made(statements: str) -> Callable[[PostgresConnection], None]:
    def make(connection: PostgresConnection) -> None:
        for statement in statements.split(";\n"):
            connection.execute(statement.replace("TEXT", 'TEXT COLLATE "C"'))

    return make


def _chained(connection: PostgresConnection) -> None:
    """Give the trail its hash chain; rows that are there are sealed at the next cycle."""
    _made(_CHAIN)(connection)
    held = connection.execute("SELECT sequence, at, subject, event, facts FROM trail").fetchall()
    digests = [(digest(*list(row)[1:]), row["sequence"]) for row in held]
    connection.executemany("UPDATE trail SET digest = ? WHERE sequence = ?", digests)


MIGRATIONS: tuple[tuple[str, Callable[[PostgresConnection], None]], ...] = (
    ("0001_first", _made(_FIRST)),
    ("0002_met", _made(_MET)),
    ("0003_trail_chain", _chained),
    ("0004_guards", _made(_GUARDS)),
    ("0005_invoices", _made(_INVOICES)),
    ("0006_sides", _made(_SIDES)),
    ("0008_pages", _made(_PAGES)),
    ("0007_feed", _made(_FEED)),
    ("0009_notices", _made(_NOTICES)),
)
"""In the order of `schema`, which came to be where two were made at the same time."""


def applied(connection: PostgresConnection) -> list[str] | None:
    """Return the migrations that a schema has had; None when there is no state in it."""
    if not _is_there(connection, "SELECT to_regclass('migrations') IS NOT NULL"):
        return None
    return [row["name"] for row in connection.execute("SELECT name FROM migrations ORDER BY name")]


def pending(connection: PostgresConnection) -> list[str]:
    """Return what is still to be made; raise IncompatibleStateError for a newer state."""
    had = applied(connection) or []
    sqlite_schema.refuse_unknown(had)
    return [name for name, _ in MIGRATIONS if name not in had]


def migrate(connection: PostgresConnection, schema: str, *, until: str = MIGRATIONS[-1][0]) -> None:
    """Make what is pending, up to a migration, inside the transaction that is open."""
    there = "SELECT count(*) > 0 FROM pg_namespace WHERE nspname = ?"
    if not _is_there(connection, there, schema):
        connection.execute(f'CREATE SCHEMA "{schema}"')
    connection.execute(
        "CREATE TABLE IF NOT EXISTS migrations"
        " (name TEXT PRIMARY KEY, applied_at TIMESTAMPTZ NOT NULL DEFAULT now())"
    )
    missing = pending(connection)
    names = [name for name, _ in MIGRATIONS]
    for name, make in MIGRATIONS[: names.index(until) + 1]:
        if name in missing:
            make(connection)
            connection.execute("INSERT INTO migrations (name) VALUES (?)", (name,))


def _is_there(connection: PostgresConnection, sql: str, *given: str) -> bool:
    row = connection.execute(sql, given).fetchone()
    return bool(row and row[0])
