"""Change tracking: the full walk that ends in a delta link, and what a delta link answers.

Sources: fact sheet section 3. Unknown for the real service, hence settings: where a full walk
takes its token, and the HTTP status of an expired one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from typing import Any, NamedTuple

from orjson import Fragment

from sandbox.dataverse.calls import Answer, Call, answer_json, answer_text
from sandbox.dataverse.columns import ID, VERSION, Row, Table
from sandbox.dataverse.cookies import Cookie, read_cookie
from sandbox.dataverse.database import Database
from sandbox.dataverse.errors import Refused, bad_query, privilege_missing, version_expired
from sandbox.dataverse.query import Query, read_query
from sandbox.dataverse.reader import Reader, context_of
from sandbox.dataverse.render import render_page, selected
from sandbox.dataverse.rendered import Place, WalkedPage
from sandbox.dataverse.rows import Rows
from sandbox.documents import dump

TOKEN = re.compile(r"(?P<version>\d+)!(?P<at>\d\d/\d\d/\d{4} \d\d:\d\d:\d\d)")
TIME = "%m/%d/%Y %H:%M:%S"
REFUSED = ("$filter", "$orderby", "$expand", "$top")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One item of a delta: a row as it is now, or the id of a deleted one."""

    version: int
    row_id: str
    row: Row | None


class Reached(NamedTuple):
    """How far a delta was read: the last version of changed rows and of deletes."""

    rows: int
    deletes: int

    def after(self, page: list[Change]) -> "Reached":
        """Return how far it is after a page."""
        rows = [change.version for change in page if change.row is not None]
        deletes = [change.version for change in page if change.row is None]
        return Reached((rows or [self.rows])[-1], (deletes or [self.deletes])[-1])


