"""The engine spoiled on purpose, one promise at a time: the suite must notice each of them."""

from contextlib import nullcontext
from typing import Any
from uuid import uuid4

from sync import apply, foreign, ids, journal, provide, reconciling, sides_journal
from sync.state import Operation
from tests.simulation.town import Town
from tests.simulation.watch import Watch


def random_ids(patch: Any) -> None:
    """Take ids of the moment instead of ids of the fact (rules.md 2.1)."""
    patch.setattr(ids, "log_id", lambda _: str(uuid4()))
    patch.setattr(ids, "line_id", lambda *_, **__: str(uuid4()))


def no_lock(patch: Any) -> None:
    """Let a second daemon on the same state in (rules.md 2.12)."""
    patch.setattr("seatkeeper.instance.single_instance", lambda _: nullcontext())


def unclear_is_done(patch: Any) -> None:
    """Take an answer that was lost for a yes (rules.md 2.6)."""
    patch.setattr(apply, "is_written", lambda *_: True)


def unclear_is_sent_again(patch: Any) -> None:
    """Send again what is unclear, and do not look for it first (rules.md 2.6)."""
    patch.setattr(apply, "is_written", lambda *_: False)


def provider_is_asked_again_at_once(patch: Any) -> None:
    """Plan an unclear provider write anew, as if it had not been sent (rules.md 2.8)."""

    def forget(engine: Any, sent: Operation) -> provide.Attempt:
        provide._drop(engine, [sent], provide.Attempt(ending=provide.Ending.LATER))
        return provide.Attempt(ending=provide.Ending.LATER)

    patch.setattr(provide, "_unclear", forget)


def hold_is_not_stored(patch: Any) -> None:
    """Do not keep what a suspend takes before it is sent (rules.md 2.10)."""
    patch.setattr(journal, "_store_hold", lambda *_: None)


def baseline_is_not_moved_on(patch: Any) -> None:
    """Do not remember what both sides hold once a change came over (rules.md 5.3)."""
    patch.setattr(sides_journal, "_keep", lambda *_: None)


def compared_without_a_base(patch: Any) -> None:
    """Compare two values instead of three (rules.md 5.1)."""
    compare = reconciling.compare_licence

    def two_way(entity: Any, row: Any, licence: Any, _: Any, hold: Any) -> Any:
        return compare(entity, row, licence, None, hold)

    patch.setattr(reconciling, "compare_licence", two_way)
    patch.setattr(foreign, "compare_licence", two_way)


def open_work_is_compared(patch: Any) -> None:
    """Compare a subscription whose own work is not done (rules.md 5.3)."""
    patch.setattr(reconciling, "_is_free", lambda *_, **__: True)


class LateStore:
    """A store that makes durable what it is told only when the next request has ended."""

    def __init__(self, town: Town, mortal: Any) -> None:
        self._town = town
        self._mortal = mortal
        self._durable = town.durable
        mortal._store = self._working = town.durable.copy()
        town.wire.watch = _Late(self, town.watch)  # type: ignore[attr-defined]

    def tx(self, fn: Any) -> Any:
        return self._mortal.tx(fn)

    def close(self) -> None:
        """Nothing is open."""

    def make_durable(self) -> None:
        self._town.durable = self._working.copy()


class _Late:
    """Makes the store durable after each request."""

    def __init__(self, store: LateStore, watch: Watch) -> None:
        self._store = store
        self._watch = watch

    def before(self, *arguments: Any) -> Any:
        return self._watch.before(*arguments)

    def ended(self, sent: Any, status: int | None) -> None:
        self._watch.ended(sent, status)
        if status is not None:
            self._store.make_durable()


def stored_after_the_send(town: Town, mortal: Any) -> Any:
    """Store everything after the call instead of before it (rules.md 2.3)."""
    return LateStore(town, mortal)
