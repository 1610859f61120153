"""What the store remembers for the guards: alarms, accepted plans, rows that a full read missed.

Every function runs inside a transaction of its caller.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict

from sync.engine import Engine
from sync.guards import Alarm, judge_side, weigh
from sync.planned import Case, Plan
from sync.ports import Tx
from sync.state import Counted

_ALARMS = "guard"
_SHORT = "guard_short"
_MAPPINGS = "accepted_mappings"
_PLAN = "accepted_plan"
_ABSENT = "absent"
"""The name under which the rows that a full read missed wait for a person."""


def alarms(tx: Tx) -> tuple[Alarm, ...]:
    """Return the alarms that are on."""
    return _read(tx, _ALARMS)


def set_alarms(tx: Tx, found: Iterable[Alarm]) -> None:
    """Remember which alarms are on."""
    _write(tx, _ALARMS, found)


def short_side(tx: Tx) -> tuple[Alarm, ...]:
    """Return the alarm that the last full read left."""
    return _read(tx, _SHORT)


def accepted_mappings(tx: Tx) -> str | None:
    """Return the hash of the mappings that were accepted last."""
    return tx.meta(_MAPPINGS)


def accept_mappings(engine: Engine, tx: Tx) -> None:
    """Take the mappings in force as accepted (adoption does; rules.md 6)."""
    tx.set_meta(_MAPPINGS, engine.mappings.hash)


def accept(engine: Engine, tx: Tx, keys: Iterable[str]) -> None:
    """Let the changes of a plan through, with the mappings in force and the rows that are gone."""
    accept_mappings(engine, tx)
    tx.set_meta(_PLAN, json.dumps(sorted(keys)))
    set_alarms(tx, ())
    _write(tx, _SHORT, ())
    tx.revisit(tx.met(_ABSENT))
    tx.end_walk(_ABSENT)


def uncounted(tx: Tx, found: Iterable[Counted]) -> list[Counted]:
    """Return the changes that no person accepted."""
    accepted = frozenset(json.loads(tx.meta(_PLAN) or "[]"))
    return [one for one in found if one.change_key not in accepted]


def count(engine: Engine, tx: Tx, case: Case, plan: Plan) -> None:
    """Count the changes of a plan that is about to be carried out."""
    now = engine.now()
    tx.count(uncounted(tx, weigh(case, plan, now)), forget_before=now - engine.limits.window)


def judge_absent(engine: Engine, tx: Tx, absent: Sequence[str]) -> None:
    """Have rows looked at by id that a full read missed; too many wait for a person."""
    known = tx.counts().subscriptions
    found = judge_side(engine.limits, known - len(absent), known)
    tx.end_walk(_ABSENT)
    _write(tx, _SHORT, found)
    if found:
        tx.meet(_ABSENT, _ABSENT, absent)
    else:
        tx.revisit(absent)


def _read(tx: Tx, key: str) -> tuple[Alarm, ...]:
    return tuple(Alarm(**one) for one in json.loads(tx.meta(key) or "[]"))


def _write(tx: Tx, key: str, found: Iterable[Alarm]) -> None:
    tx.set_meta(key, json.dumps([asdict(one) for one in found]))
