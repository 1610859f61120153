"""Queries over several tables, and totals: what FetchXml and SQL say beyond one table's rows.

A joined row holds one row of each table, in the order in which the tables were named.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeAlias

from sandbox.dataverse.calls import Preferences
from sandbox.dataverse.columns import Column, Kind, Row, Scalar, Table
from sandbox.dataverse.conditions import Conditions
from sandbox.dataverse.cookies import Cookie
from sandbox.dataverse.database import Database
from sandbox.dataverse.errors import bad_query, unknown_property
from sandbox.dataverse.formatting import formatted
from sandbox.dataverse.predicates import Test
from sandbox.dataverse.query import Query
from sandbox.dataverse.render import FORMATTED, Document, renderer
from sandbox.dataverse.selection import ascending
from sandbox.dataverse.totals import total

Joined: TypeAlias = tuple[Row, ...]
PLAIN = frozenset({Kind.STRING, Kind.MEMO, Kind.KEY})
"""Kinds that read the same for people and programs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One table of a query, under the name it goes by there."""

    alias: str
    table: Table
    at: int
    conditions: Conditions

    @property
    def missing(self) -> Row:
        """Return the row that stands where an outer join found none."""
        return (None,) * len(self.table.columns)


class Sources:
    """The tables of a query; columns go by `alias.name`, or by their name alone."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._named: dict[str, Source] = {}

    def add(self, alias: str, logical: str) -> Source:
        """Take a table into the query; raise Refused when there is no such table."""
        rows = self._database.tables.get(logical)
        if rows is None:
            raise bad_query(f"The entity with a name = '{logical}' was not found.")
        if alias.lower() in self._named:
            raise bad_query(f"The alias '{alias}' is used twice.")
        conditions = Conditions(self._database, rows.table)
        at = len(self._named)
        source = Source(alias=alias, table=rows.table, at=at, conditions=conditions)
        self._named[alias.lower()] = source
        return source

    def find(self, name: str) -> tuple[Source, Column]:
        """Return the table and the column that a name means; raise Refused when there is none."""
        alias, _, column = name.rpartition(".")
        known = self._named.values()
        among = [s for s in known if s.alias.lower() == alias.lower()] if alias else list(known)
        for source in among:
            found = source.table.by_name.get(column.lower()) or source.table.by_wire.get(column)
            if found is not None:
                return source, found
        raise unknown_property(name, next(iter(known)).table.logical)

    def wire(self, name: str) -> str:
        """Return the full name of a column."""
        source, column = self.find(name)
        return f"{source.alias}.{column.name}"

    def test(self, name: str, operator: str, values: list[str]) -> Test:
        """Return the test of one condition over joined rows."""
        source, column = self.find(name)
        inner, at = source.conditions.test(column.name, operator, values), source.at
        return lambda joined: inner(joined[at])

    def value(self, name: str) -> Callable[[Joined], Scalar]:
        """Return what reads a column of joined rows."""
        source, column = self.find(name)
        at, position = source.at, source.table.position[column.wire]
        return lambda joined: joined[at][position]

    def rows(self, source: Source) -> Iterator[Row]:
        return self._database.tables[source.table.logical].in_order()


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A table that is joined: where its column equals a value of what was joined before."""

    source: Source
    column: Column
    equals: str
    outer: bool
    test: Test | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One value of an answer: a column, or a total over a column (over rows without a name)."""

    key: str
    name: str = ""
    total: str = ""
    distinct: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One term of the order: the key of an output, or the name of a column."""

    name: str
    descending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinedQuery:
    """A query over several tables, or for totals. `select` renders the first table as a row."""

    sources: Sources
    base: Source
    links: tuple[Link, ...]
    outputs: tuple[Output, ...]
    test: Test | None = None
    select: Query | None = None
    totals: bool = False
    distinct: bool = False
    order: tuple[Term, ...] = ()
    offset: int = 0
    top: int | None = None
    size: int | None = None
    cookie: Cookie = field(default_factory=Cookie)
    fetch: bool = False


def documents(database: Database, query: JoinedQuery, prefer: Preferences) -> Iterator[Document]:
    """Yield the whole answer of a query, page after page."""
    found = list(_results(database, query, prefer))
    for term in reversed(query.order):
        found.sort(key=_key(query, term), reverse=term.descending)
    chosen: Iterable[Document] = (document for _, document in found)
    if query.distinct:
        chosen = _once(chosen)
    end = None if query.top is None else query.offset + query.top
    return islice(chosen, query.offset, end)


def _results(
    database: Database, query: JoinedQuery, prefer: Preferences
) -> Iterator[tuple[Joined, Document]]:
    rows = _rows(query)
    if query.totals:
        return _totals(query, rows)
    render = _renderer(database, query, prefer)
    return ((joined, render(joined)) for joined in rows)


def _rows(query: JoinedQuery) -> Iterator[Joined]:
    found: Iterator[Joined] = ((row,) for row in query.sources.rows(query.base))
    for link in query.links:
        found = _joined(query.sources, link, found)
    return found if query.test is None else filter(query.test, found)


def _joined(sources: Sources, link: Link, rows: Iterator[Joined]) -> Iterator[Joined]:
    at, value = link.source.table.position[link.column.wire], sources.value(link.equals)
    partners: dict[Scalar, list[Row]] = {}
    for row in sources.rows(link.source):
        if link.test is None or link.test(row):
            partners.setdefault(row[at], []).append(row)
    absent = [link.source.missing] if link.outer else []
    for joined in rows:
        own = value(joined)
        for partner in partners.get(own, absent) if own is not None else absent:
            yield (*joined, partner)


def _renderer(
    database: Database, query: JoinedQuery, prefer: Preferences
) -> Callable[[Joined], Document]:
    base = None
    if query.select is not None:
        base = renderer(database, query.base.table, query.select, prefer)
    sources = query.sources
    reads = [(out.key, *sources.find(out.name)) for out in query.outputs]
    noted = prefer.annotates(FORMATTED)

    def render(joined: Joined) -> Document:
        document: Document = {} if base is None else base(joined[0])
        for key, source, column in reads:
            row, table = joined[source.at], source.table
            found = row[table.position[column.wire]]
            if found is None and query.fetch:
                continue  # FetchXml leaves out what a linked row does not hold
            document[key] = found
            if noted and found is not None and column.kind not in PLAIN:
                document[f"{key}@{FORMATTED}"] = formatted(database, table, column, row)
        return document

    return render


def _totals(query: JoinedQuery, rows: Iterator[Joined]) -> Iterator[tuple[Joined, Document]]:
    sources, plain = query.sources, [out for out in query.outputs if not out.total]
    reads = [(out.key, sources.value(out.name)) for out in plain]
    groups: dict[tuple[Scalar, ...], list[Joined]] = {} if plain else {(): []}
    for joined in rows:
        groups.setdefault(tuple(read(joined) for _, read in reads), []).append(joined)
    for values, members in groups.items():
        document: Document = dict(zip((key for key, _ in reads), values, strict=True))
        for out in query.outputs:
            if out.total:
                document[out.key] = total(out.total, _column(sources, out, members), out.distinct)
        yield (members[0] if members else ()), document


def _column(sources: Sources, out: Output, rows: list[Joined]) -> list[Scalar]:
    if not out.name:
        return [True] * len(rows)
    read = sources.value(out.name)
    return [read(joined) for joined in rows]


def _key(query: JoinedQuery, term: Term) -> Callable[[tuple[Joined, Document]], Any]:
    if any(out.key == term.name for out in query.outputs):
        return lambda pair: ascending(pair[1].get(term.name))
    if query.totals:
        raise bad_query(f"'{term.name}' is not among the columns of the totals.")
    read = query.sources.value(term.name)
    return lambda pair: ascending(read(pair[0]))


def _once(found: Iterable[Document]) -> Iterator[Document]:
    seen: set[tuple[Any, ...]] = set()
    for document in found:
        values = tuple(document.values())
        if values not in seen:
            seen.add(values)
            yield document
