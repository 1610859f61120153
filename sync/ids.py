"""Ids that come from the fact, never from the moment (rules.md 2.1 and 2.5)."""

from datetime import date
from uuid import UUID, uuid5

NAMESPACE = UUID("5e47c4e7-0000-5000-8000-5ea7c4e7b111")
"""The namespace of every id that Seatkeeper derives. Never change it."""


def log_id(change_key: str) -> str:
    return str(uuid5(NAMESPACE, change_key))


def imported_id(licence_id: str) -> str:
    """Derive the id of the row that is made from a licence."""
    return str(uuid5(NAMESPACE, f"licence {licence_id.lower()}"))


def line_id(subscription_id: str, period_start: date, root: str, number: int) -> str:
    """Derive a line's id; `number` counts the lines ever emitted for that period and root."""
    return str(uuid5(NAMESPACE, f"{subscription_id}|{period_start}|{root}|{number}"))


def draft_id(contract_id: str, cycle_start: date, number: int) -> str:
    """Derive a draft's id; `number` rises when a draft of that cycle was paid unissued."""
    fact = f"{contract_id}|{cycle_start}" + (f"|{number}" if number else "")
    return str(uuid5(NAMESPACE, fact))


def operation_id(group: str, number: int) -> str:
    return str(uuid5(NAMESPACE, f"{group}|{number}"))
