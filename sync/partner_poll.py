"""Hear what was done at the providers: transaction T1 for their records (rules.md 1.3, 1.8).

```
asked        from the day before the last look on, for records come late and in no order
news         a record by its id; what was heard before, or failed, means nothing
our own      a confirmed write left its correlation id: its echo makes nobody suspect
linked       its subscriptions become suspects: their licences are read and compared
not linked   the customer's licences are listed: it is a purchase, or a row is missing
```
The watermark moves when all pages are in; a window that was broken off is asked for again, and
what was heard of it means nothing the second time. What a record holds is never believed: it
only says where to look.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sync.engine import Engine
from sync.feed import LicenceChange, LicenceFeed, Link, ListedLicence
from sync.ports import Tx
from sync.remote import RemoteError
from sync.sweep_state import ask_sweep

OVERLAP = timedelta(hours=24)
"""How late a record may come and still be heard; what comes later is found by the sweep."""
_DAY = timedelta(days=1)


@dataclass(slots=True, kw_only=True)
class Heard:
    """What the records told."""

    records: int = 0
    suspects: int = 0
    failures: dict[str, RemoteError] = field(default_factory=dict)
    """By connection; the others were heard."""


def hear_changes(engine: Engine) -> Heard:
    """Ask every provider what was done since the last look."""
    heard = Heard()
    for connector, feed in engine.ports.feeds.items():
        try:
            _hear(engine, connector, feed, heard)
        except RemoteError as error:
            heard.failures[connector] = error
    return heard


def _hear(engine: Engine, connector: str, feed: LicenceFeed, heard: Heard) -> None:
    """Take in the records of one provider; the first look is the opening balance."""
    now = engine.now()
    told = engine.ports.store.tx(lambda tx: tx.meta(_key(connector)))
    # A clock that was set back has records older than the last look.
    since = min(datetime.fromisoformat(told) if told else now, now) - OVERLAP
    kept = now - _DAY * (feed.keeps_days() - 1)
    if since < kept:
        _tell_gap(engine, connector, since)
        since = kept
    for page in feed.changes(since.date()):
        _take_page(engine, connector, page, heard, is_first=told is None)

    def tx_end(tx: Tx) -> None:
        tx.set_meta(_key(connector), now.isoformat())
        tx.forget_heard(since - _DAY)

    engine.ports.store.tx(tx_end)


def _key(connector: str) -> str:
    return f"heard until {connector}"


def _tell_gap(engine: Engine, connector: str, since: datetime) -> None:
    """Have everything listed when records may be lost: nobody looked for so long."""
    engine.ports.log.warning("records lost", service=connector, since=since.isoformat())
    engine.ports.store.tx(lambda tx: ask_sweep(tx, [connector]))


def _take_page(
    engine: Engine, connector: str, page: Sequence[LicenceChange], heard: Heard, *, is_first: bool
) -> None:
    """Store what a page tells, in one transaction."""

    def t1(tx: Tx) -> tuple[int, int]:
        news = _news(tx, page)
        tx.hear([one.id for one in news], engine.now())
        suspects = 0
        if not is_first:
            suspects = _suspect(tx, connector, news)
            tx.put_licences(_as_told(tx, news))
        return len(news), suspects

    records, suspects = engine.ports.store.tx(t1)
    heard.records += records
    heard.suspects += suspects


def _news(tx: Tx, page: Sequence[LicenceChange]) -> list[LicenceChange]:
    known = tx.heard(one.id for one in page)
    return list({one.id: one for one in page if one.id not in known}.values())


def _suspect(tx: Tx, connector: str, news: Sequence[LicenceChange]) -> int:
    """Make suspects of the subscriptions that were touched; return how many."""
    ours = tx.heard(one.own_key for one in news if one.own_key)
    foreign = [one for one in news if one.own_key not in ours]
    links = tx.linked({one.licence_id for one in foreign if one.licence_id})
    tx.queue_listings(connector, sorted(_strange(foreign, links)))
    touched = 0
    for change in foreign:
        ids = [link.subscription_id for link in links.get(change.licence_id, [])]
        tx.suspect(ids, f"{change.operation} at the provider", at=change.at, by=change.by)
        touched += len(ids)
    return touched


def _strange(changes: Iterable[LicenceChange], links: dict[str, list[Link]]) -> set[str]:
    """Return the customers of records that no row is linked to."""
    return {one.customer_id for one in changes if one.customer_id and one.licence_id not in links}


def _as_told(tx: Tx, news: Sequence[LicenceChange]) -> Iterator[ListedLicence]:
    """Return listed licences as the newest records tell them, our own writes included."""
    known = tx.listed({one.licence_id for one in news if one.licence_id})
    for change in sorted(news, key=lambda one: one.at):
        before = known.get(change.licence_id)
        if before is None or not change.status or change.at < before.at:
            continue
        quantity = before.quantity if change.quantity is None else change.quantity
        after = replace(before, status=change.status, quantity=quantity, at=change.at)
        known[change.licence_id] = after
        yield after
