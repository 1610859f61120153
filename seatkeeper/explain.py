"""`seatkeeper explain ID`: the story of a subscription, log, line, change or operation.

Told from the local state alone: what was seen, which rule decided, what was sent and answered.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass

from sync.judge import status_of
from sync.mapping import Entity
from sync.ports import Store, Tx
from sync.state import Fact, Operation, Parked, Point, Service, Source, TrailEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What the local state knows about one subject."""

    asked: str
    subject: str
    accepted: str
    facts: tuple[Fact, ...]
    operations: tuple[Operation, ...]
    parked: Parked | None
    trail: tuple[TrailEntry, ...]

    @property
    def about(self) -> tuple[Operation, ...]:
        """The writes that made the row, or are the operation, that was asked for."""
        return tuple(one for one in self.operations if self.asked in {one.id, one.target})

    def document(self) -> dict[str, object]:
        """Return the story for `--json`; bodies are left to `plan`."""
        return {
            "subject": self.subject,
            "accepted": self.accepted,
            "about": [{**_operation(one), "body": one.body} for one in self.about],
            "facts": [_fact(fact) for fact in self.facts],
            "operations": [_operation(one) for one in self.operations],
            "parked": asdict(self.parked) if self.parked else None,
            "trail": [asdict(entry) for entry in self.trail],
        }


def find_subject(tx: Tx, text: str) -> str | None:
    """Return the subject that an id belongs to, however it is written."""
    wanted = text.strip()
    return tx.find_subject(wanted.lower()) or tx.find_subject(wanted)


def find_story(store: Store, text: str) -> Story | None:
    """Find the subject that an id belongs to; None when the state knows nothing of it."""

    def read(tx: Tx) -> Story | None:
        subject = find_subject(tx, text)
        if subject is None:
            return None
        seen = tx.seen([subject]).get(subject)
        accepted = "unknown"
        if seen and seen.accepted:
            accepted = f"{seen.accepted.status}, {seen.accepted.quantity} seats"
        return Story(
            asked=text.strip().lower(),
            subject=subject,
            accepted=accepted,
            facts=tuple(tx.facts(subject)),
            operations=tuple(tx.operations(subject)),
            parked=next(iter(tx.parked(subject)), None),
            trail=tuple(tx.read_trail(subject)),
        )

    return store.tx(read)


def tell(story: Story, entity: Entity) -> Iterator[str]:
    """Tell a story in lines, in the order in which things happened."""
    yield f"{story.subject}"
    yield f"  last accepted: {story.accepted}"
    for one in story.about:
        yield from _about(one, entity)
    if story.parked:
        yield f"  PARKED since {story.parked.since:%Y-%m-%d %H:%M} UTC ({story.parked.code})"
        yield f"    {story.parked.reason}"
        yield f"    {story.parked.advice}"
    if not story.trail:
        yield "  nothing has changed since it was first seen"
    facts = {fact.key: fact for fact in story.facts}
    for entry in story.trail:
        yield f"  {entry.at:%Y-%m-%d %H:%M:%S} {sentence(entry, facts, entity)}"
    if story.operations:
        yield "  what was sent:"
    for one in story.operations:
        yield f"    {_sent(one)}"


def _about(one: Operation, entity: Entity) -> Iterator[str]:
    """Tell what was asked for, when it is a row that we wrote or an operation."""
    if one.set == entity.set:
        return
    yield f"  {one.target if one.service is Service.DATAVERSE else one.id} is: {_sent(one)}"
    for name, value in sorted(one.body.items()):
        if name.endswith(("amount", "explanation", "message", "refunddecision", "quantity")):
            yield f"    {name}: {value}"


def _sent(one: Operation) -> str:
    when = f"{one.sent_at:%Y-%m-%d %H:%M:%S}" if one.sent_at else "not sent"
    where = f"{one.set}({one.target})" if one.service is Service.DATAVERSE else one.target
    told = [one.state.value, f"{one.attempts} attempts" if one.attempts > 1 else ""]
    told += [f"MS-RequestId {one.request_id}" if one.request_id else "", one.message]
    return f"{when} {one.action} {where}: {', '.join(part for part in told if part)}"


# --- sentences ---------------------------------------------------------------------------------


