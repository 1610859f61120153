"""Read the parsed `mappings/schema.yaml`, with every finding at once. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TypeVar

from lifecycle.rules import Finding
from sync.schema.wanted import (
    Column,
    Key,
    Kind,
    Publisher,
    Reason,
    Right,
    Schema,
    Solution,
    Table,
)

T = TypeVar("T")
Path = tuple[str | int, ...]
Node = Mapping[object, object]

_TOP = ("publisher", "solution", "role", "tables")
_TABLE = (
    *("label", "plural", "set", "standard", "audited", "rights"),
    *("columns", "keys", "status"),
)
_COLUMN = ("label", "type", "length", "precision", "options", "to")
_NEEDS = {
    Kind.TEXT: "length",
    Kind.MEMO: "length",
    Kind.DECIMAL: "precision",
    Kind.CHOICE: "options",
    Kind.LOOKUP: "to",
}
"""What a column of a kind cannot do without."""


def read_schema(document: object) -> tuple[Schema | None, list[Finding]]:
    """Read the file; the schema is None when there are findings."""
    reader = _Reader()
    schema = reader.schema(document)
    return (None if reader.findings else schema), reader.findings


@dataclass(slots=True)
class _Reader:
    """Collects every finding while it reads."""

    findings: list[Finding] = field(default_factory=list)

    def schema(self, document: object) -> Schema:
        top = self._node(document, (), _TOP)
        publisher = self._node(top.get("publisher"), ("publisher",))
        solution = self._node(top.get("solution"), ("solution",))
        role = self._node(top.get("role"), ("role",), ("name", "privileges"))
        tables = self._each(top.get("tables"), ("tables",), self._table)
        self._check_targets(tables)
        return Schema(
            publisher=Publisher(
                name=self._text(publisher, ("publisher",), "name"),
                label=self._text(publisher, ("publisher",), "label"),
                prefix=self._text(publisher, ("publisher",), "prefix"),
                option_prefix=self._number(publisher, ("publisher",), "option_prefix"),
            ),
            solution=Solution(
                name=self._text(solution, ("solution",), "name"),
                label=self._text(solution, ("solution",), "label"),
                version=self._text(solution, ("solution",), "version"),
            ),
            role=self._text(role, ("role",), "name"),
            role_privileges=self._texts(role.get("privileges"), ("role", "privileges")),
            tables=tables,
        )

    def _table(self, name: str, node: object, path: Path) -> Table:
        given = self._node(node, path, _TABLE)
        columns = self._each(given.get("columns"), (*path, "columns"), self._column)
        return Table(
            name=name,
            label=self._text(given, path, "label"),
            plural=self._text(given, path, "plural"),
            set=self._text(given, path, "set"),
            standard=self._flag(given, path, "standard"),
            audited=self._flag(given, path, "audited"),
            rights=tuple(self._rights(given.get("rights"), (*path, "rights"))),
            columns=columns,
            keys=tuple(self._keys(given.get("keys", {}), (*path, "keys"), columns)),
            reasons=tuple(self._reasons(given.get("status", {}), (*path, "status"))),
        )

    def _column(self, name: str, node: object, path: Path) -> Column:
        given = self._node(node, path, _COLUMN)
        word = self._text(given, path, "type")
        kind = Kind(word) if word in list(Kind) else Kind.TEXT
        if word and word not in list(Kind):
            self._find((*path, "type"), f"{word!r} is not known", _near(word, Kind))
        needed = _NEEDS.get(kind)
        if needed is not None and word == kind and needed not in given:
            self._find((*path, needed), f"a column of type {kind} needs it", f"Add `{needed}`.")
        return Column(
            name=name,
            label=self._text(given, path, "label"),
            kind=kind,
            length=self._number(given, path, "length") if "length" in given else 0,
            precision=self._number(given, path, "precision") if "precision" in given else 0,
            options=self._options(given.get("options", {}), (*path, "options")),
            target=str(given.get("to", "")),
        )

    def _options(self, node: object, path: Path) -> dict[int, str]:
        given = self._node(node, path)
        wrong = [value for value in given if not isinstance(value, int)]
        for value in wrong:
            self._find((*path, str(value)), "the value must be a whole number", "Write 126310000.")
        return {v: str(label) for v, label in given.items() if isinstance(v, int)}

    def _reasons(self, node: object, path: Path) -> Iterator[Reason]:
        for state, reasons in self._node(node, path).items():
            if not isinstance(state, int) or state not in (0, 1):
                self._find((*path, str(state)), "there is no such state", "Write 0 or 1.")
                continue
            for value, label in self._options(reasons, (*path, state)).items():
                yield Reason(value=value, label=label, state=state)

    def _keys(self, node: object, path: Path, columns: Mapping[str, Column]) -> Iterator[Key]:
        for name, given in self._node(node, path).items():
            named = self._texts(given, (*path, str(name)))
            for column in named:
                if column not in columns:
                    told = f"{column!r} is no column here"
                    self._find((*path, str(name)), told, _near(column, columns))
            yield Key(name=str(name), columns=named)

    def _rights(self, node: object, path: Path) -> Iterator[Right]:
        for word in self._texts(node, path):
            if word in list(Right):
                yield Right(word)
            else:
                self._find(path, f"{word!r} is not known", _near(word, Right))

    def _check_targets(self, tables: Mapping[str, Table]) -> None:
        for table in tables.values():
            for column in table.columns.values():
                if column.target and column.target not in tables:
                    path = ("tables", table.name, "columns", column.name, "to")
                    self._find(
                        path, f"{column.target!r} is no table here", _near(column.target, tables)
                    )

    # --- pieces --------------------------------------------------------------------------------

    def _each(
        self, node: object, path: Path, read: Callable[[str, object, Path], T]
    ) -> dict[str, T]:
        """Read the members of a mapping that must not be empty."""
        given = self._node(node, path)
        if isinstance(node, Mapping) and not node:
            self._find(path, "it is empty", "Take it from the shipped mappings/schema.yaml.")
        return {str(n): read(str(n), one, (*path, str(n))) for n, one in given.items()}

    def _node(self, node: object, path: Path, known: Iterable[str] = ()) -> Node:
        if not isinstance(node, Mapping):
            self._find(path, "this must be a mapping", "Take it from the shipped schema.yaml.")
            return {}
        names = tuple(known)
        for name in node:
            if names and name not in names:
                self._find((*path, str(name)), "this key is not known", _near(str(name), names))
        return node

    def _text(self, node: Node, path: Path, name: str) -> str:
        value = node.get(name)
        if not isinstance(value, str) or not value:
            self._find((*path, name), f"{name!r} is missing or no text", "Write it.")
            return ""
        return value

    def _texts(self, node: object, path: Path) -> tuple[str, ...]:
        if not isinstance(node, list) or not node or not all(isinstance(one, str) for one in node):
            self._find(path, "this must be a list of names", "Write `[name, name]`.")
            return ()
        return tuple(node)

    def _number(self, node: Node, path: Path, name: str) -> int:
        value = node.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            self._find((*path, name), f"{name!r} must be a whole number from 1", "Correct it.")
            return 0
        return value

    def _flag(self, node: Node, path: Path, name: str) -> bool:
        value = node.get(name, False)
        if not isinstance(value, bool):
            self._find((*path, name), f"{name!r} must be true or false", "Correct it.")
        return value is True

    def _find(self, path: Path, message: str, remedy: str) -> None:
        self.findings.append(Finding(path, message, remedy))


def _near(word: str, known: Iterable[str]) -> str:
    names = [str(one) for one in known]
    near = get_close_matches(word, names, n=1)
    return f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(names)}."
