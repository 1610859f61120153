"""The `Crm` port over the Dataverse Web API.

Reads are repeated after a passing trouble; writes are sent once and answer with an outcome.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain, repeat
from typing import Final

from connector.dataverse import audit, batch, metadata
from connector.dataverse.faults import NO_SUCH_TABLE, fault_of
from connector.dataverse.odata import FORMATTED, history_path, read_path, row_path, write_headers
from connector.dataverse.pages import Pages, is_walk
from connector.dataverse.wire import API, OK, Wire, groups_of
from connector.documents import mapping, render, sequence, text
from connector.errors import Meaning, unsent_or_unclear
from connector.http import Http, Reply
from connector.service import Request, TokenSource
from sync.ports import Effects
from sync.remote import (
    CREATE_ONLY,
    Answer,
    AuditEntry,
    Organisation,
    Outcome,
    Page,
    Read,
    ReadHistory,
    Refused,
    Row,
    TableFact,
    TableRules,
    Unavailable,
    Write,
    WriteResult,
)

ABSENT: Final = 404
MAX_PAGE_SIZE: Final = 5000
WITH_NAMES: Final = {"Prefer": FORMATTED}


class DataverseClient:
    """One environment of Dataverse."""

    def __init__(
        self,
        http: Http,
        tokens: TokenSource,
        effects: Effects,
        url: str,
        page_size: int = MAX_PAGE_SIZE,
    ) -> None:
        self._wire = Wire(http, tokens, effects, url)
        self._pages = Pages(self._wire, page_size)

    def organisation(self, tables: Sequence[str]) -> Organisation:
        """Ask who we are and which tables are audited, in one request."""
        asked = [*metadata.ABOUT_US, *map(metadata.audit_path, tables)]
        replies = self._wire.get_all([(path, {}) for path in asked])
        who, organizations = (_document(reply) for reply in replies[:2])
        found = (_present(reply) for reply in replies[2:])
        return metadata.organisation(who, organizations, [row for row in found if row])

    def tables(self, names: Sequence[str]) -> Mapping[str, TableFact]:
        """Read the metadata of the tables that exist."""
        paths = chain.from_iterable(map(metadata.table_paths, names))
        replies = self._wire.get_all([(path, {}) for path in paths]) if names else []
        facts = {}
        for number, name in enumerate(names):
            first = number * metadata.PATHS_PER_TABLE
            described = _present(replies[first])
            if described:
                choices = replies[first + 1 : first + metadata.PATHS_PER_TABLE]
                facts[name] = metadata.table_fact(described, [_document(r) for r in choices])
        return facts

    def rules(self, names: Sequence[str]) -> Mapping[str, TableRules]:
        """Read the required columns and the alternate keys of the tables that exist."""
        paths = [metadata.rules_path(name) for name in names]
        replies = self._wire.get_all([(path, {}) for path in paths]) if names else []
        found = map(_present, replies)
        return {
            name: metadata.table_rules(described)
            for name, described in zip(names, found, strict=True)
            if described
        }

    def pages(self, set_name: str, columns: Sequence[str], cursor: str | None) -> Iterator[Page]:
        """Follow a table's changes, walk it in full, or go on with that; see `pages.py`."""
        if cursor is None or is_walk(cursor):
            return self._pages.full(set_name, columns, cursor)
        return self._pages.changes(set_name, cursor)

    def read(self, reads: Sequence[Read | ReadHistory]) -> Sequence[Answer]:
        """Answer the reads in order: one as a GET, several in batches."""
        if not reads:
            return ()
        replies = self._wire.get_all([_asked(read) for read in reads])
        return [self._answer(read, reply) for read, reply in zip(reads, replies, strict=True)]

    def write(self, writes: Sequence[Write]) -> WriteResult:
        """Send the writes as one unit, once; trouble is an outcome."""
        return self.write_sets([writes])[0]

    def write_sets(self, sets: Sequence[Sequence[Write]]) -> Sequence[WriteResult]:
        """Send each set as one unit, all in one request, once; a result for each set."""
        if not any(sets):
            return [WriteResult(outcome=Outcome.DONE)] * len(sets)
        try:
            if len(sets) == len(sets[0]) == 1:
                results = [self._write_one(sets[0][0])]
            else:
                results = self._write_batch(sets)
        except Unavailable as error:
            return [unsent_or_unclear(error)] * len(sets)
        except Refused as error:
            return [WriteResult(outcome=Outcome.REFUSED, message=error.message)] * len(sets)
        return [_judged(result, writes) for result, writes in zip(results, sets, strict=True)]

    def now(self) -> datetime:
        """Return business time; asks who we are when nothing was asked before."""
        known = self._wire.service.last_date()
        if known is None:
            self._wire.get(metadata.ABOUT_US[0])
            known = self._wire.service.last_date()
        if known is None:
            raise Unavailable("Dataverse answers without a Date header; is a proxy removing it?")
        return known

    def _answer(self, read: Read | ReadHistory, reply: Reply) -> Answer:
        if reply.status != OK:
            return _absent(read, reply)
        if isinstance(read, ReadHistory):
            return Answer(history=self._history(read, reply))
        if read.id is not None:
            return Answer(rows=(_document(reply),))
        return Answer(rows=tuple(self._rows(reply)))

    def _rows(self, reply: Reply) -> Iterator[Row]:
        document = _document(reply)
        yield from map(mapping, sequence(document.get("value")))
        while link := text(document.get("@odata.nextLink")):
            if not self._wire.service.owns(link):
                raise Refused("a link to the next page leads to another host")
            document = _document(self._wire.get(link))
            yield from map(mapping, sequence(document.get("value")))

    def _history(self, read: ReadHistory, reply: Reply) -> tuple[AuditEntry, ...] | None:
        found = [audit.collection(_document(reply))]
        while (cookie := audit.next_cookie(found[-1])) is not None:
            following = history_path(read, len(found) + 1, cookie)
            found.append(audit.collection(_document(self._wire.get(following, WITH_NAMES))))
        return audit.entries(found)

    def _write_one(self, write: Write) -> WriteResult:
        request = Request(
            method="PATCH",
            path=row_path(write.set, write.id),
            headers=write_headers(write),
            body=render(write.body),
        )
        return _result(self._wire.service.send(request))

    def _write_batch(self, sets: Sequence[Sequence[Write]]) -> list[WriteResult]:
        parts = [[_part(write) for write in writes] for writes in sets]
        body = batch.change_sets(parts, self._wire.new_id())
        reply = self._wire.post(body, safe=False, several=len(sets) > 1)
        groups = groups_of(reply)
        if not groups and not 200 <= reply.status < 300:  # noqa: PLR2004  # refused as a whole
            return [_result(reply)] * len(sets)
        answers = chain(groups, repeat([]))
        return [
            _set_result(reply, answered, len(writes))
            for writes, answered in zip(sets, answers, strict=False)
        ]


