"""Carry out an installation of the tables: step by step, planned anew after trouble.

Nothing is remembered here: what is there says what is left, so that it can be run again at any
time, after any end.
"""

from collections.abc import Callable
from typing import Protocol

from sync.ports import Effects
from sync.remote import Refused, Unavailable
from sync.schema.found import Found
from sync.schema.planning import Plan, failed_keys, make_plan, waiting_keys
from sync.schema.steps import Step
from sync.schema.wanted import Schema

ATTEMPTS = 5
"""How often it is planned anew before it is left to the next run."""
PAUSE_SECONDS = 10.0
KEY_SECONDS = 600.0
"""How long the indexes of alternate keys are waited for."""


class Place(Protocol):
    """Where tables are installed."""

    def read(self, schema: Schema) -> Found: ...

    def carry_out(self, step: Step) -> None: ...


Tell = Callable[[str], None]


def install(place: Place, schema: Schema, effects: Effects, tell: Tell) -> Plan:
    """Install what is missing; return the last plan, which has findings or no steps.

    Raises SignInFailed, Refused, and Unavailable when trouble does not pass.
    """
    for attempt in range(1, ATTEMPTS + 1):
        plan = make_plan(schema, place.read(schema))
        if plan.findings or not plan.steps:
            break
        try:
            _carry_out(place, plan, tell)
        except Unavailable as error:
            if attempt == ATTEMPTS:
                raise
            tell(f"{error} Trying again.")
            effects.sleep(error.retry_after_seconds or PAUSE_SECONDS)
        else:
            _await_keys(place, schema, effects, tell)
    else:
        plan = make_plan(schema, place.read(schema))
    if plan.steps and not plan.findings:
        left = "; ".join(step.words() for step in plan.steps)
        raise Refused(f"Dataverse took every step, and yet these are still to be done: {left}.")
    if not plan.findings:
        _await_keys(place, schema, effects, tell)
    return plan


def _carry_out(place: Place, plan: Plan, tell: Tell) -> None:
    for number, step in enumerate(plan.steps, start=1):
        tell(f"[{number}/{len(plan.steps)}] {step.words()}")
        place.carry_out(step)


def _await_keys(place: Place, schema: Schema, effects: Effects, tell: Tell) -> None:
    """Wait until every alternate key can be used; raise when one cannot, or takes too long."""
    until = effects.monotonic() + KEY_SECONDS
    while True:
        found = place.read(schema)
        failed, waiting = failed_keys(schema, found), waiting_keys(schema, found)
        if failed:
            raise Refused(
                f"Alternate keys cannot be built: {'; '.join(failed)}. Two rows hold the same"
                " value: correct one of them and run it again."
            )
        if not waiting:
            return
        if effects.monotonic() >= until:
            raise Unavailable(f"Alternate keys are still being built: {'; '.join(waiting)}.")
        tell(f"waiting for alternate keys: {'; '.join(waiting)}")
        effects.sleep(PAUSE_SECONDS)
