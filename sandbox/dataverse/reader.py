"""Answers reads: one row, its parts, collections with paging, counts."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Any

from sandbox.dataverse.calls import (
    Answer,
    Call,
    Preferences,
    answer_empty,
    answer_json,
    answer_text,
)
from sandbox.dataverse.columns import ID, Row, Table
from sandbox.dataverse.cookies import Cookie, read_cookie
from sandbox.dataverse.database import Database
from sandbox.dataverse.errors import bad_query, segment_missing
from sandbox.dataverse.narrowing import NEWEST_FIRST, Source, narrowed
from sandbox.dataverse.paths import Address
from sandbox.dataverse.predicates import Test
from sandbox.dataverse.query import Query, read_query
from sandbox.dataverse.render import render_page, renderer
from sandbox.dataverse.scope import collections, members_by_owner
from sandbox.dataverse.selection import Ordering, matcher
from sandbox.dataverse.writer import etag

TOTAL = "Microsoft.Dynamics.CRM.totalrecordcount"
METADATA_VERSION = "Microsoft.Dynamics.CRM.globalmetadataversion"

OK = 200
COUNT_LIMIT = 5000
"""Counts end here (fact sheet section 4)."""
MOST_BY_NUMBER = 50_000
"""Pages of rows that are ordered by a joined table have no cookie and end here."""


class Reader:
    """Everything that a GET of rows can ask for, apart from change tracking."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def row(self, call: Call, address: Address, status: int = 200) -> Answer:
        """Answer one row, or 304 when the client has this version already."""
        row = address.existing()
        table, prefer = address.table, call.prefer
        query = read_query(call.query)
        # 304 needs both to be left out, and a table with optimistic concurrency
        plain = table.optimistic and not (query.expand or prefer.annotations)
        if status == OK and plain and call.header("if-none-match") == etag(row):
            return Answer(status=304, headers={"ETag": etag(row)})
        document = renderer(self._database, table, query, prefer)(row)
        context = f"{call.root}$metadata#{table.set_name}{columns_of(query)}/$entity"
        return answer_json(
            {"@odata.context": context, **document},
            status=status,
            ETag=etag(row),
            Preference_Applied=prefer.applied,
        )

    def listing(self, call: Call, table: Table) -> Answer:
        """Answer a page of a table; its indexes save looking at every row."""
        tables, query = self._database.tables, read_query(call.query)
        rows = tables[table.logical]
        source = narrowed(tables, rows, query, call.aliases)
        listing = self._listing(call, table, source)
        if query.order == NEWEST_FIRST:
            listing = replace(listing, newest=rows.newest_first)
        return self._page(call, table, listing)

    def related(self, call: Call, address: Address, name: str) -> Answer:
        """Answer what a navigation property leads to: a row, or a page of rows."""
        row, table = address.existing(), address.table
        lookup = table.lookups.get(name)
        if lookup is not None:
            target = self._database.tables[lookup.target]
            row_id = row[table.position[lookup.wire]]
            if row_id is None:
                return answer_empty()
            found = Address(rows=target, row=target.get(str(row_id)), row_id=str(row_id))
            return self.row(call, found)
        members, owner = self._members(address, name)
        source = partial(_behind, members)
        return self._page(call, owner, self._listing(call, owner, source))

    def value(self, call: Call, address: Address, name: str, *, raw: bool) -> Answer:
        """Answer one column."""
        row, table = address.existing(), address.table
        if name not in table.position:
            raise segment_missing(name)
        value = row[table.position[name]]
        if value is None:
            return answer_empty()
        if raw:
            return answer_text(str(value))
        context = f"{call.root}$metadata#{table.set_name}({row[ID]})/{name}"
        return answer_json({"@odata.context": context, "value": value})

    def count(self, call: Call, table: Table) -> Answer:
        """Answer the number of rows as text, at most 5,000."""
        test = matcher(self._database, table, read_query(call.query), call.aliases)
        rows = self._database.tables[table.logical].all()
        return answer_text(str(_count(rows, test)))

    def count_related(self, address: Address, name: str) -> Answer:
        address.existing()
        members, _ = self._members(address, name)
        return answer_text(str(min(len(members), COUNT_LIMIT)))

    def page_size(self, call: Call) -> int:
        """Return the rows of a page: what the client prefers, within the service's limit."""
        limit = min(self._database.world.settings.max_page_size, COUNT_LIMIT)
        return min(call.prefer.page_size or limit, limit)

    def _members(self, address: Address, name: str) -> tuple[list[Row], Table]:
        found = collections(self._database, address.table).get(name)
        if found is None:
            raise segment_missing(name)
        rows, column = found
        return members_by_owner(rows, column)[address.row_id], rows.table

    def _page(self, call: Call, table: Table, listing: "Listing") -> Answer:
        query, prefer, size = listing.query, call.prefer, self.page_size(call)
        top = None if prefer.page_size else query.top
        rows = islice(listing.rows(), listing.skipped(size), None)
        chosen = list(islice(rows, size + 1 if top is None else min(size, top)))
        page = chosen[:size]
        body: dict[str, Any] = {"@odata.context": context_of(call, table, query)}
        total = listing.total()
        if total is not None:
            body["@odata.count"] = min(total, COUNT_LIMIT)
        body |= self._notes(total, prefer)
        body["value"] = render_page(self._database, table, page, query, prefer)
        if len(chosen) > size:
            body["@odata.nextLink"] = call.link(
                call.path, skiptoken=listing.cookie_after(table, page).text()
            )
        return answer_json(body, Preference_Applied=prefer.applied)

    def _notes(self, total: int | None, prefer: Preferences) -> dict[str, object]:
        """Return what annotated collections say about themselves; -1 is a total not asked for."""
        notes = {
            TOTAL: -1 if total is None else min(total, COUNT_LIMIT),
            f"{TOTAL}limitexceeded": total is not None and total > COUNT_LIMIT,
            METADATA_VERSION: str(self._database.metadata_version),
        }
        return {f"@{name}": note for name, note in notes.items() if prefer.annotates(name)}

    def _listing(self, call: Call, table: Table, source: Source) -> "Listing":
        query, token = read_query(call.query), call.option("$skiptoken")
        return Listing(
            source=source,
            query=query,
            test=matcher(self._database, table, query, call.aliases),
            ordering=Ordering(self._database, table, query.order),
            cookie=Cookie() if token is None else read_cookie(token),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The rows that a collection read is about, from where the last page ended."""

    source: Source
    query: Query
    test: Test | None
    ordering: Ordering
    cookie: Cookie
    newest: Callable[[], Iterator[Row]] | None = None
    """Where there is an index that has the rows in the order that is asked for."""

    def rows(self) -> Iterator[Row]:
        """Yield the rows of this and the following pages."""
        last = self.cookie.last
        if not self.query.order:
            return self._matching(str(last[-1]) if last else "")
        if self.newest is not None and not last:
            return self._chosen(self.newest())
        ordered = sorted(self._matching(""), key=self.ordering.of)
        seen = bisect_right(ordered, self.ordering.key(last), key=self.ordering.of) if last else 0
        return iter(ordered[seen:])

    def total(self) -> int | None:
        """Return how many rows there are, when it was asked for."""
        return sum(1 for _ in self._matching("")) if self.query.count else None

    def skipped(self, size: int) -> int:
        """Return how many rows come before a page that is known by its number alone."""
        if not self.query.joined:
            return 0
        before = (self.cookie.page - 1) * size
        if before >= MOST_BY_NUMBER:
            raise bad_query(f"Pages without a paging cookie end at {MOST_BY_NUMBER} rows.")
        return before

    def cookie_after(self, table: Table, page: list[Row]) -> Cookie:
        """Return what leads to the page behind this one."""
        if self.query.joined:
            return Cookie(page=self.cookie.page + 1)
        return Cookie(
            page=self.cookie.page + 1,
            key=table.primary_id,
            ends=(str(page[0][ID]), str(page[-1][ID])),
            last=tuple(self.ordering.values(page[-1])),
        )

    def _matching(self, after: str) -> Iterator[Row]:
        return self._chosen(self.source(after))

    def _chosen(self, rows: Iterator[Row]) -> Iterator[Row]:
        test = self.test
        return rows if test is None else (row for row in rows if test(row))


def _behind(rows: list[Row], after: str) -> Iterator[Row]:
    return (row for row in rows if str(row[ID]) > after)


def columns_of(query: Query) -> str:
    """Return the part of a context address that lists the selected columns."""
    names = [
        *(query.select or ()),
        *(f"{e.name}{columns_of(e.query) or '()'}" for e in query.expand),
    ]
    return f"({','.join(names)})" if names else ""


def context_of(call: Call, table: Table, query: Query) -> str:
    return f"{call.root}$metadata#{table.set_name}{columns_of(query)}"


def _count(rows: Iterable[Row], test: Test | None) -> int:
    number = sum(1 for row in rows if test is None or test(row))
    return min(number, COUNT_LIMIT)
