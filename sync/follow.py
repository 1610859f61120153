"""Follow a table's delta link; when it has expired, read the table in full.

How far a full read has come is stored with each page's rows, so that it goes on after a kill.
"""

from collections.abc import Iterable, Iterator

from sync.context import ETAG
from sync.engine import Engine
from sync.mapping import Entity
from sync.ports import Tx
from sync.remote import CursorExpired, Page, Row

VERSION = "versionnumber"


def pages(engine: Engine, entity: Entity, columns: tuple[str, ...]) -> Iterator[Page]:
    """Go on where the table was left; when its delta link has expired, read it in full."""
    store = engine.ports.store
    cursor = store.tx(lambda tx: tx.cursor(entity.table))
    try:
        yield from engine.ports.crm.pages(entity.set, columns, cursor)
    except CursorExpired as expired:
        engine.ports.log.warning("full read", table=entity.table, reason=str(expired))
        store.tx(lambda tx: tx.set_cursor(entity.table, None))
        yield from _full(engine, entity, columns)


def _full(engine: Engine, entity: Entity, columns: tuple[str, ...]) -> Iterator[Page]:
    """Walk the whole table; begin again, once, when a link of the walk is gone (rules.md 1.2)."""
    try:
        yield from engine.ports.crm.pages(entity.set, columns, None)
    except CursorExpired as expired:
        engine.ports.log.warning("full read", table=entity.table, reason=str(expired))
        yield from engine.ports.crm.pages(entity.set, columns, None)


def keep_place(tx: Tx, table: str, page: Page) -> None:
    """Store how far the table is read, in the transaction that stores the page's rows."""
    cursor = page.delta_link or page.resume
    if cursor:
        tx.set_cursor(table, cursor)


def keep_met(tx: Tx, table: str, page: Page, ids: Iterable[str]) -> bool:
    """Remember what a full read meets; tell whether its absentees can be judged now.

    The first read judges none: nothing was known before it.
    """
    if not page.walk or tx.meta("adopted") is None:
        return False
    tx.meet(table, page.walk, ids)
    return page.delta_link is not None


def version_of(row: Row) -> int:
    """Return a row's version number; versions are ordered, etags are not (rules.md 1.7)."""
    version = row.get(VERSION)
    if isinstance(version, int):
        return version
    # The etag is W/"n" in practice; used only where a client left versionnumber out.
    digits = "".join(letter for letter in str(row.get(ETAG, "")) if letter.isdigit())
    return int(digits or 0)
