"""`seatkeeper explain ID`: the story of a subscription, log, line, change or operation."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from sync.ports import Store, Tx
from sync.state import Fact, Operation, Parked, TrailEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What the local state knows about one subject."""

    subject: str
    accepted: str
    facts: tuple[Fact, ...]
    operations: tuple[Operation, ...]
    parked: Parked | None
    trail: tuple[TrailEntry, ...]

    def document(self) -> dict[str, object]:
        """Return the story for `--json`; bodies are left to `plan`."""
        return {
            "subject": self.subject,
            "accepted": self.accepted,
            "facts": [_fact(fact) for fact in self.facts],
            "operations": [_operation(one) for one in self.operations],
            "parked": asdict(self.parked) if self.parked else None,
            "trail": [asdict(entry) for entry in self.trail],
        }


def find_story(store: Store, text: str) -> Story | None:
    """Find the subject that an id belongs to; None when the state knows nothing of it."""
    wanted = text.strip().lower()

    def read(tx: Tx) -> Story | None:
        subject = tx.find_subject(wanted) or tx.find_subject(text.strip())
        if subject is None:
            return None
        seen = tx.seen([subject]).get(subject)
        accepted = "unknown"
        if seen and seen.accepted:
            accepted = f"{seen.accepted.status}, {seen.accepted.quantity} seats"
        return Story(
            subject=subject,
            accepted=accepted,
            facts=tuple(tx.facts(subject)),
            operations=tuple(tx.operations(subject)),
            parked=next(iter(tx.parked(subject)), None),
            trail=tuple(tx.read_trail(subject)),
        )

    return store.tx(read)


def tell(story: Story) -> Iterator[str]:
    """Tell a story in lines, in the order in which things happened."""
    yield f"{story.subject}"
    yield f"  last accepted: {story.accepted}"
    if story.parked:
        yield f"  PARKED since {story.parked.since:%Y-%m-%d %H:%M} UTC ({story.parked.code})"
        yield f"    {story.parked.reason}"
        yield f"    {story.parked.advice}"
    if not story.trail:
        yield "  nothing has changed since it was first seen"
    for entry in story.trail:
        told = ", ".join(f"{name}: {value}" for name, value in entry.facts.items())
        yield f"  {entry.at:%Y-%m-%d %H:%M:%S} {entry.event}" + (f": {told}" if told else "")
    for operation in story.operations:
        if operation.state.is_open:
            yield f"  open: {operation.action} {operation.target} ({operation.state})"


def _fact(fact: Fact) -> dict[str, object]:
    return {
        "key": fact.key,
        "at": fact.at,
        "by": fact.by,
        "source": fact.source,
        "state": fact.state,
        "status": list(fact.point.pair),
        "quantity": fact.point.quantity,
    }


def _operation(one: Operation) -> dict[str, object]:
    return {
        "id": one.id,
        "service": one.set if one.service == "provider" else "dataverse",
        "action": one.action,
        "target": one.target,
        "state": one.state,
        "attempts": one.attempts,
        "request_id": one.request_id,
        "message": one.message,
    }
