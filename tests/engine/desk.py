"""An engine whose store is real and whose Dataverse answers by script, so that any answer comes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lifecycle.decisions import Standing
from seatkeeper.dispatch import InlineDispatcher
from store.sqlite import SqliteStore
from sync import apply
from sync.engine import Engine, Ports
from sync.operations import GROUP_WRITE
from sync.remote import Answer, Outcome, Unavailable, Write, WriteResult
from sync.state import Fact, FactState, Operation, OperationState, Seen, Service, Source
from tests.connector.scripted import Clockwork
from tests.durability.site import Silence
from tests.engine.cases import NOW, mappings, point, policy, standing

LOG, LINE, DRAFT = "log-{}", "line-{}", "draft"
DONE = WriteResult(outcome=Outcome.DONE, status=200)


@dataclass
class Dataverse:
    """Answers by script; everything that is not scripted is done."""

    script: list[WriteResult] = field(default_factory=list)
    there: set[str] = field(default_factory=set)
    is_down: bool = False
    short: int = 0
    """How many change sets of a request get no answer at all."""
    sets: list[list[str]] = field(default_factory=list)
    """The ids that each change set wrote."""
    requests: list[int] = field(default_factory=list)
    """How many change sets each request carried."""
    looked: list[list[str]] = field(default_factory=list)
    before: Callable[[], object] = lambda: None
    time: datetime = NOW

    def now(self) -> datetime:
        return self.time

    def write(self, writes: Sequence[Write]) -> WriteResult:
        return self.write_sets([writes])[0]

    def write_sets(self, sets: Sequence[Sequence[Write]]) -> Sequence[WriteResult]:
        self.before()
        self.requests.append(len(sets))
        self.sets += [[one.id for one in writes] for writes in sets]
        answered = len(sets) - self.short
        return [self.script.pop(0) if self.script else DONE for _ in sets[:answered]]

    def read(self, reads: Sequence[Any]) -> Sequence[Answer]:
        self.looked.append([one.id for one in reads])
        if self.is_down:
            raise Unavailable("Dataverse does not answer")
        return [Answer(rows=({"id": one.id},) if one.id in self.there else ()) for one in reads]


class Told:
    """A log that keeps its events."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, object]]] = []

    def info(self, event: str, /, **facts: object) -> None:
        self.events.append((event, facts))

    warning = info

    def named(self, event: str) -> list[dict[str, object]]:
        return [facts for name, facts in self.events if name == event]


@dataclass
class Desk:
    """An engine, its store, and the change sets that were stored in it."""

    crm: Dataverse
    engine: Engine

    def tx(self, fn: Callable[[Any], Any]) -> Any:
        return self.engine.ports.store.tx(fn)

    def plans(self, number: int, *, kind: str = GROUP_WRITE) -> list[Operation]:
        """Store what T2 stores for a subscription that was suspended."""
        subject = f"s{number}"
        fact = Fact(
            key=f"{subject}|a1",
            subscription_id=subject,
            point=point("suspended"),
            status_changed=True,
            quantity_changed=False,
            source=Source.AUDIT,
            at=NOW,
            state=FactState.PLANNED,
        )
        group = f"{kind}:{number}"
        writes = [("log deactivation", LOG, "sk_changelogs", "create")]
        writes += [("invoice line", LINE, "sk_invoicelines", "create")]
        writes += [("open invoice", DRAFT, "sk_invoices", 'W/"7"')]
        operations = [
            Operation(
                id=f"{group}:{place}",
                subject=subject,
                group=group,
                service=Service.DATAVERSE,
                action=action,
                set=where,
                target=name.format(number),
                body={"sk_name": name.format(number)},
                precondition=precondition,
                change_keys=(fact.key,),
            )
            for place, (action, name, where, precondition) in enumerate(writes)
        ]
        self.tx(lambda tx: self._put(tx, fact, operations))
        return self.stored(number)

    def _put(self, tx: Any, fact: Fact, operations: list[Operation]) -> None:
        seen = Seen(
            id=fact.subscription_id,
            version=1,
            point=point("suspended"),
            accepted=standing("active"),
            planned=standing("suspended"),
            contract_id="c",
            modified_at=NOW,
            first_seen_on=NOW.date(),
        )
        tx.put_seen([seen])
        tx.add_facts([fact])
        tx.set_fact_state([fact.key], FactState.PLANNED)
        tx.add_operations(operations)

    def stored(self, number: int) -> list[Operation]:
        found: list[Operation] = self.tx(lambda tx: tx.operations(f"s{number}"))
        return found

    def sends(self, *groups: Sequence[Operation]) -> None:
        apply.send_groups(self.engine, groups)

    def ended(self, number: int = 1) -> tuple[OperationState, str, datetime | None, int]:
        """Return how a group stands: all of its operations stand alike."""
        [end] = {
            (one.state, one.message, one.not_before, one.attempts) for one in self.stored(number)
        }
        return end

    def fact(self, number: int = 1) -> FactState:
        [fact] = self.tx(lambda tx: tx.facts(f"s{number}"))
        state: FactState = fact.state
        return state

    def accepted(self, number: int = 1) -> tuple[Standing | None, Standing | None]:
        seen = self.tx(lambda tx: tx.seen([f"s{number}"]))[f"s{number}"]
        return seen.accepted, seen.planned

    def told(self, number: int, event: str) -> list[dict[str, str]]:
        entries = self.tx(lambda tx: tx.read_trail())
        return [one.facts for one in entries if (one.subject, one.event) == (f"s{number}", event)]


def open_desk() -> Desk:
    """Return a desk with an empty store."""
    crm = Dataverse()
    ports = Ports(
        crm=crm,  # type: ignore[arg-type]  # what apply asks, and no more
        providers={},
        store=SqliteStore(":memory:"),
        effects=Clockwork(),
        dispatcher=InlineDispatcher(),
        log=Silence(),
    )
    engine = Engine(ports=ports, mappings=mappings(), policy=policy(), audit_wait_seconds=60)
    return Desk(crm=crm, engine=engine)
