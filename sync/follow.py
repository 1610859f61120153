"""Follow a table's delta link; when it has expired, read the table in full."""

from collections.abc import Iterator

from sync.context import ETAG
from sync.engine import Engine
from sync.mapping import Entity
from sync.remote import CursorExpired, Page, Row

VERSION = "versionnumber"


def pages(engine: Engine, entity: Entity, columns: tuple[str, ...]) -> Iterator[Page]:
    """Follow the delta link; when it has expired, read the table in full."""
    store = engine.ports.store
    link = store.tx(lambda tx: tx.cursor(entity.table))
    try:
        yield from engine.ports.crm.pages(entity.set, columns, link)
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


def version_of(row: Row) -> int:
    """Return a row's version number; versions are ordered, etags are not (rules.md 1.7)."""
    version = row.get(VERSION)
    if isinstance(version, int):
        return version
    # The etag is W/"n" in practice; used only where a client left versionnumber out.
    digits = "".join(letter for letter in str(row.get(ETAG, "")) if letter.isdigit())
    return int(digits or 0)
