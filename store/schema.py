"""The tables of the local state, as sqlite-utils migrations. A newer file is refused."""

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

migrations = Migrations("seatkeeper")

_FIRST = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE cursors (table_name TEXT PRIMARY KEY, delta_link TEXT) STRICT;
CREATE TABLE seen (
    id TEXT PRIMARY KEY, version INTEGER NOT NULL, point TEXT NOT NULL,
    status TEXT, quantity INTEGER, planned TEXT, contract_id TEXT, modified_at TEXT NOT NULL,
    first_seen_on TEXT NOT NULL, deactivate_on TEXT, audit_id TEXT NOT NULL,
    claims TEXT NOT NULL, differs_since TEXT
) STRICT;
CREATE INDEX seen_deactivate ON seen (deactivate_on) WHERE deactivate_on IS NOT NULL;
CREATE INDEX seen_differs ON seen (differs_since) WHERE differs_since IS NOT NULL;
CREATE TABLE revisits (subscription_id TEXT PRIMARY KEY) STRICT;
CREATE TABLE logs (
    id TEXT PRIMARY KEY, subscription_id TEXT NOT NULL, version INTEGER NOT NULL,
    change_key TEXT NOT NULL, sequence INTEGER NOT NULL, kind TEXT NOT NULL,
    quantity_after INTEGER NOT NULL, provisioning TEXT NOT NULL, stamped INTEGER NOT NULL
) STRICT;
CREATE INDEX logs_subscription ON logs (subscription_id);
CREATE TABLE facts (
    ordinal INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, subscription_id TEXT NOT NULL,
    point TEXT NOT NULL, status_changed INTEGER NOT NULL, quantity_changed INTEGER NOT NULL,
    source TEXT NOT NULL, at TEXT NOT NULL, by TEXT NOT NULL, effective_on TEXT,
    state TEXT NOT NULL
) STRICT;
CREATE INDEX facts_subscription ON facts (subscription_id, state);
CREATE INDEX facts_open ON facts (state) WHERE state = 'waiting';
CREATE TABLE wakes (
    subscription_id TEXT PRIMARY KEY, reason TEXT NOT NULL, attempts INTEGER NOT NULL,
    not_before TEXT
) STRICT;
CREATE TABLE operations (
    ordinal INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, subject TEXT NOT NULL,
    group_id TEXT NOT NULL, service TEXT NOT NULL, action TEXT NOT NULL, set_name TEXT NOT NULL,
    target TEXT NOT NULL, body TEXT NOT NULL, precondition TEXT NOT NULL, quantity INTEGER,
    change_keys TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL,
    request_id TEXT NOT NULL, not_before TEXT, sent_at TEXT, message TEXT NOT NULL
) STRICT;
CREATE INDEX operations_subject ON operations (subject, state);
CREATE INDEX operations_target ON operations (target);
CREATE INDEX operations_open ON operations (subject) WHERE state IN ('ready', 'sent');
CREATE TABLE holds (subscription_id TEXT PRIMARY KEY, held TEXT NOT NULL) STRICT;
CREATE TABLE parked (
    subject TEXT PRIMARY KEY, code TEXT NOT NULL, reason TEXT NOT NULL, advice TEXT NOT NULL,
    since TEXT NOT NULL, change_key TEXT NOT NULL
) STRICT;
CREATE TABLE trail (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, subject TEXT NOT NULL,
    event TEXT NOT NULL, facts TEXT NOT NULL
) STRICT;
CREATE INDEX trail_subject ON trail (subject);
CREATE TABLE requests (
    id TEXT PRIMARY KEY, verb TEXT NOT NULL, argument TEXT NOT NULL, result TEXT
) STRICT;
"""


@migrations(name="0001_first", transactional=True)
def first(db: Database) -> None:
    """Make the tables."""
    for statement in _FIRST.split(";\n"):
        if statement.strip():
            db.execute(statement)
