"""Conditions of FetchXml and SQL as tests over rows, with the meaning that `$filter` has."""

from collections.abc import Callable, Iterable

from odata_query import ast

from sandbox.dataverse.columns import Kind, Row, Table
from sandbox.dataverse.database import Database
from sandbox.dataverse.errors import Refused, unknown_property
from sandbox.dataverse.predicates import Test, compile_filter, crm_test, like_test
from sandbox.dataverse.scope import RowScope

COMPARISONS: dict[str, type] = {
    "eq": ast.Eq,
    "ne": ast.NotEq,
    "gt": ast.Gt,
    "ge": ast.GtE,
    "lt": ast.Lt,
    "le": ast.LtE,
}
LIKE: dict[str, Callable[[str], str]] = {
    "like": lambda text: text,
    "begins-with": lambda text: f"{text}%",
    "ends-with": lambda text: f"%{text}",
    "contains": lambda text: f"%{text}%",
}


class Conditions:
    """Builds tests over one table; columns go by their logical names."""

    def __init__(self, database: Database, table: Table) -> None:
        self._table = table
        self._scope = RowScope(database, table)

    def test(self, name: str, operator: str, values: list[str]) -> Test:
        """Return the test of one condition; raise Refused for an operator that is not emulated."""
        negated = operator.removeprefix("not-")
        if negated != operator:
            inner = self.test(name, negated, values)
            return lambda row: not inner(row)
        wire = self.wire(name)
        operand = self._scope.operand((wire,))
        if operator == "null":
            return lambda row: operand.value(row) is None
        if operator in LIKE:
            return like_test(operand, LIKE[operator](_only(values)))
        if operator in COMPARISONS:
            value = self._value(wire, _only(values))
            node = ast.Compare(COMPARISONS[operator](), ast.Identifier(wire), ast.String(value))
            return compile_filter(node, self._scope)
        return crm_test(_function(operator), operand, list(values), self._scope.now)

    def wire(self, name: str) -> str:
        """Return the name on the wire of a column; raise Refused for one that is not there."""
        column = self._table.by_name.get(name.lower()) or self._table.by_wire.get(name)
        if column is None:
            raise unknown_property(name, self._table.logical)
        return column.wire

    def _value(self, wire: str, value: str) -> str:
        """Return a value as a filter has it; yes and no are 1 and 0 in these languages."""
        if self._table.by_wire[wire].kind is Kind.BOOLEAN:
            return "true" if value.lower() in {"1", "true"} else "false"
        return value


def all_of(tests: Iterable[Test]) -> Test:
    kept = list(tests)
    return lambda row: all(test(row) for test in kept)


def any_of(tests: Iterable[Test]) -> Test:
    kept = list(tests)
    return lambda row: any(test(row) for test in kept)


def none_of(test: Test) -> Test:
    def inverted(row: Row) -> bool:
        return not test(row)

    return inverted


def _only(values: list[str]) -> str:
    if len(values) != 1:
        raise Refused(400, "0x0", "The condition takes one value.")
    return values[0]


def _function(operator: str) -> str:
    """Return the name of a query function: `last-x-days` is LastXDays."""
    return "".join(word.capitalize() for word in operator.split("-"))