class Tracking:
    """Answers tracked reads of a table."""

    def __init__(self, database: Database, reader: Reader) -> None:
        self._database = database
        self._reader = reader

    def asked(self, call: Call) -> bool:
        """Tell whether a read is tracked: by Prefer, by delta token, or by its skip token."""
        token = call.option("$skiptoken") or ""
        tracked = call.option("$deltatoken") is not None or 'istracking="True"' in token
        return call.prefer.track_changes or tracked

    def answer(self, call: Call, table: Table) -> Answer:
        """Answer a page of a full walk or of a delta; raise Refused for what it cannot have."""
        self._check(call, table)
        if call.option("$deltatoken") is None:
            return self._full(call, table)
        return self._delta(call, table)

    def count(self, call: Call, table: Table) -> Answer:
        """Answer the number of changes since a delta token as text."""
        self._check(call, table)
        since, query = self._since(call, table), read_query(call.query)
        changes = self._changes(table, query, since, Reached(since, since))
        return answer_text(str(sum(1 for _ in changes)))

    def _check(self, call: Call, table: Table) -> None:
        settings = self._database.world.settings
        if not settings.organisation_read:
            raise privilege_missing(f"prvRead{table.schema_name} (organization)")
        if not table.change_tracking:
            text = f"Entity {table.logical} isn't enabled for change tracking."
            raise Refused(settings.delta_untracked_status, "0x80072491", text)
        for option in REFUSED:
            if call.option(option) is not None:
                text = f'The "{option}" query parameter isn\'t supported '
                text += "when Change Tracking is enabled."
                raise Refused(settings.delta_option_status, "0x0", text)

    def _full(self, call: Call, table: Table) -> Answer:
        query, cookie = read_query(call.query), self._cookie(call)
        after = str(cookie.last[-1]) if cookie.last else ""
        page = self._walked(call, table, query, after)
        body: dict[str, Any] = {"@odata.context": context_of(call, table, query)}
        if page.last is not None:
            body["@odata.nextLink"] = self._next(call, cookie, (page.last,))
        else:
            body |= self._delta_link(call, cookie.version)
        body["value"] = Fragment(page.value)
        return answer_json(body, Preference_Applied=call.prefer.applied)

    def _walked(self, call: Call, table: Table, query: Query, after: str) -> WalkedPage:
        """Return a page of a full walk, as it was answered before when nothing was written."""
        rows, size = self._database.tables[table.logical], self._reader.page_size(call)
        selection = (table.logical, selected(table, query))
        place = Place(selection=selection, after=after, size=size)
        kept = None if call.prefer.annotations else self._database.walked.get(place, rows.revision)
        if kept is not None:
            return kept
        found = list(islice(rows.in_order(after), size + 1))
        page = WalkedPage(
            revision=rows.revision,
            value=dump(render_page(self._database, table, found[:size], query, call.prefer)),
            last=found[size - 1][ID] if len(found) > size else None,
        )
        if not call.prefer.annotations:
            self._database.walked.keep(place, page)
        return page

    def _delta(self, call: Call, table: Table) -> Answer:
        query, cookie = read_query(call.query), self._cookie(call)
        since = self._since(call, table)
        reached = Reached(*(int(version or 0) for version in cookie.last or (since, since)))
        changes = self._changes(table, query, since, reached)
        size = self._reader.page_size(call)
        page = list(islice(changes, size + 1))
        body: dict[str, Any] = {"@odata.context": context_of(call, table, query) + "/$delta"}
        if len(page) > size:
            body["@odata.nextLink"] = self._next(call, cookie, tuple(reached.after(page[:size])))
        else:
            body |= self._delta_link(call, cookie.version)
        rows = [change.row for change in page[:size] if change.row is not None]
        gone = [_tombstone(call, table, change) for change in page[:size] if change.row is None]
        body["value"] = [*render_page(self._database, table, rows, query, call.prefer), *gone]
        return answer_json(body, Preference_Applied=call.prefer.applied)

    def _changes(
        self, table: Table, query: Query, since: int, reached: "Reached"
    ) -> Iterator[Change]:
        """Yield what changed since a version, from where the last page ended; deletes last."""
        rows = self._database.tables[table.logical]
        changed = (
            Change(version=int(row[VERSION] or 0), row_id=str(row[ID]), row=row)
            for row in rows.changed_after(reached.rows)
            if self._counts(rows, row, query, since)
        )
        deleted = (
            Change(version=version, row_id=row_id, row=None)
            for version, row_id in rows.deleted_after(reached.deletes)
        )
        return chain(changed, deleted)

    def _counts(self, rows: Rows, row: Row, query: Query, since: int) -> bool:
        """Tell whether a moved row belongs in the delta; it does unless a setting says less."""
        if not self._database.world.settings.delta_counts_selected_columns_only:
            return True
        names = selected(rows.table, query) if query.select else rows.table.position
        positions = {rows.table.position[name] for name in names}
        return rows.touched_after(row, since, frozenset(positions - {VERSION}))

    def _cookie(self, call: Call) -> Cookie:
        token = call.option("$skiptoken")
        if token is not None:
            return read_cookie(token)
        return Cookie(tracking=True, version=self._database.high_version)

    def _next(self, call: Call, cookie: Cookie, last: tuple[Any, ...]) -> str:
        following = Cookie(page=cookie.page + 1, last=last, tracking=True, version=cookie.version)
        options = {"skiptoken": following.text()}
        delta = call.option("$deltatoken")
        return call.link(call.path, **({} if delta is None else {"deltatoken": delta}), **options)

    def _delta_link(self, call: Call, start: int) -> dict[str, str]:
        """Return the end of a walk; the service was seen to leave it out beside annotations."""
        if self._database.world.settings.delta_link_missing_with_annotations and (
            call.prefer.annotations
        ):
            return {}
        taken = self._database.world.settings.delta_token_at
        version = {"start": start, "end": self._database.high_version}[taken]
        stamp = self._database.world.clock.now().astimezone(UTC).strftime(TIME)
        link = call.link(call.path, deltatoken=f"{version}!{stamp}")
        return {"@odata.deltaLink": link}

    def _since(self, call: Call, table: Table) -> int:
        """Return the version of a delta token; raise Refused when it expired or is none."""
        found = TOKEN.fullmatch(call.option("$deltatoken") or "")
        if found is None:
            raise bad_query("The delta token is not valid.")
        version = int(found["version"])
        given = datetime.strptime(found["at"], TIME).replace(tzinfo=UTC)
        settings = self._database.world.settings
        now = self._database.world.clock.now().replace(microsecond=0)  # as exact as the token is
        too_old = now - given > timedelta(days=settings.delta_days)
        redefined = self._database.defined_at.get(table.logical, 0)
        oldest = 0 if settings.delta_checks_time_only else self._database.oldest_version
        if too_old or version < max(oldest, redefined):
            raise version_expired(settings.delta_expired_status)
        return version


def _tombstone(call: Call, table: Table, change: Change) -> dict[str, str]:
    context = f"{call.root}$metadata#{table.set_name}/$deletedEntity"
    return {"@odata.context": context, "id": change.row_id, "reason": "deleted"}
