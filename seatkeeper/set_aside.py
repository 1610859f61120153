"""What is parked, as people count it: what lies outside the scope waits for nobody."""

from collections.abc import Sequence

from seatkeeper import output
from sync.scope import OUTSIDE
from sync.state import Parked


def for_a_person(parked: Sequence[Parked]) -> list[Parked]:
    """Return what waits for a person."""
    return [one for one in parked if one.code != OUTSIDE.code]


def outside(parked: Sequence[Parked]) -> list[Parked]:
    """Return what waits because the scope does not hold it."""
    return [one for one in parked if one.code == OUTSIDE.code]


def print_parked(parked: Sequence[Parked]) -> None:
    """Print what is set aside, if anything is."""
    if parked:
        rows = ((one.subject, one.code, f"{one.reason} {one.advice}") for one in parked)
        output.print_table("Parked", ("subject", "code", "why, and what to do"), rows)
