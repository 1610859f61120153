"""Answers writes: create, update and upsert with their preconditions, delete, single columns."""

from dataclasses import replace

from sandbox.dataverse.audit import Values
from sandbox.dataverse.calls import Answer, Call, answer_empty
from sandbox.dataverse.columns import ID, Column, Row, Table
from sandbox.dataverse.database import Database
from sandbox.dataverse.deep_insert import DeepInsert
from sandbox.dataverse.duplicates import check_duplicates
from sandbox.dataverse.errors import (
    bad_payload,
    not_optimistic,
    row_exists,
    segment_missing,
    version_mismatch,
    version_missing,
)
from sandbox.dataverse.paths import Address
from sandbox.dataverse.payload import address_of, read_document, read_values
from sandbox.dataverse.reader import Reader
from sandbox.dataverse.values import parse
from sandbox.dataverse.writer import Actor, Writer, etag

CREATED, OK = 201, 200


class Editor:
    """Every change that a client can ask for by HTTP."""

    def __init__(self, database: Database, reader: Reader, writer: Writer) -> None:
        self._database = database
        self._reader = reader
        self._writer = writer

    def create(self, call: Call, table: Table, actor: Actor) -> Answer:
        """Create a row; the client may choose its id."""
        document = read_document(call, table)
        with self._database.transaction():
            deep = DeepInsert(self._database, self._writer, actor, call.root)
            row = deep.create(table, document, lambda v: self._unique(call, table, v))
        return self._answer(call, self._address(table, row), CREATED)

    def _unique(self, call: Call, table: Table, values: Values) -> None:
        check_duplicates(self._database, call, table, values)

    def update(self, call: Call, address: Address, actor: Actor) -> Answer:
        """Update a row, or create it when nothing forbids that."""
        check_preconditions(call, address)
        values = self._values(call, address.table)
        if address.row is None and call.header("if-match") is None:
            return self._create_at(call, address, values, actor)
        address.existing()
        check_duplicates(self._database, call, address.table, values, address.row_id)
        kept = {n: v for n, v in values.items() if n not in (address.key_values or {})}
        row = self._writer.update(address.table, address.row_id, kept, actor)
        return self._answer(call, self._address(address.table, row, address), OK)

    def delete(self, call: Call, address: Address, actor: Actor) -> Answer:
        """Delete a row."""
        address.existing()
        check_preconditions(call, address)
        self._writer.delete(address.table, address.row_id, actor)
        return answer_empty()

    def set_column(self, call: Call, address: Address, name: str, actor: Actor) -> Answer:
        """Set one column: `PUT set(id)/column {"value": ...}`."""
        column = _writable(address.table, name)
        document = read_document(call, address.table)
        if "value" not in document:
            raise bad_payload(address.table.set_name, "A property 'value' was expected.")
        value = parse(address.table, column, document["value"])
        return self._set(call, address, {column.wire: value}, actor)

    def clear_column(self, call: Call, address: Address, name: str, actor: Actor) -> Answer:
        """Empty one column: `DELETE set(id)/column`."""
        column = _writable(address.table, name)
        return self._set(call, address, {column.wire: parse(address.table, column, None)}, actor)

    def associate(self, call: Call, address: Address, name: str, actor: Actor) -> Answer:
        """Set a lookup: `PUT set(id)/lookup/$ref {"@odata.id": ...}`."""
        lookup = _lookup(address.table, name)
        target = str(read_document(call, address.table).get("@odata.id", ""))
        found = address_of(self._database, target, call.root)
        if found.table.logical != lookup.target:
            raise bad_payload(address.table.set_name, f"'{target}' does not fit '{name}'.")
        return self._set(call, address, {lookup.wire: found.row_id}, actor)

    def disassociate(self, call: Call, address: Address, name: str, actor: Actor) -> Answer:
        """Empty a lookup: `DELETE set(id)/lookup/$ref`."""
        return self._set(call, address, {_lookup(address.table, name).wire: None}, actor)

    def _set(self, call: Call, address: Address, values: Values, actor: Actor) -> Answer:
        address.existing()
        check_preconditions(call, address)
        self._writer.update(address.table, address.row_id, values, actor)
        return answer_empty()

    def _create_at(self, call: Call, address: Address, values: Values, actor: Actor) -> Answer:
        """Create the row that an upsert did not find; values of the body win over the URL's."""
        table = address.table
        given = {table.primary_id: address.row_id} if address.key is None else address.key_values
        row = self._writer.create(table, {**(given or {}), **values, **_own_id(address)}, actor)
        return self._answer(call, self._address(table, row, address), CREATED)

    def _values(self, call: Call, table: Table) -> Values:
        return read_values(self._database, table, read_document(call, table), call.root)

    def _address(self, table: Table, row: Row, asked: Address | None = None) -> Address:
        written = str(row[ID]) if asked is None else asked.written
        rows = self._database.tables[table.logical]
        return Address(rows=rows, row=row, row_id=str(row[ID]), written=written)

    def _answer(self, call: Call, address: Address, status: int) -> Answer:
        path = f"{address.table.set_name}({address.row_id})"
        if call.prefer.representation:
            return replace(self._reader.row(_shown(call), address, status), made=path)
        location = f"{call.root}{address.table.set_name}({address.written})"
        tagged = call.method == "PATCH" and self._database.world.settings.patch_answers_etag
        tag = etag(address.existing()) if tagged else ""
        return replace(answer_empty(OData_EntityId=location, ETag=tag), made=path)


def _shown(call: Call) -> Call:
    """Return what a representation is asked for: `$expand` is ignored after a PATCH."""
    if call.method != "PATCH":
        return call
    kept = tuple((name, value) for name, value in call.query if name != "$expand")
    return replace(call, query=kept)


def check_preconditions(call: Call, address: Address) -> None:
    """Hold If-Match and If-None-Match against the row; raise Refused when one does not hold."""
    wanted, unwanted = call.header("if-match"), call.header("if-none-match")
    if unwanted == "*" and address.row is not None:
        raise row_exists()
    if wanted is None:
        return
    if wanted != "*":
        _check_version(address, wanted)
    address.existing()


def _check_version(address: Address, wanted: str) -> None:
    if not address.table.optimistic:
        raise not_optimistic(address.table.logical)
    if not wanted.removeprefix("W/").strip('"'):
        raise version_missing()
    if etag(address.existing()) != wanted:
        raise version_mismatch()


def _own_id(address: Address) -> Values:
    """Return the id from the URL, which holds whatever the body says."""
    return {address.table.primary_id: address.row_id} if address.key is None else {}


def _writable(table: Table, name: str) -> Column:
    column = table.by_wire.get(name)
    if column is None or not column.writable or column.name != name:
        raise segment_missing(name)
    return column


def _lookup(table: Table, name: str) -> Column:
    if name not in table.lookups:
        raise segment_missing(name)
    return table.lookups[name]
