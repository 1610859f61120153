"""Reads FetchXml of one table: attributes, filters, order, paging; `linked_fetch.py` has joins."""

from typing import Protocol
from xml.etree.ElementTree import Element, ParseError, fromstring

from sandbox.dataverse.columns import Table
from sandbox.dataverse.conditions import Conditions, all_of, any_of
from sandbox.dataverse.cookies import Cookie, read_inner
from sandbox.dataverse.database import Database
from sandbox.dataverse.errors import Refused, bad_query
from sandbox.dataverse.predicates import Test
from sandbox.dataverse.query import Order, Query
from sandbox.dataverse.wanted import Wanted

NOT_EMULATED = "FetchXml with '{0}' is not emulated by the sandbox."


class Testing(Protocol):
    """Builds the test of a condition, over the rows of a table or over joined rows."""

    def test(self, name: str, operator: str, values: list[str]) -> Test: ...


def read_fetch(database: Database, table: Table, fetch: Element) -> Wanted:
    """Return what a FetchXml asks for; raise Refused for what it cannot say."""
    entity = entity_of(fetch, table)
    unknown = {child.tag for child in entity} - {"attribute", "all-attributes", "filter", "order"}
    if unknown:
        raise bad_query(NOT_EMULATED.format(*sorted(unknown)))
    conditions = Conditions(database, table)
    tests = [read_filter(conditions, child) for child in entity.findall("filter")]
    return Wanted(
        query=Query(
            select=_columns(conditions, entity),
            order=tuple(_order(conditions, child) for child in entity.findall("order")),
            top=number(fetch, "top"),
        ),
        test=all_of(tests) if tests else None,
        size=number(fetch, "count"),
        cookie=cookie_of(fetch),
        fetch=True,
    )


def entity_of(fetch: Element, table: Table) -> Element:
    """Return the one entity of a FetchXml; raise Refused when it is not the table's."""
    entity, *others = fetch.findall("entity") or [Element("entity")]
    if others or entity.get("name") != table.logical:
        raise bad_query(f"The entity '{entity.get('name')}' is not that of '{table.set_name}'.")
    return entity


def parse(text: str) -> Element:
    """Return the root of a FetchXml; raise Refused when it is none."""
    try:
        fetch = fromstring(text)  # noqa: S314 - the sandbox answers its own tester only
    except ParseError as error:
        raise Refused(400, "0x80041103", f"The FetchXml cannot be read: {error}") from error
    if fetch.tag != "fetch":
        raise bad_query("A FetchXml begins with 'fetch'.")
    return fetch


def _columns(conditions: Conditions, entity: Element) -> tuple[str, ...] | None:
    names = [conditions.wire(child.get("name", "")) for child in entity.findall("attribute")]
    return tuple(names) or None


def _order(conditions: Conditions, order: Element) -> Order:
    name = conditions.wire(order.get("attribute", ""))
    return Order(path=(name,), descending=order.get("descending") == "true")


def read_filter(conditions: Testing, node: Element) -> Test:
    """Return the test of a filter and of those inside it."""
    tests = [_condition(conditions, child) for child in node.findall("condition")]
    tests += [read_filter(conditions, child) for child in node.findall("filter")]
    return any_of(tests) if node.get("type") == "or" else all_of(tests)


def _condition(conditions: Testing, node: Element) -> Test:
    values = [child.text or "" for child in node.findall("value")]
    single = node.get("value")
    given = values if single is None else [single]
    name, other = node.get("attribute", ""), node.get("entityname")
    full = f"{other}.{name}" if other else name
    return conditions.test(full, node.get("operator", ""), given)


def number(fetch: Element, name: str) -> int | None:
    """Return a positive number among the attributes; raise Refused when it is none."""
    text = fetch.get(name)
    if text is None:
        return None
    if not text.isdigit() or int(text) == 0:
        raise bad_query(f"'{text}' is no value of '{name}'.")
    return int(text)


def cookie_of(fetch: Element) -> Cookie:
    """Return where a page begins: its cookie counts, a page number alone skips what is before."""
    page, text = number(fetch, "page") or 1, fetch.get("paging-cookie")
    if not text:
        return Cookie(page=page)
    return Cookie(page=page, last=tuple(read_inner(text)["last"]))
