"""Add to a plan what the comparison of both sides asks for: values taken, sent, conflicts. Pure."""

from dataclasses import replace

from sync.comparing import plain
from sync.deactivating import ways_of
from sync.judge import Policy
from sync.mapping import Record, Value
from sync.planned import Case, Plan
from sync.provisioning import Steps, steps
from sync.reconcile import STATE, Comparison, Course, shown
from sync.remote import Action
from sync.settling import Trouble
from sync.sides import CONFLICT, DIFFERING
from sync.state import Parked, Source

_ADVICE = (
    "Say which value counts with `seatkeeper parked resolve` and --take crm, partner_center or"
    " a value, or set both sides to the same."
)


def with_sides(base: Plan, case: Case, policy: Policy) -> Plan:
    """Take over, send and set aside what the comparison says; nothing while the plan is stuck."""
    found = case.comparison
    if found is None:
        return base
    if base.trouble or base.refused:
        return replace(base, row=_row(base, case, found)) if _follows(base) else base
    base = _sending(replace(base, row=_row(base, case, found)), case, found, policy)
    trouble = conflict(found)
    if trouble is None:
        return base
    return replace(base, trouble=trouble, message=base.message or trouble.sentence)


def keeping_apart(base: Plan, case: Case, parked: Parked | None) -> Plan:
    """Keep what the sides differ in for a person while other changes go on."""
    if parked is None or parked.code not in DIFFERING or case.comparison is not None:
        return base
    if base.trouble or base.refused:
        return base
    trouble = Trouble(code=parked.code, reason=parked.reason, advice=parked.advice)
    return replace(base, trouble=trouble, message=base.message or trouble.sentence)


def conflict(found: Comparison) -> Trouble | None:
    """Say which fields were changed on both sides, with all three values."""
    told = [
        f"{one.field} was {one.base}, is {shown(one.crm)} in Dynamics and {shown(one.partner)} at"
        " the provider."
        for one in found.of(Course.CONFLICT)
    ]
    if not told:
        return None
    return Trouble(code=CONFLICT, reason=f"Both sides changed it: {' '.join(told)}", advice=_ADVICE)


def _row(base: Plan, case: Case, found: Comparison) -> Record:
    """Return the values to write on the row: plain ones, and the state that a log tells."""
    record: dict[str, Value] = dict(plain(found))
    row, standing = case.context.subscription, base.standing
    if not _follows(base) or row is None or standing is None:
        return record
    if row.status is not standing.status:
        record["status"] = standing.status
    if row.quantity != standing.quantity:
        record["quantity"] = standing.quantity
    return record


def _follows(base: Plan) -> bool:
    """Tell whether a log tells a change at the provider; its row goes with it, whatever waits."""
    return any(one.decided.fact.source is Source.PROVIDER for one in base.logs)


def _sending(base: Plan, case: Case, found: Comparison, policy: Policy) -> Plan:
    """Send what Dynamics holds: the wanted state by its steps, plain fields by one write."""
    sends = found.of(Course.TO_PARTNER_CENTER)
    if not sends or case.licence is None or base.standing is None or base.steps is not None:
        return base
    wanted = Steps()
    if any(one.field in STATE for one in sends):
        ways = ways_of(policy.rulebook, case.choice)
        wanted = steps(base.standing, case.licence, case.hold, case.moment, ways)
    actions = (*wanted.actions, Action.FIELDS) if found.sent else wanted.actions
    if not (actions or wanted.failure):
        return base
    return replace(base, steps=replace(wanted, actions=actions), corrects=True)
