"""All tables of the emulated organisation, with transactions over them.

A change set is undone as a whole, audit rows included; row versions it spent stay spent.
The journal hears of a mutation only when its transaction has succeeded.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from sandbox.dataverse.audit import AuditEntry, AuditTrail
from sandbox.dataverse.choices import GlobalChoice
from sandbox.dataverse.columns import ID, VERSION, Row, Table
from sandbox.dataverse.errors import segment_missing
from sandbox.dataverse.ports import World
from sandbox.dataverse.rendered import WalkedPages
from sandbox.dataverse.rows import Rows
from sandbox.dataverse.stored_schema import read_table, stored_table
from sandbox.dataverse.system_tables import SYSTEM_TABLES
from sandbox.dataverse.tables import TABLES

SERVICE = "dataverse"
AUDIT = "audit"
TOMBSTONE = ".deleted"
STATE = "dataverse_state"
SCHEMA = "dataverse_schema"
CHOICE = "dataverse_choice"

EVERY = (*TABLES, *SYSTEM_TABLES)

Document = dict[str, Any]


@dataclass(slots=True)
class Transaction:
    """What to undo when it fails and what to tell the world when it succeeds."""

    undo: list[Callable[[], object]] = field(default_factory=list)
    tell: list[Callable[[], None]] = field(default_factory=list)


class Database:
    """The rows of every table, the audit trail and the highest row version seen."""

    def __init__(self, world: World, tables: tuple[Table, ...] = EVERY) -> None:
        self.world = world
        self._first = tables
        self.tables = {table.logical: Rows(table) for table in tables}
        self._by_set = {rows.table.set_name: rows for rows in self.tables.values()}
        self.audit = AuditTrail()
        self.walked = WalkedPages()
        self.high_version = 0
        self.oldest_version = 0
        """Delta tokens below it belong to an earlier world."""
        self.choices: dict[str, GlobalChoice] = {}
        self.defined_at: dict[str, int] = {}
        """When tables were last defined anew; delta tokens below it expired by that."""
        self.made_at: dict[tuple[str, str], datetime] = {}
        """When tables (with no column) and columns were made by a client."""
        self._open: Transaction | None = None

    def clear(self) -> None:
        """Drop all rows and definitions; what was handed out before counts as expired."""
        self.tables = {table.logical: Rows(table) for table in self._first}
        self.defined_at, self.made_at = {}, {}
        self.choices = {}
        self._by_set = {rows.table.set_name: rows for rows in self.tables.values()}
        self.audit = AuditTrail()
        self.walked = WalkedPages()
        self.oldest_version = self.next_version()
        self._save(STATE, "oldest_version", {"value": self.oldest_version})

    def next_version(self) -> int:
        self.high_version = self.world.next_version()
        return self.high_version

    @property
    def metadata_version(self) -> int:
        """Return the version of all definitions; it moves when one changes."""
        return max([self.oldest_version, 1, *self.defined_at.values()])

    def rows_of_set(self, set_name: str) -> Rows:
        """Return the rows of an entity set; raise Refused when there is no such set."""
        if set_name not in self._by_set:
            raise segment_missing(set_name)
        return self._by_set[set_name]

    def define(self, table: Table) -> None:
        """Put a new or changed definition in force, inside a transaction; rows are kept."""
        before = self.tables.get(table.logical)
        version = self.next_version()
        self.show(table.logical, Rows(table) if before is None else before.shaped(table))
        self._on_failure(lambda: self.show(table.logical, before))
        self.defined_at[table.logical] = version
        self._note_new(table, None if before is None else before.table)
        document = {"version": version, "table": stored_table(table)}
        self._on_success(lambda: self._save(SCHEMA, table.logical, document))

    def _note_new(self, table: Table, before: Table | None) -> None:
        names = {""} if before is None else table.position.keys() - before.position.keys()
        now = self.world.clock.now()
        self.made_at |= {(table.logical, name): now for name in names}

    def drop(self, table: Table) -> None:
        """Take a table out with its rows, inside a transaction."""
        before, version = self.tables[table.logical], self.next_version()
        self.show(table.logical, None)
        self._on_failure(lambda: self.show(table.logical, before))
        self.defined_at[table.logical] = version
        self._on_success(lambda: self._save(SCHEMA, table.logical, {"version": version}))
        for row in before.all():
            self._on_success(partial(self._save, table.logical, str(row[ID]), None))

    def define_choice(self, name: str, choice: GlobalChoice | None) -> None:
        """Put an option set that columns share in force, or take it out, inside a transaction."""
        before = self.choices.get(name)
        self._show_choice(name, choice)
        self._on_failure(lambda: self._show_choice(name, before))
        document = None if choice is None else asdict(choice)
        self._on_success(lambda: self._save(CHOICE, name, document))

    def _show_choice(self, name: str, choice: GlobalChoice | None) -> None:
        if choice is None:
            self.choices.pop(name, None)
        else:
            self.choices[name] = choice

    def redefined(self, logical: str, document: Document) -> None:
        """Take a definition from persistence."""
        self.defined_at[logical] = document["version"]
        self.high_version = max(self.high_version, document["version"])
        if "table" not in document:
            self.show(logical, None)
            return
        table, before = read_table(document["table"]), self.tables.get(logical)
        self.show(logical, Rows(table) if before is None else before.shaped(table))

    def show(self, logical: str, rows: Rows | None) -> None:
        """Let a table have these rows, or let there be no such table."""
        if rows is None:
            self.tables.pop(logical, None)
        else:
            self.tables[logical] = rows
        self._by_set = {known.table.set_name: known for known in self.tables.values()}
        self.walked = WalkedPages()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do everything inside or nothing; inner transactions join the outer one."""
        if self._open is not None:
            yield
            return
        opened = self._open = Transaction()
        try:
            yield
        except BaseException:
            for undo in reversed(opened.undo):
                undo()
            raise
        else:
            for tell in opened.tell:
                tell()
        finally:
            self._open = None

    def put(self, table: Table, row: Row) -> None:
        """Insert or replace a row, inside a transaction."""
        rows, row_id = self.tables[table.logical], str(row[ID])
        before, tombstone = rows.get(row_id), rows.deleted_at(row_id)
        rows.put(row)
        self._on_failure(lambda: self._put_back(rows, row_id, before, tombstone))
        self._on_success(lambda: self._journal(table, row_id, before, row))
        if tombstone is not None:
            self._on_success(lambda: self._save(table.logical + TOMBSTONE, row_id, None))

    def remove(self, table: Table, row_id: str) -> None:
        """Delete a row and remember the deletion, inside a transaction."""
        rows, version = self.tables[table.logical], self.next_version()
        before = rows.get(row_id)
        rows.remove(row_id, version)
        self._on_failure(lambda: self._put_back(rows, row_id, before, None))
        self._on_success(lambda: self._journal(table, row_id, before, None))
        tombstone: Document = {"version": version}
        self._on_success(lambda: self._save(table.logical + TOMBSTONE, row_id, tombstone))

    def note(self, entry: AuditEntry) -> None:
        """Write an audit row, inside a transaction."""
        self._on_failure(self.audit.add(entry))
        self._on_success(lambda: self._save(AUDIT, entry.audit_id, entry.document()))

    def seed(self, table: Table, row: Row) -> None:
        """Put and save a system row; the world does not journal it."""
        self.tables[table.logical].put(row)
        self._save(table.logical, str(row[ID]), table.document(row))

    def loaded(self, table: Table, row: Row) -> None:
        """Take a row from persistence as it was."""
        self.tables[table.logical].put(row)
        self.high_version = max(self.high_version, int(row[VERSION] or 0))

    def _put_back(self, rows: Rows, row_id: str, row: Row | None, tombstone: int | None) -> None:
        if row is not None:
            rows.put(row)
        else:
            rows.remove(row_id, None)
        rows.set_deleted(row_id, tombstone)

    def _on_failure(self, undo: Callable[[], object]) -> None:
        self._transaction().undo.append(undo)

    def _on_success(self, tell: Callable[[], None]) -> None:
        self._transaction().tell.append(tell)

    def _transaction(self) -> Transaction:
        if self._open is None:
            raise RuntimeError("a mutation needs a transaction around it")
        return self._open

    def _journal(self, table: Table, row_id: str, before: Row | None, after: Row | None) -> None:
        self.world.commit(
            service=SERVICE,
            table=table.logical,
            id=row_id,
            before=None if before is None else table.document(before),
            after=None if after is None else table.document(after),
        )

    def _save(self, table: str, row_id: str, document: Document | None) -> None:
        self.world.save(service=SERVICE, table=table, id=row_id, document=document)
