"""`parked show`: everything about one parked subject. Reads both services if they answer."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from seatkeeper.bootstrap import Application, meet
from sync.engine import Engine
from sync.judge import status_of
from sync.mapping import MalformedRowError
from sync.model import Context
from sync.ports import Tx
from sync.prepare import read
from sync.remote import LicenceRef, RemoteError
from sync.resolving import choices, words
from sync.sides import Difference, Side
from sync.state import Fact, FactState, Parked

_UNFINISHED = frozenset({"awaiting", "failed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """What is known of a parked subject, in words."""

    parked: Parked
    choices: str
    sides: tuple[Side, ...]
    held_back: tuple[str, ...]
    """Changes, change logs and operations that wait behind it."""
    differences: tuple[Difference, ...] = ()
    """Where the two sides do not agree, with what both were left with."""


def find_dossier(application: Application, text: str) -> Dossier | None:
    """Put together what is known; None when the id belongs to nothing that is parked."""
    engine = application.engine

    def known(tx: Tx) -> Dossier | None:
        subject = tx.find_subject(text.lower()) or text
        parked = next(iter(tx.parked(subject)), None)
        if parked is None:
            return None
        return Dossier(
            parked=parked,
            choices=words(parked, choices(tx, parked)),
            sides=tuple(_stored(engine, tx, subject)),
            held_back=tuple(_held_back(engine, tx, subject)),
            differences=tuple(tx.differences(subject)),
        )

    found = engine.ports.store.tx(known)
    if found is None:
        return None
    return Dossier(
        parked=found.parked,
        choices=found.choices,
        sides=(*found.sides, *_live(application, found.parked.subject)),
        held_back=found.held_back,
        differences=found.differences,
    )


def _stored(engine: Engine, tx: Tx, subject: str) -> Iterator[Side]:
    seen = tx.seen([subject]).get(subject)
    if seen is None:
        return
    entity = engine.mappings.entity("subscription")
    if seen.accepted:
        status, quantity = seen.accepted.status, seen.accepted.quantity
        yield Side(
            name="last accepted", status=status, quantity=str(quantity), told="by its change logs"
        )
    status_seen = status_of(entity, seen.point) or str(list(seen.point.pair))
    yield Side(
        name="Dynamics, last seen",
        status=status_seen,
        quantity=str(seen.point.quantity),
        told=f"row of {seen.modified_at:%Y-%m-%d %H:%M} UTC",
    )


def _live(application: Application, subject: str) -> Iterator[Side]:
    """Meet Dataverse if it answers, and read both services."""
    with suppress(RemoteError):
        meet(application)
    yield from live_sides(application.engine, subject)


def live_sides(engine: Engine, subject: str) -> Iterator[Side]:
    """Read both services now; what does not answer is said."""
    name = "Dynamics, now"
    try:
        context = read(engine, subject)
    except (RemoteError, MalformedRowError) as error:
        yield Side(name=name, status="?", quantity="?", told=f"not read: {error}")
        yield Side(name="provider, now", status="?", quantity="?", told="not read")
        return
    row = context.subscription
    if row is None:
        yield Side(name=name, status="-", quantity="-", told="there is no such row")
        return
    yield Side(name=name, status=row.status, quantity=str(row.quantity), told="read just now")
    yield _provider(engine, context)


def _provider(engine: Engine, context: Context) -> Side:
    name = f"{context.provider.name}, now" if context.provider else "provider, now"
    row, provider = context.subscription, context.provider
    connection = engine.ports.providers.get(provider.connector) if provider else None
    if row is None or connection is None or not row.provider_subscription_id:
        return Side(name=name, status="-", quantity="-", told="nothing can be read there")
    ref = LicenceRef(
        customer_id=context.customer_tenant_id, subscription_id=row.provider_subscription_id
    )
    try:
        licence = connection.read(ref)
    except RemoteError as error:
        return Side(name=name, status="?", quantity="?", told=f"not read: {error}")
    renews = "renews by itself" if licence.auto_renew else "does not renew by itself"
    return Side(
        name=name, status=licence.status, quantity=str(licence.quantity), told=f"now; {renews}"
    )


def _held_back(engine: Engine, tx: Tx, subject: str) -> Iterator[str]:
    entity = engine.mappings.entity("subscription")
    for fact in tx.facts(subject, FactState.WAITING, FactState.REFUSED):
        yield _change(fact, status_of(entity, fact.point) or str(list(fact.point.pair)))
    for log in tx.known_logs(subject):
        if log.provisioning in _UNFINISHED:
            yield f"change log {log.id}: {log.kind}, {log.provisioning} provisioning"
    for one in tx.open_operations(subject):
        yield f"operation {one.id}: {one.action} {one.target} ({one.state})"


def _change(fact: Fact, status: str) -> str:
    return (
        f"change {fact.key} of {fact.at:%Y-%m-%d %H:%M} UTC: {status}, {fact.point.quantity} seats"
        f" ({fact.state})"
    )


def tell(dossier: Dossier) -> Iterator[str]:
    """Tell a dossier in lines."""
    parked = dossier.parked
    yield f"{parked.subject}  {parked.code}, since {parked.since:%Y-%m-%d %H:%M} UTC"
    yield f"  {parked.reason}"
    yield f"  {parked.advice}"
    yield f"  choices: {dossier.choices}"
    for side in dossier.sides:
        yield f"  {side.name:<22} {side.status:<12} {side.quantity:>6} seats   {side.told}"
    for one in dossier.differences:
        before = f"was {one.base or 'not known'}"
        yield f"  {one.field}: {before}, Dynamics {one.crm}, provider {one.partner}"
        yield f"    {one.outcome.replace('_', ' ')}: {one.reason}"
    yield "  held back behind it:" if dossier.held_back else "  nothing is held back behind it"
    for waiting in dossier.held_back:
        yield f"    {waiting}"