def _part(write: Write) -> batch.Part:
    return batch.Part(
        method="PATCH",
        path=f"{API}/{row_path(write.set, write.id)}",
        headers=write_headers(write),
        body=render(write.body),
    )


def _asked(read: Read | ReadHistory) -> tuple[str, Mapping[str, str]]:
    if isinstance(read, ReadHistory):
        return history_path(read), WITH_NAMES
    return read_path(read), {}


def _document(reply: Reply) -> Row:
    if reply.status != OK:
        raise fault_of(reply).error()
    return mapping(reply.exact())


def _present(reply: Reply) -> Row:
    """Return a definition, or nothing when there is no such table."""
    return {} if reply.status == ABSENT else _document(reply)


def _absent(read: Read | ReadHistory, reply: Reply) -> Answer:
    fault = fault_of(reply)
    by_id = isinstance(read, ReadHistory) or read.id is not None
    if by_id and fault.meaning is Meaning.ABSENT and fault.code.lower() != NO_SUCH_TABLE:
        return Answer()
    raise fault.error()


def _result(reply: Reply) -> WriteResult:
    if not 200 <= reply.status < 300:  # noqa: PLR2004  # the class of success
        return fault_of(reply).result()
    return WriteResult(
        outcome=Outcome.DONE, status=reply.status, correlation_id=reply.correlation_id
    )


def _set_result(reply: Reply, parts: Sequence[Reply], asked: int) -> WriteResult:
    """Judge a change set: it was executed as a whole, or not at all, or we cannot tell."""
    failed = [part for part in parts if part.status >= 300]  # noqa: PLR2004  # the class of success
    if failed:
        return fault_of(failed[0]).result()
    if len(parts) == asked:
        return _result(parts[0])
    return WriteResult(
        outcome=Outcome.AMBIGUOUS,
        status=reply.status,
        message=f"the change set answered {len(parts)} of {asked} writes",
        correlation_id=reply.correlation_id,
    )


def _judged(result: WriteResult, writes: Sequence[Write]) -> WriteResult:
    """Refuse a 404 where all create (a lookup points nowhere); on an update the row is gone."""
    creating = all(write.precondition == CREATE_ONLY for write in writes)
    misnamed = result.code.lower() == NO_SUCH_TABLE
    if result.status == ABSENT and (creating or misnamed):
        return replace(result, outcome=Outcome.REFUSED)
    return result
