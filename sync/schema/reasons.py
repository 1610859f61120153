"""Compare the status reasons of a table with the wanted ones.

The platform gives a new table the reasons 1 and 2, labelled as their states. They are named
anew while they still bear that label; a label that a person chose stays. None is deleted.
"""

from collections.abc import Iterator, Mapping

from lifecycle.rules import Finding
from sync.schema.found import FoundOption, FoundTable
from sync.schema.steps import AddReason, NameReason, SetDefault, Step
from sync.schema.wanted import PLATFORM_REASONS, UNUSED, Reason, Table

_PLATFORM_LABELS = {0: "Active", 1: "Inactive"}
_NEW = {
    PLATFORM_REASONS[state]: FoundOption(label=label, state=state)
    for state, label in _PLATFORM_LABELS.items()
}
_NEW_STATES = {
    state: FoundOption(label=label, default=PLATFORM_REASONS[state])
    for state, label in _PLATFORM_LABELS.items()
}


def reason_steps(table: Table, there: FoundTable | None) -> Iterator[Step]:
    """Add the missing reasons, name those of the platform, and set what states alone mean."""
    if not table.reasons:
        return
    reasons, states = _of(there)
    yield from (AddReason(table=table, reason=r) for r in table.reasons if r.value not in reasons)
    yield from _names(table, reasons, states)
    for reason in table.defaults():
        default = states[reason.state].default if reason.state in states else None
        if default == PLATFORM_REASONS[reason.state] != reason.value:
            yield SetDefault(table=table, reason=reason)


def _of(there: FoundTable | None) -> tuple[Mapping[int, FoundOption], Mapping[int, FoundOption]]:
    """Return reasons and states of a table, or those that a new one has."""
    if there is None:
        return _NEW, _NEW_STATES
    return there.columns["statuscode"].options, there.columns["statecode"].options


def _names(
    table: Table, reasons: Mapping[int, FoundOption], states: Mapping[int, FoundOption]
) -> Iterator[Step]:
    wanted = {reason.value: reason for reason in table.reasons}
    for state, value in PLATFORM_REASONS.items():
        found = reasons.get(value)
        reason = wanted.get(value) or Reason(value=value, label=UNUSED, state=state)
        plain = found is not None and state in states and found.label == states[state].label
        if plain and reason.label != _PLATFORM_LABELS[state]:
            yield NameReason(table=table, reason=reason)


def reason_findings(table: Table, there: FoundTable) -> Iterator[Finding]:
    """Find the reasons that belong to another state than they should."""
    if not table.reasons:
        return
    reasons, _ = _of(there)
    for reason in table.reasons:
        found = reasons.get(reason.value)
        if found is not None and found.state != reason.state:
            told = f"status reason {reason.value} of {table.name} belongs to state {found.state}"
            path = ("tables", table.name, "status", reason.state, reason.value)
            remedy = "Give the reason here and in the mappings another value."
            yield Finding(path, told, remedy)
