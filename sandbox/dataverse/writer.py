"""Creates, updates and deletes rows: stamps, state rules, keys, audit. Knows no HTTP."""

from dataclasses import dataclass

from sandbox.dataverse.audit import AuditEntry, Operation, Values, changed
from sandbox.dataverse.columns import ID, VERSION, Column, Row, Scalar, Table
from sandbox.dataverse.database import Database
from sandbox.dataverse.errors import (
    associated,
    duplicate_id,
    key_violated,
    row_missing,
    wrong_status,
)
from sandbox.dataverse.money import with_base_money
from sandbox.dataverse.rights import require_write
from sandbox.dataverse.status import settle_pair
from sandbox.dataverse.transitions import may_move
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
        require_write(self._database, actor.user_id, "Create", table, values)
        row = self.draft(table, values, actor)
        with self._database.transaction():
            self._check_keys(table, row)
            self._database.put(table, row)
            self._audit(table, None, row, actor)
        return row

    def draft(self, table: Table, values: Values, actor: Actor) -> Row:
        """Return the row that a create would insert; raise Refused for values that do not fit."""
        row_id = str(values.get(table.primary_id) or self._database.world.new_id())
        if self._database.tables[table.logical].get(row_id) is not None:
            raise duplicate_id()
        given = {**values, table.primary_id: row_id}
        given.setdefault("statecode", 0)
        settle_pair(table, row_id, given, 0, self._database.world.settings)
        filled = self._defaults(table, actor) | given | self._created(actor) | self._modified(actor)
        return self._row(table, with_base_money(self._database, table, filled))

    def update(self, table: Table, row_id: str, changes: Values, actor: Actor) -> Row:
        """Change a row; repeating a value still counts. Raises Refused."""
        require_write(self._database, actor.user_id, "Write", table, changes)
        before = self.existing(table, row_id)
        changes = {name: value for name, value in changes.items() if name != table.primary_id}
        state, alone = before[table.position["statecode"]], self._state_alone(changes)
        settle_pair(table, row_id, changes, state, self._database.world.settings)
        self._check_transition(table, before, changes)
        values = table.document(before) | changes | self._modified(actor)
        row = self._row(table, with_base_money(self._database, table, values))
        with self._database.transaction():
            self._check_keys(table, row)
            self._database.put(table, row)
            self._audit(table, before, row, actor, alone)
        return row

    def delete(self, table: Table, row_id: str, actor: Actor) -> None:
        """Delete a row and clear the lookups that point to it. Raises Refused."""
        require_write(self._database, actor.user_id, "Delete", table, {})
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
        owner = dict.fromkeys(("_ownerid_value", "_owninguser_value"), actor.user_id)
        return {**table.defaults, **owner}

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
        for key in (key for key in table.keys if key.active):
            holder = rows.holder(key, row, nulls=nulls)
            if holder is not None and holder != row[ID]:
                labels = ", ".join(key.columns)
                raise key_violated(key.name, labels)

    def _unlink(self, table: Table, row_id: str, actor: Actor) -> None:
        """Do with the rows that look up a row that goes what their relationship says."""
        for rows in list(self._database.tables.values()):
            for column in rows.table.columns:
                if column.target != table.logical or not column.writable:
                    continue
                at = rows.table.position[column.wire]
                for row in [row for row in rows.all() if row[at] == row_id and row[ID] != row_id]:
                    self._let_go(rows.table, column, str(row[ID]), actor)

    def _let_go(self, table: Table, column: Column, row_id: str, actor: Actor) -> None:
        """Clear a lookup, the platform's default; delete its row, or refuse, by relationship."""
        if column.on_delete == "Restrict":
            raise associated(table.logical)
        if column.on_delete == "Cascade":
            if self._database.tables[table.logical].get(row_id) is not None:
                self.delete(table, row_id, actor)
        else:
            self.update(table, row_id, {column.wire: None}, actor)

    def _check_transition(self, table: Table, before: Row, changes: Values) -> None:
        was = before[table.position["statuscode"]]
        new = changes.get("statuscode", was)
        enforced = self._database.world.settings.enforce_status_transitions
        if enforced and not may_move(table, was, new):
            text = f"The status reason {new} cannot follow {was}"
            raise wrong_status(f"{text} on {table.logical} with Id {before[ID]}.")

    def _state_alone(self, changes: Values) -> frozenset[str]:
        """Return what the audit leaves out when the state is set without a reason, if anything."""
        if self._database.world.settings.state_alone_audits_reason or "statuscode" in changes:
            return frozenset()
        return frozenset({"statuscode"})

    def _audit(
        self,
        table: Table,
        before: Row | None,
        after: Row | None,
        actor: Actor,
        unseen: frozenset[str] = frozenset(),
    ) -> None:
        world = self._database.world
        if not (table.audited and world.settings.audit) or world.building:
            return  # the opening state of a scenario has no history
        was = _values(table, before)
        old, new = changed(was, _values(table, after), NOT_AUDITED | unseen)
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
