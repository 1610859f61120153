"""The pair of state and status reason: what a write of one, the other or both means.

Source: fact sheet section 4, "State and status reason".
"""

from sandbox.dataverse.columns import Column, Option, Scalar, Table
from sandbox.dataverse.errors import Refused, wrong_status
from sandbox.dataverse.ports import Settings

DEFAULT_FOR_STATE = -1
"""As a status reason: the default one of the state."""

Changes = dict[str, Scalar]


def settle_pair(
    table: Table, row_id: str, changes: Changes, current: Scalar, settings: Settings
) -> None:
    """Complete the pair in `changes`, given the state the row is in; raise Refused for no pair."""
    if "statecode" not in changes and "statuscode" not in changes:
        return
    reason = changes.get("statuscode")
    state = changes.get("statecode", _moved_state(table, reason, settings, current))
    state_option = table.by_name["statecode"].option(state)
    if state_option is None:
        raise wrong_status(
            f"{state} is not a valid state code on {table.logical} with Id {row_id}."
        )
    if reason is None or reason == DEFAULT_FOR_STATE:
        reason = state_option.default_status
    _check_reason(table, row_id, reason, state_option)
    changes["statecode"], changes["statuscode"] = state, reason


def _moved_state(table: Table, reason: Scalar, settings: Settings, current: Scalar) -> Scalar:
    """Return the state a lone status reason is judged by: the row's own, or the reason's."""
    option = table.by_name["statuscode"].option(reason)
    if settings.status_reason_moves_state and option is not None:
        return option.state
    return current


def _check_reason(table: Table, row_id: str, reason: Scalar, state: Option) -> None:
    column: Column = table.by_name["statuscode"]
    option = column.option(reason)
    where = f"on {table.logical} with Id {row_id}."
    if option is None:
        raise wrong_status(f"{reason} is not a valid status code {where}")
    if option.state != state.value:
        raise _mismatch(table, reason, state, where)


def _mismatch(table: Table, reason: Scalar, state: Option, where: str) -> Refused:
    name = f"{table.schema_name}State.{state.label}"
    return wrong_status(f"{reason} is not a valid status code for state code {name} {where}")
