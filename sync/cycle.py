"""One cycle: poll both tables, decide what changed means, write it, confirm it.

The steps in order, on one screen. A service that is down ends the cycle, loses nothing, and is
tried again; a subscription in trouble is set aside and delays no other.
"""

from dataclasses import dataclass, field
from itertools import groupby

from sync.aside import Failures
from sync.engine import Engine
from sync.poll import look_again, poll_subscriptions
from sync.poll_logs import poll_change_logs
from sync.ports import Tx
from sync.remote import RemoteError, SignInFailed
from sync.schedule_due import take_scheduled
from sync.state import Wake
from sync.waves import work_on

_DELETED = "row-deleted"


@dataclass(slots=True, kw_only=True)
class Report:
    """What a cycle saw and could not do."""

    logs: int = 0
    changes: int = 0
    worked: int = 0
    failures: list[RemoteError] = field(default_factory=list)

    @property
    def sign_in(self) -> SignInFailed | None:
        return next((one for one in self.failures if isinstance(one, SignInFailed)), None)


def run_cycle(engine: Engine, *, ignore_pauses: bool = False) -> Report:
    """Take what changed in Dataverse all the way to settled invoice lines."""
    report = Report()
    engine.contexts.clear()
    report.logs = poll_change_logs(engine)
    report.changes = poll_subscriptions(engine)
    report.changes += look_again(engine)
    report.changes += take_scheduled(engine)
    work(engine, report, ignore_pauses=ignore_pauses)
    return report


def work(engine: Engine, report: Report, *, ignore_pauses: bool) -> None:
    """Take up everything that is due, by contract."""
    now = None if ignore_pauses else engine.now()
    due = engine.ports.store.tx(lambda tx: tx.due(now))
    by_contract = sorted((contract or subject, subject) for subject, contract in due)
    contracts = {
        key: [subject for _, subject in members]
        for key, members in groupby(by_contract, key=lambda pair: pair[0])
    }
    report.worked += len(due)
    failures = Failures()
    work_on(engine, contracts, failures)
    report.failures += failures.errors


def look_at_parked(engine: Engine) -> int:
    """Have parked subscriptions read and judged again: their cause may be gone."""

    def tx_wake(tx: Tx) -> int:
        parked = [one.subject for one in tx.parked() if one.code != _DELETED]
        tx.revisit(parked)
        for subject in parked:
            tx.wake(Wake(subscription_id=subject, reason="look whether the cause is gone"))
        return len(parked)

    return engine.ports.store.tx(tx_wake)


def work_is_left(engine: Engine) -> bool:
    """Tell whether something waits that is not parked; observing leaves everything."""
    if engine.observe:
        return False

    def tx_left(tx: Tx) -> bool:
        parked = {one.subject for one in tx.parked()}
        left = [subject for subject, _ in tx.due(None) if subject not in parked]
        return bool(left or tx.revisits() or tx.waits())

    return engine.ports.store.tx(tx_left)


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
        work(engine, report, ignore_pauses=True)
        if _state(engine) == before:
            break
    return report


def _state(engine: Engine) -> tuple[object, ...]:
    """Return what changes when work gets on."""

    def tx_state(tx: Tx) -> tuple[object, ...]:
        left = tuple(tx.due(None))
        attempts = tuple(
            (one.id, one.state) for subject, _ in left for one in tx.open_operations(subject)
        )
        return (*left, *attempts, *tx.revisits(), len(tx.waits()))

    return engine.ports.store.tx(tx_state)
