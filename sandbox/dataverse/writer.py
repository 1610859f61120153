"""Creates, updates and deletes rows: stamps, state rules, keys, audit. Knows no HTTP."""

from dataclasses import dataclass

from sandbox.dataverse.audit import AuditEntry, Operation, Values, changed
from sandbox.dataverse.columns import ID, VERSION, Row, Scalar, Table
from sandbox.dataverse.database import Database
from sandbox.dataverse.errors import duplicate_id, key_violated, row_missing
from sandbox.dataverse.status import settle_pair
from sandbox.dataverse.values import wire_instant

NOT_AUDITED = frozenset(
    {"versionnumber", "createdon", "modifiedon", "_createdby_value", "_modifiedby_value"}
    | {"_createdonbehalfby_value", "_modifiedonbehalfby_value"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who writes, and on whose behalf it is not: `caller_id` is set under impersonation."""

    user_id: str
    caller_id: str | None = None


class Writer:
    """The one place where rows of the organisation change."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, table: Table, values: Values, actor: Actor) -> Row:
        """Insert a row; the primary key may be the client's own. Raises Refused."""
        row_id = str(values.get(table.primary_id) or self._database.world.new_id())
        if self._database.tables[table.logical].get(row_id) is not None:
            raise duplicate_id()
        given = {**values, table.primary_id: row_id}
        given.setdefault("statecode", 0)
        settle_pair(table, row_id, given, 0, self._database.world.settings)
        filled = self._defaults(table, actor) | given | self._created(actor) | self._modified(actor)
        row = self._row(table, filled)
        with self._database.transaction():
            self._check_keys(table, row)
            self._database.put(table, row)
            self._audit(table, None, row, actor)
        return row

    def update(self, table: Table, row_id: str, changes: Values, actor: Actor) -> Row:
        """Change a row; repeating a value still counts. Raises Refused."""
        before = self.existing(table, row_id)
        changes = {name: value for name, value in changes.items() if name != table.primary_id}
        state = before[table.position["statecode"]]
        settle_pair(table, row_id, changes, state, self._database.world.settings)
        row = self._row(table, table.document(before) | changes | self._modified(actor))
        with self._database.transaction():
            self._check_keys(table, row)
            self._database.put(table, row)
            self._audit(table, before, row, actor)
        return row

    def delete(self, table: Table, row_id: str, actor: Actor) -> None:
        """Delete a row and clear the lookups that point to it. Raises Refused."""
        before = self.existing(table, row_id)
        with self._database.transaction():
            self._unlink(table, row_id, actor)
            self._database.remove(table, row_id)
            self._audit(table, before, None, actor)

    def existing(self, table: Table, row_id: str) -> Row:
        """Return a row; raise Refused when it is not there."""
        row = self._database.tables[table.logical].get(row_id)
        if row is None:
            raise row_missing(table.logical, row_id)
        return row

    def now(self) -> str:
        return wire_instant(self._database.world.clock.now())

    def _row(self, table: Table, values: Values) -> Row:
        values["versionnumber"] = self._database.next_version()
        return tuple(values.get(column.wire) for column in table.columns)

    def _defaults(self, table: Table, actor: Actor) -> Values:
        return {**table.defaults, "_ownerid_value": actor.user_id}

    def _created(self, actor: Actor) -> Values:
        return {
            "createdon": self.now(),
            "_createdby_value": actor.user_id,
            "_createdonbehalfby_value": actor.caller_id,
        }

    def _modified(self, actor: Actor) -> Values:
        return {
            "modifiedon": self.now(),
            "_modifiedby_value": actor.user_id,
            "_modifiedonbehalfby_value": actor.caller_id,
        }

    def _check_keys(self, table: Table, row: Row) -> None:
        rows = self._database.tables[table.logical]
        nulls = self._database.world.settings.null_keys_take_part
        for key in table.keys:
            holder = rows.holder(key, row, nulls=nulls)
            if holder is not None and holder != row[ID]:
                labels = ", ".join(key.columns)
                raise key_violated(key.name, labels)

    def _unlink(self, table: Table, row_id: str, actor: Actor) -> None:
        """Clear lookups to a row that goes: the platform's default for custom lookups."""
        for rows in self._database.tables.values():
            pointing = [
                c.wire for c in rows.table.columns if c.target == table.logical and c.writable
            ]
            for wire in pointing:
                at = rows.table.position[wire]
                for row in [row for row in rows.all() if row[at] == row_id and row[ID] != row_id]:
                    self.update(rows.table, str(row[ID]), {wire: None}, actor)

    def _audit(self, table: Table, before: Row | None, after: Row | None, actor: Actor) -> None:
        world = self._database.world
        if not (table.audited and world.settings.audit) or world.building:
            return  # the opening state of a scenario has no history
        was = _values(table, before)
        old, new = changed(was, _values(table, after), NOT_AUDITED)
        shown = after or before or ()
        entry = AuditEntry(
            audit_id=world.new_id(),
            version=self._database.high_version,
            created_on=world.clock.now(),
            user_id=actor.user_id,
            operation=_operation(before, after),
            table=table.logical,
            row_id=str(shown[ID]),
            old=old,
            new=new,
        )
        self._database.note(entry)


def _operation(before: Row | None, after: Row | None) -> Operation:
    if before is None:
        return Operation.CREATE
    return Operation.UPDATE if after is not None else Operation.DELETE


def _values(table: Table, row: Row | None) -> dict[str, Scalar]:
    return {} if row is None else table.document(row)


def etag(row: Row) -> str:
    """Return the row version as the service quotes it."""
    return f'W/"{row[VERSION]}"'
