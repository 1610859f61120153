"""Option sets that several columns share, and the values that new options get."""

from dataclasses import dataclass, field
from typing import Any

from sandbox.dataverse.columns import Facts, Option
from sandbox.dataverse.rows import Rows
from sandbox.dataverse.stored_schema import read_options
from sandbox.dataverse.tables import FIRST_OPTION

VALUES_PER_PREFIX = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class GlobalChoice:
    """One option set by its name; columns that use it hold a copy of its options."""

    name: str
    options: tuple[Option, ...]
    facts: Facts = field(default_factory=dict)


def read_choice(document: dict[str, Any]) -> GlobalChoice:
    """Read a shared choice as it was saved."""
    return GlobalChoice(**{**document, "options": read_options(document["options"])})


def first_value(publishers: Rows, publisher_id: str | None) -> int:
    """Return the first option value of a publisher: its prefix times ten thousand."""
    row = publishers.get(publisher_id) if publisher_id else None
    at = publishers.table.position["customizationoptionvalueprefix"]
    prefix = None if row is None else row[at]
    return FIRST_OPTION if prefix is None else int(prefix) * VALUES_PER_PREFIX