def sentence(entry: TrailEntry, facts: Mapping[str, Fact], entity: Entity) -> str:
    """Tell an entry of the trail in words; `facts` are the changes of its subject by key."""
    told = entry.facts
    fact = facts.get(told.get("change", ""))
    if entry.event == "seen" and fact is not None:
        return _seen(fact, entity)
    tells = _TELLS.get(entry.event)
    if tells is not None:
        return tells(told)
    rest = ", ".join(f"{name}: {value}" for name, value in told.items())
    return entry.event + (f": {rest}" if rest else "")


_HOW = {
    Source.AUDIT: "seen in the audit history",
    Source.OBSERVED: "seen by comparing two reads (uncertain: the time is that of the row, steps"
    " in between are unknown)",
    Source.NEW_ROW: "seen as a new row",
    Source.SCHEDULE: "reached its deactivate-on date",
    Source.PROVIDER: "changed at the provider",
    Source.RENEWAL: "renewed at the provider",
}


def _seen(fact: Fact, entity: Entity) -> str:
    by = f" by {fact.by}" if fact.by and fact.source is not Source.SCHEDULE else ""
    return (
        f"{_HOW[fact.source]}: {_where(fact.point, entity)}, made{by} on"
        f" {fact.at:%Y-%m-%d %H:%M:%S} UTC (change {fact.key}, {fact.state})"
    )


def _where(point: Point, entity: Entity) -> str:
    return f"{status_of(entity, point) or list(point.pair)}, {point.quantity} seats"


_MONEY = {
    "refunded": "refund given",
    "declined_by_subscription": "no refund, by the choice on the subscription",
    "declined_by_contract": "no refund, by the contract",
    "declined_by_setting": "no refund, by the global setting",
    "nothing_to_refund": "nothing to refund",
    "removed_by_person": "refund line removed by a person",
}


def _decided(told: Mapping[str, str]) -> str:
    was = f" (was {told['was']}, {told['was_quantity']} seats)" if "was" in told else ""
    refund = told.get("refund", "")
    why = f": {told['refund_reason']}" if "refund_reason" in told else ""
    means = f"; it means: {told['consequences']}" if "consequences" in told else ""
    return (
        f"decided: {told.get('reason', told.get('rule', '?'))}{was}; effective"
        f" {told.get('effective_on', '?')}; {_MONEY.get(refund, refund)}{why}; provider:"
        f" {told.get('provisioning', '?')}; change log {told.get('log', '?')}{means}"
    )


def _answered(told: Mapping[str, str]) -> str:
    who = f"the provider answered {told['action']}" if "action" in told else "Dataverse answered"
    names = {"status": "HTTP", "code": "code", "request_id": "MS-RequestId"}
    names |= {"correlation_id": "correlation id"}
    parts = [f"{word} {told[name]}" for name, word in names.items() if told.get(name, "0") != "0"]
    said = f": {told['said']}" if told.get("said") else ""
    return f"{who}: {told.get('outcome', '?')} ({', '.join(parts)}){said}"


def _owed(told: Mapping[str, str]) -> str:
    return f"owed {told.get('amount', '?')}: {told.get('explanation', '')}"


def _compared(told: Mapping[str, str]) -> str:
    before = f"was {told['base']}, " if "base" in told else ""
    return (
        f"both sides compared: {told.get('field', '?')} {before}Dynamics {told.get('crm', '?')},"
        f" Partner Center {told.get('partner_center', '?')}: {told.get('reason', '?')}"
    )


_TELLS: Mapping[str, Callable[[Mapping[str, str]], str]] = {
    "decided": _decided,
    "owed": _owed,
    "compared": _compared,
    "provider answered": _answered,
    "dataverse answered": _answered,
}


def _fact(fact: Fact) -> dict[str, object]:
    return {
        "key": fact.key,
        "at": fact.at,
        "by": fact.by,
        "source": fact.source,
        "uncertain": fact.source is Source.OBSERVED,
        "state": fact.state,
        "status": list(fact.point.pair),
        "quantity": fact.point.quantity,
    }


def _operation(one: Operation) -> dict[str, object]:
    return {
        "id": one.id,
        "service": one.set if one.service is Service.PROVIDER else one.service.value,
        "action": one.action,
        "set": one.set,
        "target": one.target,
        "state": one.state,
        "attempts": one.attempts,
        "sent_at": one.sent_at,
        "request_id": one.request_id,
        "message": one.message,
    }
