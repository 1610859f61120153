"""What a query in FetchXml or SQL asks for, and the page that answers it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

from sandbox.dataverse.calls import Answer, Call, answer_json
from sandbox.dataverse.columns import Row, Table
from sandbox.dataverse.cookies import Cookie
from sandbox.dataverse.database import Database
from sandbox.dataverse.joined import JoinedQuery, documents
from sandbox.dataverse.predicates import Test
from sandbox.dataverse.query import Query
from sandbox.dataverse.reader import Listing, Reader, context_of
from sandbox.dataverse.render import render_page
from sandbox.dataverse.selection import Ordering

MORE = "Microsoft.Dynamics.CRM.morerecords"
COOKIE = "Microsoft.Dynamics.CRM.fetchxmlpagingcookie"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A translated query; FetchXml names its own page size and goes on by annotation."""

    query: Query
    test: Test | None
    size: int | None = None
    cookie: Cookie
    fetch: bool = False


class Answering:
    """Answers translated queries."""

    def __init__(self, database: Database, reader: Reader) -> None:
        self._database = database
        self._reader = reader

    def page(self, call: Call, table: Table, wanted: Wanted | JoinedQuery) -> Answer:
        """Answer one page of rows, and how to get the next one."""
        if isinstance(wanted, JoinedQuery):
            return self._joined(call, table, wanted)
        listing, size = self._listing(table, wanted), self._size(call, wanted)
        found = list(islice(_skipped(listing, wanted, size), size + 1))
        page = found[:size]
        body: dict[str, Any] = {"@odata.context": context_of(call, table, wanted.query)}
        body["value"] = render_page(self._database, table, page, wanted.query, call.prefer)
        more = len(found) > size and wanted.query.top is None
        cookie = listing.cookie_after(table, page) if more else None
        body |= self._following(call, fetch=wanted.fetch, cookie=cookie)
        return answer_json(body, Preference_Applied=call.prefer.applied)

    def _joined(self, call: Call, table: Table, query: JoinedQuery) -> Answer:
        """Answer one page of joined rows; their pages go by number, without keys in the cookie."""
        most = self._reader.page_size(call)
        size, page = min(query.size or most, most), query.cookie.page
        before = (page - 1) * size
        found = list(islice(documents(self._database, query, call.prefer), before, None))
        body: dict[str, Any] = {"@odata.context": f"{call.root}$metadata#{table.set_name}"}
        body["value"] = found[:size]
        following = Cookie(page=page + 1) if len(found) > size else None
        body |= self._following(call, fetch=query.fetch, cookie=following)
        return answer_json(body, Preference_Applied=call.prefer.applied)

    def _listing(self, table: Table, wanted: Wanted) -> Listing:
        return Listing(
            source=self._database.tables[table.logical].in_order,
            query=wanted.query,
            test=wanted.test,
            ordering=Ordering(self._database, table, wanted.query.order),
            cookie=wanted.cookie,
        )

    def _size(self, call: Call, wanted: Wanted) -> int:
        most = self._reader.page_size(call)
        return min(wanted.size or most, wanted.query.top or most, most)

    def _following(self, call: Call, *, fetch: bool, cookie: Cookie | None) -> dict[str, Any]:
        if not fetch:
            link = partial(call.link, call.path)
            return {} if cookie is None else {"@odata.nextLink": link(skiptoken=cookie.text())}
        notes: dict[str, Any] = {MORE: cookie is not None}
        if cookie is not None:
            notes[COOKIE] = cookie.twice_encoded()
        return {f"@{name}": note for name, note in notes.items() if call.prefer.annotates(name)}


def _skipped(listing: Listing, wanted: Wanted, size: int) -> Iterator[Row]:
    """Yield rows from where a page begins; without a cookie by counting the pages before."""
    before = 0 if wanted.cookie.last else (wanted.cookie.page - 1) * size
    return islice(listing.rows(), before, None)
