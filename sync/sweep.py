"""List the licences of every customer, one request each, and make suspects of what differs.

```
gathering   the customers, page by page, into a queue in the store
listing     the queue, a wave at a time, as fast as real work leaves room; killed, it goes on
each wave   listed against baseline: equal = nothing; else a suspect, which is read and compared
first look  no baseline yet: listed against the row; equal = the baseline of both (rules.md 5)
ended       the queue is empty; what no row is linked to is known for `drift --unmatched`
```
A customer who does not want to be listed stops no other. Memory holds one wave.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from sync.engine import Engine
from sync.feed import LicenceFeed, ListedLicence
from sync.first_look import look_at
from sync.ports import Tx
from sync.provider_rows import known_providers, read_providers
from sync.remote import Licence, NotFound, Refused, RemoteError
from sync.sweep_state import (
    ORGANISATION,
    Stage,
    SweepState,
    is_due,
    put_sweep_state,
    sweep_state,
)

SLICE_SECONDS = 5.0
"""How long a sweep may keep the daemon from its cycle."""
_WAVE = 25
_PAUSE_SECONDS = 1.0

Listed = Sequence[tuple[str, Licence]]


@dataclass(slots=True, kw_only=True)
class Swept:
    """What a slice of sweeping saw."""

    customers: int = 0
    licences: int = 0
    suspects: int = 0
    refused: int = 0
    """Customers of whom the provider lists nothing, because it does not know or serve them."""
    ended: list[str] = field(default_factory=list)
    """Connections whose sweep is whole."""
    failures: dict[str, RemoteError] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class _Run:
    """One provider's part of a slice."""

    engine: Engine
    connector: str
    feed: LicenceFeed
    ends: float | None
    """Monotonic; None: until it is whole."""
    swept: Swept
    providers: frozenset[str]
    """The provider rows that name this connection."""


def sweep(engine: Engine, *, seconds: float | None = SLICE_SECONDS) -> Swept:
    """Begin what is due, and list for a while; None: until everything is listed."""
    swept = Swept()
    ends = None if seconds is None else engine.ports.effects.monotonic() + seconds
    for connector, feed in engine.ports.feeds.items():
        try:
            if _is_wanted(engine, connector):
                run = _Run(
                    engine=engine,
                    connector=connector,
                    feed=feed,
                    ends=ends,
                    swept=swept,
                    providers=_rows_of(engine, connector),
                )
                _sweep(run)
        except RemoteError as error:
            swept.failures[connector] = error
    return swept


def _rows_of(engine: Engine, connector: str) -> frozenset[str]:
    """Return the provider rows that name a connection; read once for each sweep."""

    def tx_known(tx: Tx) -> Mapping[str, str] | None:
        is_new = sweep_state(tx, connector).stage is Stage.GATHERING
        return None if is_new else known_providers(tx)

    known = engine.ports.store.tx(tx_known) or read_providers(engine)
    return frozenset(row for row, named in known.items() if named == connector)


def _is_wanted(engine: Engine, connector: str) -> bool:
    """Begin a sweep that is due; tell whether there is something to list."""
    now = engine.now()

    def tx_begin(tx: Tx) -> bool:
        state = sweep_state(tx, connector)
        if state.stage is Stage.IDLE and is_due(
            state, engine.sweeps, tx.meta(ORGANISATION) or "", now
        ):
            day = now.date().isoformat()
            begun = SweepState(
                stage=Stage.GATHERING, day=day, began=now.isoformat(), ended=state.ended
            )
            put_sweep_state(tx, connector, begun)
            return True
        return state.stage is not Stage.IDLE or bool(tx.listings_left(connector))

    return engine.ports.store.tx(tx_begin)


def _sweep(run: _Run) -> None:
    engine, store = run.engine, run.engine.ports.store
    state = store.tx(lambda tx: sweep_state(tx, run.connector))
    if state.stage is Stage.GATHERING:
        _gather(run)
    while not engine.stopping():
        room = min(run.feed.room(), _WAVE)
        if run.ends is not None and (not room or engine.ports.effects.monotonic() >= run.ends):
            return
        if not room:
            engine.ports.effects.sleep(_PAUSE_SECONDS)
            continue
        customers = store.tx(partial(_next, run.connector, room))
        if not customers:
            _end(run)
            return
        _take_wave(run, customers)


