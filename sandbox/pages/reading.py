"""Rows for the pages: read by id, by lookup, with the names they point to. Writes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.dataverse.tables import TABLES
from sandbox.world import World

Row = dict[str, Any]  # a raw row by wire names, as Dataverse keeps it

PAGE_SIZE = 20
LABELS = {
    (table.logical, column.name): {option.value: option.label for option in column.options}
    for table in TABLES
    for column in table.columns
    if column.options
}


class NoSuchRow(LookupError):
    """There is no row with this id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a list; numbers count from 1."""

    rows: Sequence[Row]
    number: int
    last: int
    total: int


def page_of(rows: Sequence[Row], number: int) -> Page:
    """Cut a page out of rows; a number beyond the end is the last page."""
    last = max(1, -(-len(rows) // PAGE_SIZE))
    number = min(max(1, number), last)
    start = (number - 1) * PAGE_SIZE
    return Page(rows=rows[start : start + PAGE_SIZE], number=number, last=last, total=len(rows))


def label(table: str, column: str, value: int | None) -> str:
    """Return the text of an option value; empty for none."""
    return "" if value is None else LABELS[table, column].get(value, str(value))


def options(table: str, column: str) -> dict[str, str]:
    """Return the texts of an option column by value, as a form sends the value."""
    return {str(value): text for value, text in LABELS[table, column].items()}


def one(world: World, table: str, row_id: str) -> Row:
    """Return a row; raise NoSuchRow."""
    for row in world.dataverse.rows(table):
        if row[f"{table}id"] == row_id:
            return row
    raise NoSuchRow(f"There is no {table} with the id {row_id}.")


def maybe(world: World, table: str, row_id: str | None) -> Row | None:
    """Return the row a lookup points to, or None."""
    try:
        return one(world, table, row_id) if row_id else None
    except NoSuchRow:
        return None


def pointing(world: World, table: str, lookup: str, row_id: str) -> list[Row]:
    """Return the rows of a table whose lookup holds the id."""
    return [row for row in world.dataverse.rows(table) if row[f"_{lookup}_value"] == row_id]


def names(world: World, table: str, column: str) -> dict[str, str]:
    """Return the primary names of a table by id."""
    return {row[f"{table}id"]: row[column] or "" for row in world.dataverse.rows(table)}


def subscriptions(world: World, *states: int) -> list[Row]:
    """Return the subscriptions of some states with the names of customer and provider."""
    accounts = names(world, "account", "name")
    providers = names(world, "sk_provider", "sk_name")
    return [
        row
        | {
            "customer": accounts.get(row["_sk_accountid_value"] or "", ""),
            "provider": providers.get(row["_sk_providerid_value"] or "", ""),
        }
        for row in world.dataverse.rows("sk_subscription")
        if row["statecode"] in states
    ]
