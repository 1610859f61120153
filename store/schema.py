"""The tables of the local state, as sqlite-utils migrations. A newer file is refused."""

from collections.abc import Iterable

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from store.chain import digest
from sync.state import IncompatibleStateError

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


@migrations(name="0002_met", transactional=True)
def met(db: Database) -> None:
    """Remember which rows a full read has met."""
    db.execute(
        "CREATE TABLE met (walk TEXT NOT NULL, id TEXT NOT NULL, table_name TEXT NOT NULL,"
        " PRIMARY KEY (walk, id)) STRICT, WITHOUT ROWID"
    )


_CHAIN = (
    "ALTER TABLE trail ADD COLUMN digest TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE trail ADD COLUMN chain TEXT NOT NULL DEFAULT ''",
    "CREATE INDEX trail_unsealed ON trail (sequence) WHERE chain = ''",
)


@migrations(name="0003_trail_chain", transactional=True)
def trail_chain(db: Database) -> None:
    """Give the trail its hash chain; rows that are there are sealed at the next cycle."""
    for statement in _CHAIN:
        db.execute(statement)
    names = "at, subject, event, facts"
    held = db.execute(f"SELECT sequence, {names} FROM trail").fetchall()  # noqa: S608  # ours
    digests = [(digest(*row[1:]), row[0]) for row in map(tuple, held)]
    db.conn.executemany("UPDATE trail SET digest = ? WHERE sequence = ?", digests)


_GUARDS = (
    "CREATE TABLE counted (change_key TEXT PRIMARY KEY, at TEXT NOT NULL, currency TEXT NOT NULL,"
    " refund TEXT NOT NULL) STRICT",
    "CREATE INDEX counted_at ON counted (at)",
    "CREATE TABLE watches (subject TEXT PRIMARY KEY, at TEXT) STRICT",
    "CREATE INDEX facts_observed ON facts (source) WHERE source = 'observed'",
)


@migrations(name="0004_guards", transactional=True)
def guards(db: Database) -> None:
    """Remember what the guards count, and which writes are to be verified again."""
    for statement in _GUARDS:
        db.execute(statement)


_INVOICES = (
    "CREATE TABLE invoices (id TEXT PRIMARY KEY, contract_id TEXT NOT NULL,"
    " version INTEGER NOT NULL, status TEXT NOT NULL, work TEXT NOT NULL) STRICT",
    "CREATE INDEX invoices_work ON invoices (work) WHERE work <> ''",
)


@migrations(name="0005_invoices", transactional=True)
def invoices(db: Database) -> None:
    """Remember how each invoice stood, so that a payment or a voiding is seen once."""
    for statement in _INVOICES:
        db.execute(statement)


_SIDES = (
    "CREATE TABLE suspects (ordinal INTEGER PRIMARY KEY, subscription_id TEXT NOT NULL UNIQUE,"
    " reason TEXT NOT NULL, at TEXT, by TEXT NOT NULL, marks INTEGER NOT NULL) STRICT",
    "CREATE TABLE baselines (subscription_id TEXT PRIMARY KEY, crm TEXT NOT NULL,"
    " partner TEXT NOT NULL, at TEXT NOT NULL) STRICT",
    "CREATE TABLE differences (subscription_id TEXT NOT NULL, field TEXT NOT NULL,"
    " base TEXT NOT NULL, crm TEXT NOT NULL, partner TEXT NOT NULL, outcome TEXT NOT NULL,"
    " reason TEXT NOT NULL, since TEXT NOT NULL,"
    " PRIMARY KEY (subscription_id, field)) STRICT, WITHOUT ROWID",
    "ALTER TABLE operations ADD COLUMN carried TEXT NOT NULL DEFAULT '{}'",
)


@migrations(name="0006_sides", transactional=True)
def sides(db: Database) -> None:
    """Remember who is suspect, what both sides last held alike, and where they differ."""
    for statement in _SIDES:
        db.execute(statement)


_PAGES = (
    "CREATE INDEX trail_at ON trail (at)",
    "CREATE INDEX trail_event ON trail (event, at)",
    "CREATE INDEX facts_at ON facts (at)",
    "CREATE INDEX facts_state ON facts (state)",
    "CREATE INDEX facts_waiting_at ON facts (at) WHERE state = 'waiting'",
    "CREATE INDEX operations_sent ON operations (sent_at) WHERE sent_at IS NOT NULL",
    "CREATE INDEX seen_status ON seen (status)",
    "CREATE INDEX differences_since ON differences (since, subscription_id, field)",
    "CREATE INDEX parked_since ON parked (since, subject)",
    "CREATE INDEX parked_code ON parked (code, since, subject)",
)


@migrations(name="0008_pages", transactional=True)
def pages(db: Database) -> None:
    """Let a person leaf through what happened without a walk over all of it."""
    for statement in _PAGES:
        db.execute(statement)


_FEED = (
    "CREATE TABLE links (subscription_id TEXT PRIMARY KEY, licence_id TEXT NOT NULL,"
    " customer_id TEXT NOT NULL, provider_id TEXT NOT NULL) STRICT",
    "CREATE INDEX links_licence ON links (licence_id)",
    "CREATE TABLE licences (licence_id TEXT PRIMARY KEY, connector TEXT NOT NULL,"
    " customer_id TEXT NOT NULL, name TEXT NOT NULL, status TEXT NOT NULL,"
    " quantity INTEGER NOT NULL, at TEXT NOT NULL) STRICT",
    "CREATE INDEX licences_customer ON licences (connector, customer_id)",
    "CREATE TABLE listings (ordinal INTEGER PRIMARY KEY, connector TEXT NOT NULL,"
    " customer_id TEXT NOT NULL, UNIQUE (connector, customer_id)) STRICT",
    "CREATE TABLE heard (key TEXT PRIMARY KEY, at TEXT NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE INDEX heard_at ON heard (at)",
)


@migrations(name="0007_feed", transactional=True)
def feed(db: Database) -> None:
    """Remember which licence a row names, what the provider lists, and which records were read."""
    for statement in _FEED:
        db.execute(statement)


_NOTICES = (
    "CREATE TABLE notices (topic TEXT PRIMARY KEY, sentence TEXT NOT NULL, since TEXT NOT NULL,"
    " told_at TEXT NOT NULL) STRICT",
)


@migrations(name="0009_notices", transactional=True)
def notices(db: Database) -> None:
    """Remember what people were told of, so that a restart repeats nothing."""
    for statement in _NOTICES:
        db.execute(statement)


def known() -> list[str]:
    """Return the names of the schema versions that this version knows, the newest last."""
    return [migration.name for migration in migrations._migrations]  # noqa: SLF001  # no list of all is public


def refuse_newer(db: Database) -> None:
    """Refuse a file of a newer schema; name both."""
    refuse_unknown(migration.name for migration in migrations.applied(db))


def refuse_unknown(applied: Iterable[str]) -> None:
    """Raise IncompatibleStateError when a state has had more than this version knows."""
    ours = known()
    newer = sorted(set(applied) - set(ours))
    if newer:
        raise IncompatibleStateError(
            f"it was written by a newer Seatkeeper (schema {newer[-1]}, this version knows"
            f" {ours[-1]}); upgrade Seatkeeper, or restore a backup that this version wrote"
        )
