"""Stop before the first write when a run would change more than a person has agreed to.

A tripped guard sends nothing; polling goes on, so that nothing is missed. It clears by itself
when the load is back under the limits, or when a person accepts the plan (rules.md 6).
"""

from collections.abc import Iterable, Iterator, Sequence

from sync import guard_memory
from sync.engine import Engine
from sync.guards import Alarm, Load, judge_load, judge_mappings, load_of, weigh
from sync.paused import EVERYTHING
from sync.ports import Tx
from sync.prepare import prepare
from sync.remote import RemoteError
from sync.state import Counted, FactState


def is_stopped(engine: Engine, due: Sequence[str]) -> bool:
    """Judge the guards for what is due; remember and tell what tripped or cleared."""
    found = find_alarms(engine, due)
    before = engine.ports.store.tx(guard_memory.alarms)
    if found != before:
        _remember(engine, before, found)
    return bool(found)


def find_alarms(engine: Engine, due: Sequence[str]) -> tuple[Alarm, ...]:
    """Return what is on: changed mappings, a short side, or too much to change."""
    accepted, short = engine.ports.store.tx(
        lambda tx: (guard_memory.accepted_mappings(tx), guard_memory.short_side(tx))
    )
    return (*judge_mappings(accepted, engine.mappings.hash), *short, *_too_much(engine, due))


def accept_plan(engine: Engine, keys: Iterable[str], plan_hash: str) -> None:
    """Let the changes of a plan through, whatever the limits; the plan was just made anew."""

    def tx_accept(tx: Tx) -> None:
        guard_memory.accept(engine, tx, keys)
        tx.trail([engine.trail(EVERYTHING, "plan accepted", plan=plan_hash)])

    engine.ports.store.tx(tx_accept)
    engine.weighed = None


def _too_much(engine: Engine, due: Sequence[str]) -> tuple[Alarm, ...]:
    since = engine.now() - engine.limits.window

    def read(tx: Tx) -> tuple[Load, int, tuple[str, ...]]:
        waiting = tuple(fact.key for one in due for fact in tx.facts(one, FactState.WAITING))
        return load_of(tx.counted(since)), tx.counts().subscriptions, waiting

    sent, known, waiting = engine.ports.store.tx(read)
    most = sent + Load(len(waiting))
    if not waiting or not (engine.limits.max_refund or judge_load(engine.limits, most, known)):
        return ()
    return judge_load(engine.limits, sent + _waiting_load(engine, due, waiting), known)


def _waiting_load(engine: Engine, due: Sequence[str], waiting: tuple[str, ...]) -> Load:
    """Work out what waits, once while nothing moves: a tripped guard is asked in every cycle."""
    if engine.weighed is None or engine.weighed[0] != waiting:
        found = [one for subject in due for one in _weigh(engine, subject)]
        unaccepted = engine.ports.store.tx(lambda tx: guard_memory.uncounted(tx, found))
        engine.weighed = (waiting, load_of(unaccepted))
    return engine.weighed[1]


def _weigh(engine: Engine, subject: str) -> Iterator[Counted]:
    """Plan what waits for a subscription, without asking its provider."""
    try:
        prepared = prepare(engine, subject, ask_provider=False)
    except RemoteError:
        return  # it is not taken up either
    if prepared is not None:
        engine.contexts[subject] = prepared.case.context
        yield from weigh(prepared.case, prepared.plan, engine.now())


def _remember(engine: Engine, before: Sequence[Alarm], found: Sequence[Alarm]) -> None:
    codes = ", ".join(one.code for one in found or before)
    facts = {"code": codes, "reason": " ".join(one.sentence for one in found)}
    is_news = [one.code for one in found] != [one.code for one in before]

    def tx_remember(tx: Tx) -> None:
        guard_memory.set_alarms(tx, found)
        if is_news:
            event = "guard tripped" if found else "guard cleared"
            tx.trail([engine.trail(EVERYTHING, event, **facts)])

    engine.ports.store.tx(tx_remember)
    if is_news and found:
        engine.ports.log.warning("guard tripped", **facts)
    elif is_news:
        engine.ports.log.warning("guard cleared", **facts)
