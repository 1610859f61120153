"""Finds rows by version without looking at the whole table, as the service's own index does."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from operator import itemgetter

from odata_query import ast

from sandbox.dataverse.columns import ID, Row
from sandbox.dataverse.filters import parse_filter
from sandbox.dataverse.query import Order, Query
from sandbox.dataverse.rows import Rows

Source = Callable[[str], Iterator[Row]]
"""Rows in the order of their ids, those behind an id."""

COLUMN = "versionnumber"
NEWEST_FIRST = (Order(path=(COLUMN,), descending=True),)
FEW = 5000
"""Up to here sorting the changed rows by id is cheaper than walking the table."""


def by_version(rows: Rows, query: Query, aliases: Mapping[str, str]) -> Source:
    """Return the rows that a filter can be about: few above a version, or the whole table."""
    version = _from_version(query, aliases)
    few = None if version is None else rows.few_after(version - 1, FEW)
    if few is None:
        return rows.in_order
    found = few

    def source(after: str) -> Iterator[Row]:
        return iter(found[bisect_right(found, after, key=itemgetter(ID)) :])

    return source


def _from_version(query: Query, aliases: Mapping[str, str]) -> int | None:
    """Return N of a filter that is `versionnumber ge N` and nothing else."""
    if query.filter is None:
        return None
    match parse_filter(query.filter, aliases):
        case ast.Compare(ast.GtE(), ast.Identifier(name, ()), ast.Integer(text)) if name == COLUMN:
            return int(text)
        case _:
            return None
