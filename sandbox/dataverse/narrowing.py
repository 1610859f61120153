"""Finds the rows that a filter can be about without looking at the whole table.

By version or by lookup, as the service's own indexes do. The filter is still tested on each.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from operator import itemgetter

from odata_query import ast

from sandbox.dataverse.columns import ID, Column, Kind, Row
from sandbox.dataverse.filters import parse_filter
from sandbox.dataverse.query import Order, Query
from sandbox.dataverse.rows import Rows

Tables = Mapping[str, Rows]
Source = Callable[[str], Iterator[Row]]
"""Rows in the order of their ids, those behind an id."""

VERSION = "versionnumber"
NEWEST_FIRST = (Order(path=(VERSION,), descending=True),)
FEW = 5000
"""Up to here sorting the rows found by id is cheaper than walking the table."""


def narrowed(tables: Tables, rows: Rows, query: Query, aliases: Mapping[str, str]) -> Source:
    """Return the rows that a filter can be about: few that an index has, or the whole table."""
    if query.filter is None:
        return rows.in_order
    few = _few(tables, rows, parse_filter(query.filter, aliases))
    if few is None:
        return rows.in_order
    found = sorted(few.values(), key=itemgetter(ID))

    def source(after: str) -> Iterator[Row]:
        return iter(found[bisect_right(found, after, key=itemgetter(ID)) :])

    return source


def _few(tables: Tables, rows: Rows, node: ast._Node) -> dict[str, Row] | None:
    """Return the only rows, by id, for which a test can hold; None when no index tells."""
    match node:
        case ast.BoolOp(ast.And() | ast.Or(), left, right):
            sides = [_few(tables, rows, left), _few(tables, rows, right)]
            told = [one for one in sides if one is not None]
            if isinstance(node.op, ast.And):
                return min(told, key=len, default=None)
            return told[0] | told[1] if len(told) == len(sides) else None
        case ast.Compare(ast.GtE(), ast.Identifier(name, ()), ast.Integer(text)) if name == VERSION:
            return _by_id(rows.few_after(int(text) - 1, FEW))
        case ast.Compare(ast.Eq(), left, ast.GUID(text) | ast.String(text)):
            return _by_id(_holding(tables, rows, left, text.lower()))
        case _:
            return None


def _holding(tables: Tables, rows: Rows, left: ast._Node, target: str) -> list[Row] | None:
    """Return the rows whose lookup holds an id, the lookup of a row that they look up included."""
    match left:
        case ast.Identifier(name, ()):
            column = rows.table.by_wire.get(name)
            return None if column is None else _looking_up(rows, column, [target])
        case ast.Attribute(ast.Identifier(first, ()), name) if first in rows.table.lookups:
            column = rows.table.lookups[first]
            between = _holding(tables, tables[column.target], ast.Identifier(name), target)
            ids = None if between is None else [str(row[ID]) for row in between]
            return None if ids is None else _looking_up(rows, column, ids)
        case _:
            return None


def _looking_up(rows: Rows, column: Column, targets: Iterable[str]) -> list[Row] | None:
    if column.kind is not Kind.LOOKUP:
        return None
    place = rows.table.position[column.wire]
    found = [rows.looking_up(place, target, FEW) for target in targets]
    told = [one for one in found if one is not None]
    return list(chain.from_iterable(told)) if len(told) == len(found) else None


def _by_id(found: list[Row] | None) -> dict[str, Row] | None:
    return None if found is None else {str(row[ID]): row for row in found}
