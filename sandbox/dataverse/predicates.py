"""Turns the syntax tree of a `$filter` into a function over rows.

Values compare as they are stored; text without regard to case; `ne` includes empty values, the
other comparisons do not, as the service's SQL does.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from operator import eq, ge, gt, le, lt, ne
from typing import Any, Protocol

from odata_query import ast

from sandbox.dataverse.columns import Kind, Row, Scalar
from sandbox.dataverse.errors import bad_query
from sandbox.dataverse.relative_dates import span_of, within
from sandbox.dataverse.values import wire_instant

Test = Callable[[Any], bool]
Value = Callable[[Any], Scalar]

COMPARE: dict[type, Callable[[Any, Any], bool]] = {
    ast.Eq: eq,
    ast.NotEq: ne,
    ast.Gt: gt,
    ast.GtE: ge,
    ast.Lt: lt,
    ast.LtE: le,
}
TEXT = frozenset({Kind.STRING, Kind.MEMO, Kind.CHOICES})
GUIDS = frozenset({Kind.KEY, Kind.LOOKUP})
NUMBERS = frozenset(
    {Kind.INTEGER, Kind.VERSION, Kind.DECIMAL, Kind.DOUBLE, Kind.MONEY}
    | {Kind.CHOICE, Kind.STATE, Kind.STATUS}
)


@dataclass(frozen=True, slots=True)
class Operand:
    """Something that can be compared: how to get it, and of which kind it is if known."""

    value: Value
    kind: Kind | None
    constant: bool = False


class Scope(Protocol):
    """What names in a filter mean: columns, paths through lookups, collections."""

    def operand(self, path: tuple[str, ...]) -> Operand: ...

    def collection(self, name: str) -> tuple[Callable[[Row], Iterable[Row]], "Scope"]: ...

    def now(self) -> datetime: ...


def compile_filter(node: ast._Node, scope: Scope) -> Test:
    """Return the test that the tree describes; raise Refused for what is not supported."""
    match node:
        case ast.BoolOp(ast.And(), left, right):
            first, second = compile_filter(left, scope), compile_filter(right, scope)
            return lambda row: first(row) and second(row)
        case ast.BoolOp(ast.Or(), left, right):
            first, second = compile_filter(left, scope), compile_filter(right, scope)
            return lambda row: first(row) or second(row)
        case ast.UnaryOp(ast.Not(), operand):
            inner = compile_filter(operand, scope)
            return lambda row: not inner(row)
        case ast.Compare(ast.In(), left, ast.List(values)):
            return _one_of(_operand(left, scope), values)
        case ast.Compare(comparator, left, right):
            return _comparison(comparator, _operand(left, scope), _operand(right, scope))
        case _:
            return _other_test(node, scope)


def _other_test(node: ast._Node, scope: Scope) -> Test:
    match node:
        case ast.Call(ast.Identifier(name, ()), [left, right]) if name in TEXT_TESTS:
            return _text_test(name, _operand(left, scope), _operand(right, scope))
        case ast.Call(ast.Identifier(name, ("Microsoft", "Dynamics", "CRM")), arguments):
            return _crm_test(name, arguments, scope)
        case ast.CollectionLambda(owner, operator, body):
            return _lambda(owner, operator, body, scope)
        case ast.Identifier() | ast.Attribute() | ast.Boolean():
            value = _operand(node, scope).value
            return lambda row: value(row) is True
        case _:
            raise bad_query("The filter holds an expression that is not supported.")


def _comparison(comparator: object, left: Operand, right: Operand) -> Test:
    if left.constant and not right.constant:
        right = _as_kind(right, right.kind)
        left = _as_kind(left, right.kind)
    else:
        right = _as_kind(right, left.kind)
    compare, get, other = COMPARE[type(comparator)], left.value, right.value
    if compare in {eq, ne}:
        return _fast_equality(compare, left, right)

    def test(row: Row) -> bool:
        mine, its = get(row), other(row)
        return mine is not None and its is not None and compare(_fold(mine), _fold(its))

    return test


def _fast_equality(compare: Callable[[Any, Any], bool], left: Operand, right: Operand) -> Test:
    get, other = left.value, right.value
    if right.constant and (left.kind not in TEXT):
        wanted = other(())
        return lambda row: compare(get(row), wanted)
    return lambda row: compare(_fold(get(row)), _fold(other(row)))


def _fold(value: Scalar) -> Any:  # noqa: ANN401 - comparable with its like
    return value.casefold() if isinstance(value, str) else value


def _operand(node: ast._Node, scope: Scope) -> Operand:
    match node:
        case ast.Identifier(name, ()):
            return scope.operand((name,))
        case ast.Attribute():
            return scope.operand(_path(node))
        case ast.Call(ast.Identifier(("tolower" | "toupper"), ()), [inner]):
            return _operand(inner, scope)
        case ast.UnaryOp(ast.USub(), inner):
            value = _operand(inner, scope).value(())
            return _constant(-value if isinstance(value, int | Decimal) else value)
        case _:
            return _constant(_literal(node))


def _constant(value: Scalar) -> Operand:
    return Operand(lambda _: value, None, constant=True)


LITERALS: dict[type, Callable[[Any], Scalar]] = {
    ast.Null: lambda _: None,
    ast.Integer: lambda node: int(node.val),
    ast.Float: lambda node: Decimal(node.val),
    ast.Boolean: lambda node: node.val.lower() == "true",
    ast.DateTime: lambda node: wire_instant(_aware(node.py_val)),
    ast.GUID: lambda node: str(node.val).lower(),
    ast.String: lambda node: str(node.val),
    ast.Date: lambda node: str(node.val),
}


def _literal(node: ast._Node) -> Scalar:
    read = LITERALS.get(type(node))
    if read is None:
        raise bad_query("The filter holds a value that is not supported.")
    return read(node)


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _path(node: ast._Node) -> tuple[str, ...]:
    match node:
        case ast.Attribute(owner, name):
            return (*_path(owner), name)
        case ast.Identifier(name, ()):
            return (name,)
        case _:
            raise bad_query("The filter holds a path that is not supported.")


def _as_kind(operand: Operand, kind: Kind | None) -> Operand:
    """Bring a literal into the stored form of the column that it is compared with."""
    if not operand.constant or kind is None:
        return operand
    value = operand.value(())
    return _constant(convert(value, kind))


def convert(value: Scalar, kind: Kind) -> Scalar:
    """Return a literal as a column of this kind stores it; raise Refused when it cannot be."""
    if isinstance(value, str):
        return _convert_text(value, kind)
    fits = kind is Kind.BOOLEAN if isinstance(value, bool) else kind in NUMBERS
    if value is not None and not fits:
        raise _not_comparable(value, kind)
    return value


def _convert_text(value: str, kind: Kind) -> Scalar:
    """Read a literal in quotes; In and Between send numbers and truth values so."""
    if kind in GUIDS:
        return value.lower()
    if kind is Kind.DATE:
        return value[:10]
    if kind is Kind.DATETIME:
        return value if "T" in value else f"{value}T00:00:00Z"
    return value if kind in TEXT else _convert_number(value, kind)


def _convert_number(value: str, kind: Kind) -> Scalar:
    if kind is Kind.BOOLEAN:
        return value == "true"
    try:
        return Decimal(value)
    except ArithmeticError as error:
        raise _not_comparable(value, kind) from error


def _not_comparable(value: Scalar, kind: Kind) -> Exception:
    return bad_query(f"A value of {kind} cannot be compared with '{value}'.")


def _one_of(left: Operand, nodes: Iterable[ast._Node]) -> Test:
    values = [_literal(node) for node in nodes]
    return _member(left, values)


def _member(left: Operand, values: Iterable[Scalar]) -> Test:
    if left.kind is not None:
        values = [convert(value, left.kind) for value in values]
    wanted, get = {_fold(value) for value in values}, left.value
    return lambda row: _fold(get(row)) in wanted


TEXT_TESTS = {"contains": ("%", "%"), "startswith": ("", "%"), "endswith": ("%", "")}


def _text_test(name: str, left: Operand, right: Operand) -> Test:
    """Compare as SQL LIKE does: `%`, `_` and `[...]` are wildcards (fact sheet section 4)."""
    before, after = TEXT_TESTS[name]
    return like_test(left, before + str(right.value(())) + after)


def like_test(left: Operand, pattern: str) -> Test:
    """Return the test of a LIKE with its own wildcards."""
    wanted, get = re.compile(_like(pattern), re.IGNORECASE | re.DOTALL), left.value

    def test(row: Row) -> bool:
        value = get(row)
        return isinstance(value, str) and wanted.fullmatch(value) is not None

    return test


def _like(text: str) -> str:
    pieces = re.findall(r"\[[^\]]*\]|.", text, re.DOTALL)
    wild = {"%": ".*", "_": "."}
    return "".join(p if len(p) > 1 else wild.get(p, re.escape(p)) for p in pieces)


def _crm_test(name: str, arguments: Iterable[ast._Node], scope: Scope) -> Test:
    named = {a.name.name: a.param for a in arguments if isinstance(a, ast.NamedParam)}
    left = scope.operand(tuple(str(_literal(named.get("PropertyName", ast.Null()))).split("/")))
    values = _values(named.get("PropertyValues") or named.get("PropertyValue"))
    return crm_test(name, left, values, scope.now)


def crm_test(name: str, left: Operand, values: list[Scalar], now: Callable[[], datetime]) -> Test:
    """Return the test that a query function of the service stands for; raise Refused for others."""
    span = span_of(name, values[0] if values else None, now)
    if span is not None:
        get, date_only = left.value, left.kind is Kind.DATE
        return lambda row: within(get(row), span, date_only=date_only)
    if name in {"ContainValues", "DoesNotContainValues"}:
        return _chosen_test(left, values, wanted=name == "ContainValues")
    member, between = _member(left, values), _between(left, values)
    tests: dict[str, Test] = {
        "In": member,
        "NotIn": lambda row: not member(row),
        "Between": between,
        "NotBetween": lambda row: not between(row),
        "On": lambda row: str(left.value(row))[:10] == str(values[0])[:10],
        "OnOrAfter": lambda row: str(left.value(row) or "") >= str(values[0])[:10],
        "OnOrBefore": lambda row: "" < str(left.value(row) or "")[:10] <= str(values[0])[:10],
    }
    if name not in tests:
        raise bad_query(f"The query function Microsoft.Dynamics.CRM.{name} is not supported here.")
    return tests[name]


def _chosen_test(left: Operand, values: list[Scalar], *, wanted: bool) -> Test:
    """Test a choice of several options: one of the values is among them, or none is."""
    sought, get = {str(value) for value in values}, left.value

    def test(row: Row) -> bool:
        held = str(get(row) or "").split(",")
        return (not sought.isdisjoint(held)) is wanted

    return test


def _values(node: ast._Node | None) -> list[Scalar]:
    if isinstance(node, ast.List):
        return [_literal(value) for value in node.val]
    return [] if node is None else [_literal(node)]


def _between(left: Operand, values: list[Scalar]) -> Test:
    if len(values) != 2:  # noqa: PLR2004 - from and to
        return lambda _: False
    kind = left.kind or Kind.STRING
    low, high = (_fold(convert(value, kind)) for value in values)
    get = left.value

    def test(row: Row) -> bool:
        value = _fold(get(row))
        return value is not None and bool(low <= value <= high)

    return test


def _lambda(owner: ast._Node, operator: object, body: ast.Lambda | None, scope: Scope) -> Test:
    [name] = _path(owner)
    members, inner_scope = scope.collection(name)
    if body is None:
        return lambda row: any(True for _ in members(row))
    test = compile_filter(_without_variable(body.expression, body.identifier.name), inner_scope)
    quantifier = any if isinstance(operator, ast.Any) else all
    return lambda row: quantifier(test(member) for member in members(row))


def _without_variable(node: Any, variable: str) -> Any:  # noqa: ANN401 - any part of a tree
    """Return the tree with `x/column` as `column`."""
    if isinstance(node, ast.Attribute):
        path = _path(node)
        names = path[1:] if path[0] == variable else path
        tree: ast._Node = ast.Identifier(names[0])
        for name in names[1:]:
            tree = ast.Attribute(tree, name)
        return tree
    if isinstance(node, list):
        return [_without_variable(part, variable) for part in node]
    if isinstance(node, ast.BoolOp | ast.Compare | ast.UnaryOp | ast.Call | ast.List):
        parts = {n: _without_variable(getattr(node, n), variable) for n in node.__match_args__}
        return type(node)(**parts)
    return node
