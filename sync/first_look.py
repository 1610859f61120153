"""Compare licences that were listed with what is known of their rows; adopt what is equal.

With a baseline nothing is asked: a listed licence that equals it is as it was. Without one the
rows are read, all of a customer in one read: what both sides hold alike becomes the baseline, and
what merely is to be told is told. Whatever may have to be written makes a suspect, whose licence
is then read by itself.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sync.comparing import ENDED, compare_licence, differences, licence_record
from sync.engine import Engine
from sync.feed import Link
from sync.mapping import Entity, MalformedRowError
from sync.mapping_made import named_in
from sync.mapping_sides import stored, there
from sync.partner_path import root_of
from sync.ports import Tx
from sync.reconcile import Course, Direction, rights_of, shown
from sync.remote import Comparison, Condition, Json, Licence, Read, Row
from sync.sides import Baseline, Difference
from sync.state import FactState

LINKED = "provider_subscription_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What a look at listed licences found."""

    suspects: tuple[str, ...]
    adopted: tuple["Adopted", ...]


@dataclass(frozen=True, slots=True)
class Adopted:
    """The first baseline of a subscription, and what differed from the first look on."""

    baseline: Baseline
    told: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class _Pair:
    """A linked row, and its licence as it was listed."""

    link: Link
    licence: Licence

    @property
    def id(self) -> str:
        return self.link.subscription_id


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What is known of both sides of a subscription."""

    baseline: Baseline | None
    hold: Row
    told: Mapping[str, str]
    """What the licence was seen to hold in the fields that differ, in words."""
    is_busy: bool
    """A change of the row is on its way: until it is done the sides differ by nature."""


def look_at(engine: Engine, licences: Mapping[str, Licence], providers: frozenset[str]) -> Looked:
    """Compare licences, by id, with baselines, or with rows read now where there are none."""
    store = engine.ports.store
    links = store.tx(lambda tx: tx.linked(licences))
    pairs = [
        _Pair(link, licences[licence_id])
        for licence_id, many in links.items()
        for link in many
        if link.provider_id in providers
    ]
    known = store.tx(lambda tx: {one.id: _known(tx, one.id) for one in pairs})
    entity = engine.mappings.entity("subscription")
    rows = _rows(engine, entity, [one.link for one in pairs if known[one.id].baseline is None])
    adopted = [
        made
        for one in pairs
        if (made := _adopted(entity, one, known[one.id], rows.get(one.id), engine.now()))
    ]
    equal = {one.id for one in pairs if _is_as_known(entity, one, known[one.id])}
    equal |= {one.baseline.subscription_id for one in adopted}
    suspects = {one.id for one in pairs} - equal
    return Looked(suspects=tuple(sorted(suspects)), adopted=tuple(adopted))


def _known(tx: Tx, subscription_id: str) -> _Known:
    return _Known(
        baseline=tx.baseline(subscription_id),
        hold=tx.hold(subscription_id) or {},
        told={one.field: one.partner for one in tx.differences(subscription_id)},
        is_busy=bool(
            tx.open_operations(subscription_id)
            or tx.facts(subscription_id, FactState.WAITING, FactState.PLANNED)
            or any(log.provisioning == "awaiting" for log in tx.known_logs(subscription_id))
        ),
    )


def _is_as_known(entity: Entity, pair: _Pair, known: _Known) -> bool:
    """Tell whether a licence holds what it was last known to hold, field by field."""
    if known.baseline is None:
        return False
    base = known.baseline.partner
    return all(
        _is_same(base[name], held) if name in base else known.told.get(name) == shown(held)
        for name, held in _held(entity, pair.licence, known.hold)
    )


def _is_same(before: Json, now: Json) -> bool:
    """Compare values; one end of a licence is as good as another."""
    return before == now or (before in ENDED and now in ENDED)


def _held(entity: Entity, licence: Licence, hold: Row) -> Iterator[tuple[str, Json]]:
    """Yield the compared fields of a licence; what a suspend of ours took is not compared."""
    for name, value in licence_record(entity, licence, {}).items():
        field = entity.fields[name]
        is_compared = rights_of(field).direction is not Direction.NONE
        if is_compared and root_of(field.partner_center) not in hold:
            yield name, stored(there(field, value))


def _adopted(
    entity: Entity, pair: _Pair, known: _Known, row: Row | None, now: datetime
) -> Adopted | None:
    """Return the first baseline of a row and its licence, unless something may be written."""
    if known.baseline is not None or known.is_busy or row is None:
        return None
    try:
        record = entity.record(row)
    except MalformedRowError:
        return None  # whoever reads it parks it
    found = compare_licence(entity, record, pair.licence, None, known.hold)
    if found.open != found.of(Course.REPORTED):
        return None
    baseline = Baseline(subscription_id=pair.id, crm=found.crm, partner=found.partner, at=now)
    return Adopted(baseline, tuple(differences(found, pair.id, now)))


def _rows(engine: Engine, entity: Entity, links: Sequence[Link]) -> dict[str, Row]:
    """Read the rows of all customers at once, one read for each customer."""
    mapped = [name for name, field in entity.fields.items() if field.partner_center]
    named = [part for name in mapped for part in named_in(entity.fields[name].template)]
    columns = entity.columns(*dict.fromkeys((LINKED, *mapped, *named)))
    reads = [_read_of(entity, columns, one) for one in _customers(links)]
    answers = engine.ports.crm.read(reads) if reads else ()
    return {entity.row_id(row): row for answer in answers for row in answer.rows}


def _customers(links: Iterable[Link]) -> list[str]:
    return sorted({one.customer_id for one in links if one.customer_id})


def _read_of(entity: Entity, columns: tuple[str, ...], customer_id: str) -> Read:
    of = Condition(column=entity.column("customer"), value=customer_id, guid=True)
    named = Condition(column=entity.column(LINKED), comparison=Comparison.NE, value=None)
    return Read(set=entity.set, columns=columns, where=(of, named))
