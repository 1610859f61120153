"""Status reason transitions: kept in the definitions, held only where a setting says so.

Fact sheet section 4: `EnforceStateTransitions` on the table, `TransitionData` on each reason; a
plain update by the API is not blocked by them.
"""

import re

from sandbox.dataverse.columns import Row, Scalar, Table

ALLOWED = re.compile(r"<allowedtransition\b[^>]*\btostatusid=\"(-?\d+)\"")


def may_move(table: Table, was: Scalar, reason: Scalar) -> bool:
    """Tell whether a status reason may follow another one."""
    option = table.by_name["statuscode"].option(was)
    data = None if option is None else option.facts.get("TransitionData")
    if was == reason or not data or not table.facts.get("EnforceStateTransitions"):
        return True
    return str(reason) in ALLOWED.findall(str(data))


def may_follow(table: Table, row: Row, state: str, reason: str) -> bool:
    """Tell whether a row may go to a pair, given by labels or values; it must be a pair at all."""
    states, reasons = table.by_name["statecode"], table.by_name["statuscode"]
    new_state = next((o for o in states.options if state in {o.label, str(o.value)}), None)
    fitting = [o for o in reasons.options if reason in {o.label, str(o.value)}]
    if new_state is None or not fitting or fitting[0].state != new_state.value:
        return False
    return may_move(table, row[table.position["statuscode"]], fitting[0].value)
