"""Reads SELECT with joins, totals, DISTINCT or OFFSET; what it cannot say is refused.

The shape of the answer is not documented: rows of the named columns, without etag or id.
"""

from itertools import pairwise

from sandbox.dataverse.columns import Table
from sandbox.dataverse.cookies import Cookie
from sandbox.dataverse.database import Database
from sandbox.dataverse.errors import Refused
from sandbox.dataverse.joined import JoinedQuery, Link, Output, Source, Sources, Term
from sandbox.dataverse.sql_select import END, Select, read_sql, tokens_of, unreadable
from sandbox.dataverse.totals import TOTALS
from sandbox.dataverse.wanted import Wanted

BEYOND = frozenset({"JOIN", "DISTINCT", "GROUP", "OFFSET"})
CLAUSES = frozenset({END, ",", "FROM", "JOIN", "INNER", "LEFT", "ON", "WHERE", "GROUP", "ORDER"})


def read_any_sql(
    database: Database, table: Table, text: str, cookie: Cookie
) -> Wanted | JoinedQuery:
    """Return what a SELECT asks for, of one table or of several."""
    tokens = tokens_of(text)
    words = [token.upper() for token in tokens]
    totals = any(a.lower() in TOTALS and b == "(" for a, b in pairwise(words))
    if totals or not BEYOND.isdisjoint(words):
        return JoinedSelect(database, table, tokens).query(cookie)
    return read_sql(database, table, text, cookie)


class JoinedSelect(Select):
    """Reads the tables first, then what is wanted of them."""

    def __init__(self, database: Database, table: Table, tokens: list[str]) -> None:
        self._sources = Sources(database)
        super().__init__(self._sources, table, tokens)

    def query(self, cookie: Cookie) -> JoinedQuery:
        """Read the whole statement."""
        self._at = self._after_from()
        base, links = self._first(), self._joins()
        rest, self._at = self._at, 0
        self._expect("SELECT")
        distinct = self._took("DISTINCT")
        top = self._count() if self._took("TOP") else None
        outputs = self._outputs()
        self._expect("FROM")
        self._at = rest
        test = self._any() if self._took("WHERE") else None
        groups = self._groups()
        order = tuple(self._by(outputs)) if self._took("ORDER") else ()
        offset, top = self._window(top)
        if self._peek() != END:
            raise unreadable(self._peek())
        totals = bool(groups) or any(out.total for out in outputs)
        _check_groups(outputs, groups, totals=totals)
        return JoinedQuery(
            sources=self._sources,
            base=base,
            links=tuple(links),
            outputs=tuple(outputs),
            test=test,
            totals=totals,
            distinct=distinct,
            order=order,
            offset=offset,
            top=top,
            cookie=cookie,
        )

    def _after_from(self) -> int:
        words = [token.upper() for token in self._tokens]
        if "FROM" not in words:
            raise unreadable("the end")
        return words.index("FROM") + 1

    def _first(self) -> Source:
        source = self._source()
        if source.table.logical != self._table.logical:
            raise unreadable(source.table.logical)
        return source

    def _source(self) -> Source:
        logical = self._next().strip("[]").lower()
        self._took("AS")
        named = self._peek().upper() not in CLAUSES | {"OFFSET"}
        return self._sources.add(self._next().strip("[]") if named else logical, logical)

    def _joins(self) -> list[Link]:
        links = []
        while self._peek().upper() in {"JOIN", "INNER", "LEFT"}:
            links.append(self._join())
        return links

    def _join(self) -> Link:
        outer = self._took("LEFT")
        self._took("OUTER" if outer else "INNER")
        self._expect("JOIN")
        source = self._source()
        self._expect("ON")
        one = self._name()
        self._expect("=")
        other = self._name()
        if self._sources.find(one)[0] is not source:
            one, other = other, one
        own, column = self._sources.find(one)
        if own is not source or self._sources.find(other)[0] is source:
            raise unreadable("ON")
        return Link(source=source, column=column, equals=other, outer=outer)

    def _outputs(self) -> list[Output]:
        found = [self._output()]
        while self._took(","):
            found.append(self._output())
        keys = [out.key for out in found]
        if len(set(keys)) != len(keys):
            raise Refused(400, "0x80060888", "Two columns of the SQL have the same name.")
        return found

    def _output(self) -> Output:
        kind = self._peek().lower()
        if kind in TOTALS and self._tokens[self._at + 1 : self._at + 2] == ["("]:
            return self._total(kind)
        name = self._name()
        return Output(key=self._alias(self._sources.find(name)[1].wire), name=name)

    def _total(self, kind: str) -> Output:
        self._at += 2
        distinct = self._took("DISTINCT")
        whole = kind == "count" and self._took("*")
        name = "" if whole else self._name()
        self._expect(")")
        return Output(key=self._alias(kind), name=name, total=kind, distinct=distinct)

    def _alias(self, otherwise: str) -> str:
        named = self._took("AS") or self._peek().upper() not in CLAUSES
        return self._next().strip("[]") if named else otherwise

    def _groups(self) -> list[str]:
        if not self._took("GROUP"):
            return []
        self._expect("BY")
        names = [self._name()]
        while self._took(","):
            names.append(self._name())
        return names

    def _by(self, outputs: list[Output]) -> list[Term]:
        self._expect("BY")
        terms = [self._sorted(outputs)]
        while self._took(","):
            terms.append(self._sorted(outputs))
        return terms

    def _sorted(self, outputs: list[Output]) -> Term:
        keys = {out.key.lower(): out.key for out in outputs}
        keys |= {out.name.lower(): out.key for out in outputs if not out.total}
        alias = keys.get(self._peek().strip("[]").lower())
        if alias is not None:
            self._next()
        name = self._name() if alias is None else alias
        name = keys.get(name.lower(), name)
        descending = self._took("DESC")
        self._took("ASC")
        return Term(name=name, descending=descending)

    def _window(self, top: int | None) -> tuple[int, int | None]:
        if not self._took("OFFSET"):
            return 0, top
        offset = self._count()
        self._expect("ROWS")
        if self._took("FETCH"):
            self._expect("NEXT")
            top = self._count()
            self._expect("ROWS")
            self._expect("ONLY")
        return offset, top

    def _count(self) -> int:
        token = self._next()
        if not token.isdigit():
            raise unreadable(token)
        return int(token)

    def _resolved(self, token: str) -> str:
        return self._sources.wire(token.replace("[", "").replace("]", ""))


def _check_groups(outputs: list[Output], groups: list[str], *, totals: bool) -> None:
    """Refuse a column beside totals that is not among the groups."""
    loose = [out.name for out in outputs if totals and not out.total and out.name not in groups]
    if loose:
        raise Refused(400, "0x80060888", f"'{loose[0]}' is neither a total nor in GROUP BY.")