def _gather(run: _Run) -> None:
    """Queue all customers, those as well whom the provider does not name any more."""
    store = run.engine.ports.store
    for page in run.feed.customers():
        store.tx(partial(_queue, run.connector, page))

    def tx_gathered(tx: Tx) -> None:
        tx.queue_listings(run.connector, tx.listed_customers(run.connector))
        state = sweep_state(tx, run.connector)
        put_sweep_state(tx, run.connector, replace(state, stage=Stage.LISTING))

    store.tx(tx_gathered)


def _queue(connector: str, customers: Sequence[str], tx: Tx) -> None:
    tx.queue_listings(connector, customers)


def _next(connector: str, most: int, tx: Tx) -> list[str]:
    return tx.listings(connector, most)


def _take_wave(run: _Run, customers: Sequence[str]) -> None:
    """List some customers beside one another, and take in what came; raise what did not."""
    found: dict[str, Listed] = {}
    failed: dict[str, RemoteError] = {}

    def ask(customer: str) -> None:
        try:
            found[customer] = run.feed.licences(customer)
        except NotFound:
            found[customer] = ()
            failed[customer] = Refused("not known")
        except RemoteError as error:
            failed[customer] = error

    run.engine.ports.dispatcher.run(list(customers), ask)
    refused = [one for one, error in failed.items() if isinstance(error, Refused)]
    _take_in(run, found, refused)
    for error in failed.values():
        if not isinstance(error, Refused):
            raise error


def _take_in(run: _Run, found: Mapping[str, Listed], refused: Sequence[str]) -> None:
    """Store what a wave found, in one transaction."""
    engine, swept = run.engine, run.swept
    licences = {licence_id: one for listed in found.values() for licence_id, one in listed}
    looked = look_at(engine, licences, run.providers)

    def t1(tx: Tx) -> int:
        tx.put_baselines(one.baseline for one in looked.adopted)
        for one in looked.adopted:
            tx.put_differences(one.baseline.subscription_id, one.told)
        tx.suspect(looked.suspects, "listed otherwise than it was last known")
        gone = 0
        for customer, listed in found.items():
            gone += _keep(run, tx, customer, listed)
        for customer in {*found, *refused}:
            tx.end_listing(run.connector, customer)
        return len(looked.suspects) + gone

    swept.suspects += engine.ports.store.tx(t1)
    swept.customers += len(found)
    swept.licences += len(licences)
    swept.refused += len(refused)


def _keep(run: _Run, tx: Tx, customer: str, listed: Listed) -> int:
    """Remember what a customer holds; return how many became suspects for it is there no more."""
    now = run.engine.now()
    tx.put_licences(as_listed(run.connector, customer, now, *one) for one in listed)
    held = {licence_id for licence_id, _ in listed}
    before = [one.licence_id for one in tx.listed_for(run.connector, customer)]
    gone = [one for one in before if one not in held]
    tx.drop_licences(gone)
    missed = [one.subscription_id for links in tx.linked(gone).values() for one in links]
    tx.suspect(missed, "no longer listed at the provider")
    return len(missed)


def as_listed(
    connector: str, customer: str, now: datetime, licence_id: str, licence: Licence
) -> ListedLicence:
    """Return what is remembered of a licence that was listed."""
    told = licence.resource
    return ListedLicence(
        licence_id=licence_id,
        connector=connector,
        customer_id=customer,
        name=str(told.get("friendlyName") or told.get("offerName") or ""),
        status=licence.status,
        quantity=licence.quantity,
        at=now,
    )


def _end(run: _Run) -> None:
    """Close a sweep whose queue is empty; a few customers that records named are none."""
    engine = run.engine

    def tx_end(tx: Tx) -> SweepState | None:
        state = sweep_state(tx, run.connector)
        if state.stage is not Stage.LISTING:
            return None
        ended = replace(state, stage=Stage.IDLE, ended=engine.now().isoformat())
        put_sweep_state(tx, run.connector, ended)
        return ended

    if state := engine.ports.store.tx(tx_end):
        run.swept.ended.append(run.connector)
        engine.ports.log.info("sweep ended", service=run.connector, since=state.began)
