"""Totals over the values of a column: count, sum, average, lowest, highest."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from sandbox.dataverse.columns import Scalar
from sandbox.dataverse.errors import bad_query

TOTALS: dict[str, Callable[[Sequence[Any]], Scalar]] = {
    "count": len,
    "sum": sum,
    "avg": lambda values: Decimal(sum(values)) / len(values),
    "min": min,
    "max": max,
}


def total(name: str, values: Sequence[Scalar], distinct: bool) -> Scalar:  # noqa: FBT001 - as FetchXml says it
    """Return one total; empty values do not count, and without values there is only a count."""
    held: list[Any] = [value for value in values if value is not None]
    if distinct:
        held = list(dict.fromkeys(held))
    if not held:
        return 0 if name == "count" else None
    if name in {"sum", "avg"} and isinstance(held[0], str | bool):
        raise bad_query(f"A column of this kind has no '{name}'.")
    return TOTALS[name](held)
