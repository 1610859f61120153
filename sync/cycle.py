"""One cycle: poll both tables, decide what changed means, write it, confirm it.

The steps in order, on one screen. A service that is down ends the cycle, loses nothing, and is
tried again; a subscription in trouble is set aside and delays no other.
"""

from dataclasses import dataclass, field
from itertools import groupby

from sync.aside import Failures
from sync.engine import Engine
from sync.guarding import is_stopped
from sync.late import take_up_late
from sync.paused import is_paused
from sync.poll import late_rows, look_again, poll_subscriptions
from sync.poll_logs import poll_change_logs
from sync.ports import Tx
from sync.reconciling import comparable, reconcile_suspects
from sync.remote import RemoteError, SignInFailed
from sync.schedule_due import take_scheduled
from sync.sides import DIFFERING
from sync.state import Wake
from sync.waves import work_on

_DELETED = "row-deleted"


@dataclass(slots=True, kw_only=True)
class Report:
    """What a cycle saw and could not do."""

    logs: int = 0
    changes: int = 0
    worked: int = 0
    stopped: bool = False
    """A guard is tripped: nothing was sent."""
    failures: list[RemoteError] = field(default_factory=list)

    @property
    def sign_in(self) -> SignInFailed | None:
        return next((one for one in self.failures if isinstance(one, SignInFailed)), None)


def run_cycle(engine: Engine, *, ignore_pauses: bool = False) -> Report:
    """Take what changed in Dataverse all the way to settled invoice lines."""
    report = Report()
    engine.contexts.clear()
    engine.licences.clear()
    report.logs = poll_change_logs(engine)
    report.changes = poll_subscriptions(engine)
    report.changes += look_again(engine)
    report.changes += take_scheduled(engine)
    take_up_late(engine)
    reconcile(engine, report, ignore_pauses=ignore_pauses)
    work(engine, report, ignore_pauses=ignore_pauses)
    seal_trail(engine)
    return report


def reconcile(engine: Engine, report: Report, *, ignore_pauses: bool) -> None:
    """Compare suspects with their licences; what that asks for is taken up as other work is."""
    failures = Failures()
    reconcile_suspects(engine, failures, ignore_pauses=ignore_pauses)
    report.failures += failures.errors


def seal_trail(engine: Engine) -> None:
    """Chain what was written to the trail (rules.md 7.2)."""
    while engine.ports.store.tx(lambda tx: tx.seal()):
        pass


def work(engine: Engine, report: Report, *, ignore_pauses: bool) -> None:
    """Take up everything that is due, by contract; nothing while a person has it paused."""
    if is_paused(engine):
        return
    now = None if ignore_pauses else engine.now()
    due = engine.ports.store.tx(lambda tx: tx.due(now))
    report.stopped = not engine.observe and is_stopped(engine, [subject for subject, _ in due])
    if report.stopped:
        return
    by_contract = sorted((contract or subject, subject) for subject, contract in due)
    contracts = {
        key: [subject for _, subject in members]
        for key, members in groupby(by_contract, key=lambda pair: pair[0])
    }
    report.worked += len(due)
    failures = Failures()
    work_on(engine, contracts, failures)
    report.failures += failures.errors


def look_at_parked(engine: Engine, subject: str | None = None) -> int:
    """Have parked subscriptions (or one) read and judged again: their cause may be gone.

    A parked contract is looked at by the next invoice run.
    """

    def tx_wake(tx: Tx) -> int:
        known = [one.subject for one in tx.parked(subject) if one.code != _DELETED]
        parked = sorted(tx.seen(known))
        tx.revisit(parked)
        differing = [one.subject for one in tx.parked(subject) if one.code in DIFFERING]
        tx.suspect(tx.seen(differing), "look whether the sides may be made equal")
        for one in parked:
            tx.wake(Wake(subscription_id=one, reason="look whether the cause is gone"))
        return len(parked)

    return engine.ports.store.tx(tx_wake)


def work_is_left(engine: Engine) -> bool:
    """Tell whether something waits that is not parked; observing leaves everything."""
    if engine.observe:
        return False

    def tx_left(tx: Tx) -> bool:
        parked = {one.subject for one in tx.parked()}
        left = [subject for subject, _ in tx.due(None) if subject not in parked]
        return bool(left or tx.revisits() or late_rows(engine, tx))

    suspects = engine.unanswered or comparable(engine)
    return bool(suspects) or engine.ports.store.tx(tx_left)


def run_once(engine: Engine, *, passes: int = 8) -> Report:
    """Poll once and work until nothing can be done now; our own pauses do not count."""
    look_at_parked(engine)
    report = run_cycle(engine, ignore_pauses=True)
    for _ in range(passes):
        before = _state(engine)
        if not report.failures and not work_is_left(engine):
            break
        report.failures.clear()
        look_again(engine)
        reconcile(engine, report, ignore_pauses=True)
        work(engine, report, ignore_pauses=True)
        if _state(engine) == before:
            break
    seal_trail(engine)
    return report


def _state(engine: Engine) -> tuple[object, ...]:
    """Return what changes when work gets on."""

    def tx_state(tx: Tx) -> tuple[object, ...]:
        left = tuple(tx.due(None))
        attempts = tuple(
            (one.id, one.state) for subject, _ in left for one in tx.open_operations(subject)
        )
        late = len(late_rows(engine, tx))
        return (*left, *attempts, *tx.revisits(), late, len(tx.suspects()))

    return engine.ports.store.tx(tx_state)
