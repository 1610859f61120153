"""Reads `?sql=`: SELECT columns FROM one table, with TOP, WHERE and ORDER BY.

The endpoint is not documented; this is what Microsoft's Python SDK lets through to it.
`sql_joins.py` has joins, totals and DISTINCT.
"""

import re
from typing import Protocol

from sandbox.dataverse.columns import Table
from sandbox.dataverse.conditions import Conditions, all_of, any_of, none_of
from sandbox.dataverse.cookies import Cookie
from sandbox.dataverse.database import Database
from sandbox.dataverse.errors import Refused
from sandbox.dataverse.predicates import Test
from sandbox.dataverse.query import Order, Query
from sandbox.dataverse.wanted import Wanted

TOKEN = re.compile(
    r"\s*(?:(?P<text>N?'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)|"
    r"(?P<word>\[?[A-Za-z_][\w]*\]?(?:\.\[?\w+\]?)?)|(?P<sign><=|>=|<>|!=|[=<>(),*]))"
)
SIGNS = {"=": "eq", "<>": "ne", "!=": "ne", ">": "gt", ">=": "ge", "<": "lt", "<=": "le"}
END = ""


class Testing(Protocol):
    """Builds the test of a comparison, over the rows of a table or over joined rows."""

    def test(self, name: str, operator: str, values: list[str]) -> Test: ...

    def wire(self, name: str) -> str: ...


def read_sql(database: Database, table: Table, text: str, cookie: Cookie) -> Wanted:
    """Return what a SELECT asks for; raise Refused for what it cannot say."""
    return Select(Conditions(database, table), table, tokens_of(text)).read(cookie)


def tokens_of(text: str) -> list[str]:
    """Take a statement apart; raise Refused for a sign that SQL does not have here."""
    tokens, at, text = [], 0, text.rstrip()
    while at < len(text):
        found = TOKEN.match(text, at)
        if found is None:
            raise unreadable(text[at : at + 20])
        tokens.append(found[0].strip())
        at = found.end()
    return tokens


class Select:
    """Reads one statement from left to right."""

    def __init__(self, conditions: Testing, table: Table, tokens: list[str]) -> None:
        self._conditions = conditions
        self._table = table
        self._tokens = tokens
        self._at = 0

    def read(self, cookie: Cookie) -> Wanted:
        """Read the whole statement."""
        self._expect("SELECT")
        top = int(self._next()) if self._took("TOP") else None
        columns = self._columns()
        self._expect("FROM")
        self._from()
        test = self._any() if self._took("WHERE") else None
        order = self._order() if self._took("ORDER") else ()
        if self._peek() != END:
            raise unreadable(self._peek())
        return Wanted(query=Query(select=columns, order=order, top=top), test=test, cookie=cookie)

    def _columns(self) -> tuple[str, ...]:
        names = [self._name()]
        while self._took(","):
            names.append(self._name())
        return tuple(dict.fromkeys(names))

    def _from(self) -> None:
        named = self._next().strip("[]").lower()
        if named != self._table.logical:
            raise unreadable(named)
        self._took("AS")
        if self._peek().upper() not in {END, "WHERE", "ORDER"}:
            self._next()  # the name that the table goes by in the statement

    def _order(self) -> tuple[Order, ...]:
        self._expect("BY")
        terms = [self._term()]
        while self._took(","):
            terms.append(self._term())
        return tuple(terms)

    def _term(self) -> Order:
        name = self._name()
        descending = self._took("DESC")
        self._took("ASC")
        return Order(path=(name,), descending=descending)

    def _any(self) -> Test:
        tests = [self._all()]
        while self._took("OR"):
            tests.append(self._all())
        return any_of(tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while self._took("AND"):
            tests.append(self._one())
        return all_of(tests)

    def _one(self) -> Test:
        if self._took("NOT"):
            return none_of(self._one())
        if self._took("("):
            test = self._any()
            self._expect(")")
            return test
        return self._comparison(self._name())

    def _comparison(self, name: str) -> Test:
        if self._took("IS"):
            negated = self._took("NOT")
            self._expect("NULL")
            return self._conditions.test(name, "not-null" if negated else "null", [])
        prefix = "not-" if self._took("NOT") else ""
        if self._took("LIKE"):
            return self._conditions.test(name, f"{prefix}like", [self._value()])
        if self._took("IN"):
            return self._conditions.test(name, f"{prefix}in", self._list())
        if self._took("BETWEEN"):
            low = self._value()
            self._expect("AND")
            return self._conditions.test(name, f"{prefix}between", [low, self._value()])
        sign = self._next()
        if sign not in SIGNS or prefix:
            raise unreadable(sign)
        return self._conditions.test(name, SIGNS[sign], [self._value()])

    def _list(self) -> list[str]:
        self._expect("(")
        values = [self._value()]
        while self._took(","):
            values.append(self._value())
        self._expect(")")
        return values

    def _value(self) -> str:
        token = self._next()
        if token.endswith("'"):
            return token.removeprefix("N")[1:-1].replace("''", "'")
        if not re.fullmatch(r"-?\d+(\.\d+)?", token):
            raise unreadable(token)
        return token

    def _name(self) -> str:
        token = self._next()
        if not re.match(r"[\[A-Za-z_]", token):
            raise unreadable(token)
        return self._resolved(token)

    def _resolved(self, token: str) -> str:
        return self._conditions.wire(token.rpartition(".")[2].strip("[]"))

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else END

    def _next(self) -> str:
        token = self._peek()
        if token == END:
            raise unreadable("the end")
        self._at += 1
        return token

    def _took(self, word: str) -> bool:
        if self._peek().upper() != word:
            return False
        self._at += 1
        return True

    def _expect(self, word: str) -> None:
        if not self._took(word):
            raise unreadable(self._peek() or "the end")


def unreadable(near: str) -> Refused:
    return Refused(400, "0x80060888", f"The SQL cannot be read near '{near}'.")
