"""The door to the durable local state: transactions, and the store that runs them."""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Protocol, TypeVar

from sync.browsing import Browsing
from sync.feed import FeedTx
from sync.first_rows import FirstRowsTx
from sync.notices import NoticesTx
from sync.remote import Row
from sync.sides import Baseline, Difference, Suspicion
from sync.state import (
    Counted,
    Counts,
    Fact,
    FactState,
    InvoiceWork,
    KnownInvoice,
    KnownLog,
    Operation,
    Parked,
    Request,
    Seen,
    TrailCut,
    TrailEntry,
    TrailFault,
    Wake,
)

T = TypeVar("T")


class Tx(Browsing, FeedTx, FirstRowsTx, NoticesTx, Protocol):
    """One transaction on the local state. Times and ids come from the caller."""

    def meta(self, key: str) -> str | None: ...

    def set_meta(self, key: str, value: str) -> None: ...

    def cursor(self, table: str) -> str | None:
        """Return how far a table was read: its delta link, or where its full read goes on."""
        ...

    def set_cursor(self, table: str, cursor: str | None) -> None: ...

    def met(self, walk: str) -> list[str]:
        """Return the ids that a walk has met."""
        ...

    def meet(self, table: str, walk: str, ids: Iterable[str]) -> None:
        """Remember which rows a full read has met, until it ends."""
        ...

    def unmet_subscriptions(self, walk: str) -> list[str]:
        """Return the known subscriptions that a full read did not meet."""
        ...

    def unmet_logs(self, walk: str) -> list[str]: ...

    def end_walk(self, table: str) -> None:
        """Forget what full reads of a table have met."""
        ...

    def seen(self, ids: Iterable[str]) -> dict[str, Seen]: ...

    def put_seen(self, rows: Iterable[Seen]) -> None: ...

    def drop_seen(self, subscription_id: str) -> None: ...

    def scheduled(self, until: date) -> list[Seen]:
        """Return active or paused subscriptions whose deactivate-on date is reached."""
        ...

    def waits(self) -> list[Seen]:
        """Return rows that differ while the audit history does not yet say why."""
        ...

    def revisit(self, ids: Iterable[str]) -> None:
        """Remember rows that must be read again; nothing of them is lost until then."""
        ...

    def revisits(self) -> list[str]: ...

    def clear_revisits(self, ids: Iterable[str]) -> None: ...

    def known_logs(self, subscription_id: str) -> list[KnownLog]: ...

    def put_logs(self, logs: Iterable[KnownLog]) -> list[KnownLog]:
        """Store logs; return those that were unknown or whose provisioning status changed."""
        ...

    def drop_log(self, log_id: str) -> None: ...

    def add_facts(self, facts: Iterable[Fact]) -> int:
        """Store facts in order; a key that is known is left as it is. Return how many were new."""
        ...

    def facts(self, subscription_id: str, *states: FactState) -> list[Fact]: ...

    def set_fact_state(self, keys: Iterable[str], state: FactState) -> None: ...

    def wake(self, wake: Wake) -> None: ...

    def wakes(self, subscription_id: str) -> Wake | None: ...

    def unwake(self, subscription_id: str) -> None: ...

    def due(self, now: datetime | None) -> list[tuple[str, str]]:
        """Return (subscription, contract or "") with work to do now.

        `now` None ignores our own back-off. Order: oldest work first.
        """
        ...

    def count(self, changes: Iterable[Counted], *, forget_before: datetime) -> None:
        """Remember changes for the guards; a key that is known is left as it is."""
        ...

    def counted(self, since: datetime) -> list[Counted]: ...

    def watch(self, subject: str, at: datetime | None) -> None:
        """Have a subscription's licence looked at again: at an instant, or after its next write."""
        ...

    def is_watched(self, subject: str) -> bool: ...

    def watches_due(self, now: datetime) -> list[str]: ...

    def unwatch(self, subject: str) -> None: ...

    def suspect(
        self, ids: Iterable[str], reason: str, *, at: datetime | None = None, by: str = ""
    ) -> None:
        """Have licences read and compared; a suspect stays one until that is done.

        `at` and `by` tell when and by whom it was changed at the provider, if a record there
        says so; the first reason and the latest instant are kept.
        """
        ...

    def suspects(self) -> list[tuple[str, str]]:
        """Return (subscription, reason), oldest first."""
        ...

    def suspicion(self, subscription_id: str) -> Suspicion | None: ...

    def clear_suspects(self, ids: Iterable[str]) -> None: ...

    def clear_suspicion(self, suspicion: Suspicion) -> None:
        """Take back a suspicion that was followed, unless it was said again meanwhile."""
        ...

    def baseline(self, subscription_id: str) -> Baseline | None:
        """Return what each side held when both were last found or made equal."""
        ...

    def put_baselines(self, baselines: Iterable[Baseline]) -> None: ...

    def drop_baseline(self, subscription_id: str) -> None: ...

    def put_differences(self, subscription_id: str, found: Iterable[Difference]) -> None:
        """Replace what is known to differ; a field that differed before keeps its `since`."""
        ...

    def differences(self, subscription_id: str | None = None) -> list[Difference]: ...

    def known_invoice(self, invoice_id: str) -> KnownInvoice | None:
        """Return an invoice as it was last polled."""
        ...

    def put_invoices(self, invoices: Iterable[KnownInvoice]) -> None: ...

    def invoices_with(self, work: InvoiceWork) -> list[KnownInvoice]:
        """Return the invoices about which something is still to be done."""
        ...

    def drop_invoice(self, invoice_id: str) -> None: ...

    def add_operations(self, operations: Iterable[Operation]) -> None: ...

    def operations(self, subject: str) -> list[Operation]:
        """Return all operations of a subject, oldest first."""
        ...

    def open_operations(self, subject: str) -> list[Operation]: ...

    def put_operation(self, operation: Operation) -> None: ...

    def emitted(self, subject: str) -> frozenset[str]:
        """Return the ids of all rows that were ever created for a subject."""
        ...

    def hold(self, subscription_id: str) -> Row | None: ...

    def set_hold(self, subscription_id: str, held: Row | None) -> None: ...

    def park(self, parked: Parked) -> None: ...

    def unpark(self, subject: str) -> Parked | None: ...

    def parked(self, subject: str | None = None) -> list[Parked]: ...

    def trail(self, entries: Iterable[TrailEntry]) -> None: ...

    def read_trail(self, subject: str | None = None) -> list[TrailEntry]: ...

    def seal(self) -> int:
        """Chain committed trail rows, in order, a limited number; return how many (rules.md 7.2).

        Called once per cycle by the holder of the lock.
        """
        ...

    def verify_trail(self) -> TrailFault | None:
        """Return the first trail row that was changed, put in or taken away."""
        ...

    def cut_trail(self, before: datetime) -> TrailCut | None:
        """Take the oldest sealed rows away, a limited number; None when there is none so old.

        The caller tells the cut in the trail, in the same transaction.
        """
        ...

    def subjects(self) -> list[str]:
        """Return the ids of all subscriptions that are known."""
        ...

    def find_subject(self, text: str) -> str | None:
        """Return the subject that a subscription, row, operation or change key belongs to."""
        ...

    def ask(self, request: Request) -> None:
        """Queue a command for the running daemon."""
        ...

    def asked(self) -> list[Request]: ...

    def answer(self, request_id: str, result: str) -> None: ...

    def take_answer(self, request_id: str) -> str | None: ...

    def counts(self) -> Counts: ...


class Store(Protocol):
    """Durable local state."""

    def tx(self, fn: Callable[[Tx], T]) -> T:
        """Run `fn` in one transaction. It touches only the store, and may run twice."""
        ...

    def look(self, fn: Callable[[Tx], T]) -> T:
        """Run `fn` on one snapshot that it must not change; no writer waits for it."""
        ...

    def copy(self) -> "Store":
        """Return a copy that forgets, for a plan that must not change anything."""
        ...

    def damage(self) -> list[str]:
        """Return what is broken in the storage itself, in its own words."""
        ...

    def compact(self) -> int:
        """Give back to the disk what is free, if it is worth it; return the bytes."""
        ...

    def close(self) -> None: ...
