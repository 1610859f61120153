"""Reads FetchXml with `link-entity` or totals; what it cannot say is refused by name."""

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from sandbox.dataverse.columns import Table
from sandbox.dataverse.conditions import all_of
from sandbox.dataverse.database import Database
from sandbox.dataverse.errors import bad_query
from sandbox.dataverse.fetch_xml import (
    NOT_EMULATED,
    cookie_of,
    entity_of,
    number,
    parse,
    read_fetch,
    read_filter,
)
from sandbox.dataverse.joined import JoinedQuery, Link, Output, Source, Sources, Term
from sandbox.dataverse.predicates import Test
from sandbox.dataverse.query import Query
from sandbox.dataverse.totals import TOTALS
from sandbox.dataverse.wanted import Wanted

OUTER = {"inner": False, "outer": True}
CHILDREN = frozenset({"attribute", "all-attributes", "filter", "order", "link-entity"})


def read_any_fetch(database: Database, table: Table, text: str) -> Wanted | JoinedQuery:
    """Return what a FetchXml asks for, of one table or of several."""
    fetch = parse(text)
    entity = entity_of(fetch, table)
    if fetch.get("aggregate") != "true" and entity.find("link-entity") is None:
        return read_fetch(database, table, fetch)
    return Fetch(database, fetch, entity).read()


@dataclass(frozen=True, slots=True)
class Prefixed:
    """Conditions of one table among several; `entityname` may name another one."""

    sources: Sources
    alias: str

    def test(self, name: str, operator: str, values: list[str]) -> Test:
        return self.sources.test(self._full(name), operator, values)

    def wire(self, name: str) -> str:
        return self.sources.wire(self._full(name))

    def _full(self, name: str) -> str:
        return name if "." in name else f"{self.alias}.{name}"


class Fetch:
    """Collects what the parts of one query say, from the outside in."""

    def __init__(self, database: Database, fetch: Element, entity: Element) -> None:
        self._fetch = fetch
        self._entity = entity
        self._totals = fetch.get("aggregate") == "true"
        self._sources = Sources(database)
        self._links: list[Link] = []
        self._outputs: list[Output] = []
        self._order: list[Term] = []

    def read(self) -> JoinedQuery:
        """Return the whole query."""
        name = self._entity.get("name", "")
        base = self._sources.add(name, name)
        self._descend(self._entity, base)
        if self._totals and not self._outputs:
            raise bad_query("A query with 'aggregate' names at least one attribute.")
        conditions = Prefixed(self._sources, base.alias)
        tests = [read_filter(conditions, child) for child in self._entity.findall("filter")]
        return JoinedQuery(
            sources=self._sources,
            base=base,
            links=tuple(self._links),
            outputs=tuple(self._outputs),
            test=all_of(tests) if tests else None,
            select=None if self._totals else self._select(base),
            totals=self._totals,
            order=tuple(self._order),
            top=number(self._fetch, "top"),
            size=number(self._fetch, "count"),
            cookie=cookie_of(self._fetch),
            fetch=True,
        )

    def _descend(self, node: Element, source: Source) -> None:
        unknown = sorted({child.tag for child in node} - CHILDREN)
        if unknown:
            raise bad_query(NOT_EMULATED.format(unknown[0]))
        linked = node is not self._entity
        if self._totals:
            self._outputs += [_total(source, child) for child in node.findall("attribute")]
        elif linked:
            self._outputs += _columns(source, node)
        self._order += [_term(source, child) for child in node.findall("order")]
        for child in node.findall("link-entity"):
            self._link(child, source)

    def _link(self, node: Element, parent: Source) -> None:
        logical, kind = node.get("name", ""), node.get("link-type", "inner")
        if kind not in OUTER:
            raise bad_query(NOT_EMULATED.format(f"link-type {kind}"))
        source = self._sources.add(node.get("alias") or f"{logical}{len(self._links) + 1}", logical)
        conditions = source.conditions
        tests = [read_filter(conditions, child) for child in node.findall("filter")]
        self._links.append(
            Link(
                source=source,
                column=self._sources.find(f"{source.alias}.{node.get('from', '')}")[1],
                equals=self._sources.wire(f"{parent.alias}.{node.get('to', '')}"),
                outer=OUTER[kind],
                test=all_of(tests) if tests else None,
            )
        )
        self._descend(node, source)

    def _select(self, base: Source) -> Query:
        named = self._entity.findall("attribute")
        if self._entity.find("all-attributes") is not None or not named:
            return Query()
        return Query(select=tuple(base.conditions.wire(c.get("name", "")) for c in named))


def _columns(source: Source, node: Element) -> Iterator[Output]:
    if node.find("all-attributes") is not None:
        for column in source.table.columns:
            name = f"{source.alias}.{column.name}"
            yield Output(key=name, name=name)
    for child in node.findall("attribute"):
        name = f"{source.alias}.{child.get('name', '')}"
        yield Output(key=child.get("alias") or name, name=name)


def _total(source: Source, node: Element) -> Output:
    name, alias = node.get("name", ""), node.get("alias")
    kind = node.get("aggregate", "")
    if alias is None:
        raise bad_query("An attribute of a query with 'aggregate' needs an alias.")
    if node.get("dategrouping") or (not kind and node.get("groupby") != "true"):
        raise bad_query(NOT_EMULATED.format("dategrouping, or an attribute without aggregate"))
    whole = kind == "count"
    kind = "count" if kind == "countcolumn" else kind
    if kind and kind not in TOTALS:
        raise bad_query(NOT_EMULATED.format(f"aggregate {kind}"))
    source.conditions.wire(name)
    return Output(
        key=alias,
        name="" if whole else f"{source.alias}.{name}",
        total=kind,
        distinct=node.get("distinct") == "true",
    )


def _term(source: Source, node: Element) -> Term:
    alias, descending = node.get("alias"), node.get("descending") == "true"
    if alias is not None:
        return Term(name=alias, descending=descending)
    name = source.conditions.wire(node.get("attribute", ""))
    return Term(name=f"{source.alias}.{name}", descending=descending)
