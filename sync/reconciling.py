"""Read the licences of suspects and compare them with their rows (rules.md 5).

```
the comparison says            what follows
both alike, or only told       the baseline; the suspicion is over
anything to write or decide    stored as a change, and taken up like every other one
the licence is not there       told as a difference
no answer, or not its turn     it stays a suspect
```
One `$batch` of Dataverse reads many rows; each licence is one request. What nobody suspects is
not read. A subscription with work of its own waits (rules.md 5.3).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from sync import model
from sync.aside import Failures
from sync.change_keys import next_ordinal, seen_entries, transition_name
from sync.comparing import changes, compare_licence, differences, merged
from sync.context import ETAG
from sync.engine import LONGEST_PAUSE, Engine
from sync.foreign import ref_of, standing_point
from sync.mapping import Entity, MalformedRowError, Record
from sync.model import Context, ProviderKind
from sync.parking import unpark
from sync.paused import is_paused
from sync.ports import Tx
from sync.reconcile import Comparison, Course
from sync.remote import Licence, NotFound, Read, RemoteError, Row
from sync.sides import DIFFERING, Difference, Suspicion
from sync.state import Fact, FactState, Seen, Source, Wake

AT_ONCE = 100
"""Licences that are read for comparing in one cycle; the others wait for the next."""
REASON = "compared with the provider"
LICENCE = "licence"
"""The name under which a licence that is not there stands among the differences."""
_UNFINISHED = frozenset({"awaiting", "failed"})
_ACTS = (Course.TO_CRM, Course.TO_PARTNER_CENTER, Course.CONFLICT)
_MAPPINGS = "reconciled_mappings"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Suspect:
    """A suspect with what is known of it, and its row."""

    suspicion: Suspicion
    seen: Seen
    hold: Row | None
    context: Context

    @property
    def id(self) -> str:
        return self.seen.id


def reconcile_suspects(engine: Engine, failures: Failures, *, ignore_pauses: bool = False) -> int:
    """Compare the suspects whose turn it is; return how many licences were read."""
    if is_paused(engine) and not ignore_pauses:
        return 0
    engine.ports.store.tx(lambda tx: _suspect_anew(engine, tx))
    ready = comparable(engine, ignore_pauses=ignore_pauses)[:AT_ONCE]
    found: dict[str, _Suspect] = {}
    failures.run(engine, (), lambda: found.update(_read(engine, ready)))

    def compare(subject: str) -> None:
        failures.run(engine, [subject], partial(_look, engine, found[subject]))

    engine.ports.dispatcher.run(list(found), compare)
    return len(found)


def comparable(engine: Engine, *, ignore_pauses: bool = False) -> list[str]:
    """Return the suspects that can be compared now, oldest first; nothing is asked for it."""
    now = engine.now()
    for subject in [one for one, until in engine.unripe.items() if until <= now]:
        del engine.unripe[subject]
    resting = {} if ignore_pauses else engine.unripe

    def tx_comparable(tx: Tx) -> list[str]:
        waiting = [subject for subject, _ in tx.suspects() if subject not in resting]
        known = tx.seen(waiting)
        return [
            one
            for one in waiting
            if one in known and _is_free(tx, one, ignore_pauses=ignore_pauses)
        ]

    return engine.ports.store.tx(tx_comparable)


def _is_free(tx: Tx, subject: str, *, ignore_pauses: bool) -> bool:
    """Tell whether a subscription has no work of its own (rules.md 5.3)."""
    if any(one.code not in DIFFERING for one in tx.parked(subject)):
        return False
    if tx.open_operations(subject) or tx.facts(subject, FactState.WAITING, FactState.PLANNED):
        return False
    if tx.wakes(subject) is not None and not ignore_pauses:
        return False
    return not any(log.provisioning in _UNFINISHED for log in tx.known_logs(subject))


def _suspect_anew(engine: Engine, tx: Tx) -> None:
    """Look again at everything that differs when the mappings changed: it may flow now."""
    now = engine.mappings.hash
    before = tx.meta(_MAPPINGS)
    if before == now:
        return
    tx.set_meta(_MAPPINGS, now)
    differing = {one.subscription_id for one in tx.differences()}
    if before is not None and differing:
        tx.suspect(sorted(differing), "the mappings changed")


# --- reading -------------------------------------------------------------------------------------


def _read(engine: Engine, subjects: Sequence[str]) -> Iterator[tuple[str, _Suspect]]:
    """Read the rows with their customer and provider, all in one request."""
    if not subjects:
        return
    entity = engine.mappings.entity("subscription")
    expand = tuple(
        (entity.fields[name].navigation, engine.mappings.entity(name).columns())
        for name in ("customer", "provider")
    )
    reads = [
        Read(set=entity.set, columns=entity.columns(), id=one, expand=expand) for one in subjects
    ]
    answers = engine.ports.crm.read(reads)
    known = engine.ports.store.tx(
        lambda tx: {one: (tx.suspicion(one), tx.hold(one)) for one in subjects}
    )
    seen = engine.ports.store.tx(lambda tx: tx.seen(subjects))
    for subject, answer in zip(subjects, answers, strict=True):
        suspicion, hold = known[subject]
        context = _context(engine, answer.rows[0]) if answer.rows else None
        if context is None or suspicion is None:
            _rest(engine, subject)
            continue
        yield (
            subject,
            _Suspect(suspicion=suspicion, seen=seen[subject], hold=hold, context=context),
        )


def _context(engine: Engine, row: Row) -> Context | None:
    """Return what a comparison reads of a row; None for one that cannot be read."""
    entity = engine.mappings.entity("subscription")
    try:
        record = entity.record(row)
        customer = _expanded(engine, entity, row, "customer")
        provider = _expanded(engine, entity, row, "provider")
        return Context(
            subscription=model.subscription(entity.row_id(row), str(row.get(ETAG, "")), record),
            customer_tenant_id=model.text(customer[1]["tenant_id"]) if customer else "",
            contract=None,
            provider=model.provider(*provider) if provider else None,
            logs=(),
            drafts=(),
            closed=(),
            lines=(),
            last_line_number=0,
        )
    except MalformedRowError:
        return None  # told when something is to be done about it


def _expanded(engine: Engine, entity: Entity, row: Row, name: str) -> tuple[str, Record] | None:
    found = row.get(entity.fields[name].navigation)
    if not isinstance(found, Mapping):
        return None
    of = engine.mappings.entity(name)
    row_id = str(row.get(entity.column(name)) or "").lower()
    return row_id, of.record({of.id_column: row_id, **found})


def _rest(engine: Engine, subject: str) -> None:
    """Look again after a pause: nothing can be compared now."""
    engine.unripe[subject] = engine.now() + LONGEST_PAUSE


# --- looking -------------------------------------------------------------------------------------


def _look(engine: Engine, suspect: _Suspect) -> None:
    """Read one licence and compare it."""
    provider, ref = suspect.context.provider, ref_of(suspect.context)
    automatic = provider is not None and provider.kind is ProviderKind.AUTOMATIC
    if provider is None or ref is None or not automatic:
        engine.ports.store.tx(lambda tx: _conclude(tx, suspect, ()))
        return
    if not (engine.scope.holds(suspect.context) and provider.connector in engine.ports.providers):
        _rest(engine, suspect.id)
        return
    try:
        licence = engine.ports.providers[provider.connector].read(ref)
    except NotFound:
        gone = _gone(engine, suspect, ref.subscription_id)
        engine.ports.store.tx(lambda tx: _conclude(tx, suspect, (gone,)))
        return
    except RemoteError:
        engine.unanswered.add(suspect.id)
        _rest(engine, suspect.id)
        raise
    engine.unanswered.discard(suspect.id)
    _compare(engine, suspect, licence)


def _gone(engine: Engine, suspect: _Suspect, licence_id: str) -> Difference:
    return Difference(
        subscription_id=suspect.id,
        field=LICENCE,
        base="",
        crm=licence_id,
        partner="unknown",
        outcome=Course.REPORTED.value,
        reason="the provider does not know the subscription id",
        since=engine.now(),
    )


def _conclude(tx: Tx, suspect: _Suspect, found: Sequence[Difference]) -> None:
    tx.put_differences(suspect.id, found)
    tx.clear_suspicion(suspect.suspicion)


def _compare(engine: Engine, suspect: _Suspect, licence: Licence) -> None:
    entity = engine.mappings.entity("subscription")
    standing, row = standing_point(entity, suspect.seen), suspect.context.subscription
    accepted = suspect.seen.accepted
    if row is None or standing is None or accepted is None:
        _rest(engine, suspect.id)
        return
    if (row.status, row.quantity) != (accepted.status, accepted.quantity):
        return  # a change of the row is on its way; it comes first
    baseline = engine.ports.store.tx(lambda tx: tx.baseline(suspect.id))
    found = compare_licence(entity, row.mapped, licence, baseline, suspect.hold)
    at = suspect.suspicion.at or engine.now()
    facts = changes(found, entity, standing, suspect.id, at)
    engine.ports.store.tx(lambda tx: _t1(engine, tx, suspect, found, facts))
    if found.of(*_ACTS):
        engine.licences[suspect.id] = licence


def _t1(
    engine: Engine, tx: Tx, suspect: _Suspect, found: Comparison, facts: Sequence[Fact]
) -> None:
    """Store what was found; the transaction touches only the store, and may run twice."""
    subject = suspect.id
    if not _is_free(tx, subject, ignore_pauses=True):
        return  # something came in between
    told = differences(found, subject, engine.now())
    if found.of(*_ACTS):
        tx.put_differences(subject, told)
        named = list(_named(engine, tx, suspect, facts))
        tx.add_facts(named)
        tx.trail(seen_entries(engine, named))
        tx.wake(Wake(subscription_id=subject, reason=REASON))
        return
    held = merged(tx.baseline(subject), found.crm, found.partner, subject, engine.now())
    tx.put_baselines([held])
    _conclude(tx, suspect, told)
    if tx.parked(subject):
        unpark(engine, tx, subject)
        tx.wake(Wake(subscription_id=subject, reason="the sides are alike"))


def _named(engine: Engine, tx: Tx, suspect: _Suspect, facts: Sequence[Fact]) -> Iterator[Fact]:
    """Give changes their keys: ordinal of the log and transition (rules.md 2.1)."""
    entity = engine.mappings.entity("subscription")
    standing = standing_point(entity, suspect.seen)
    ordinal = next_ordinal(tx, suspect.id)
    for number, fact in enumerate(facts):
        name = f"provider {transition_name(entity, standing, fact.point)}"
        if fact.source is Source.RENEWAL:
            name = "renewal"
        key = f"{suspect.id}|{ordinal + number}|{name}"
        yield replace(fact, key=key, by=suspect.suspicion.by)
