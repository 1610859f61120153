"""Reads the query options of a request, nested ones of `$expand` included."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from sandbox.dataverse.errors import bad_query, bad_url
from sandbox.dataverse.paths import split_outside_quotes

KNOWN = frozenset(
    {"$select", "$filter", "$orderby", "$top", "$count", "$expand", "$skiptoken", "$deltatoken"}
)

KEPT = 500
"""Clients ask for the same columns again and again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One term of `$orderby`; the path may lead through a lookup."""

    path: tuple[str, ...]
    descending: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """The options of a read. `select` is None when all columns are meant."""

    select: tuple[str, ...] | None = None
    filter: str | None = None
    order: tuple[Order, ...] = ()
    top: int | None = None
    count: bool = False
    expand: tuple["Expand", ...] = ()

    @property
    def joined(self) -> bool:
        """Tell whether rows are ordered by a column of another table: pages go by number then."""
        return any(len(order.path) > 1 for order in self.order)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expand:
    """One navigation property to be expanded, with its own options."""

    name: str
    query: Query


def read_query(pairs: Iterable[tuple[str, str]]) -> Query:
    """Return the options; raise Refused for those that the service does not have."""
    options = {name: value for name, value in pairs if name.startswith("$")}
    if "$skip" in options:
        raise bad_url("Skip Clause is not supported in CRM")
    unknown = sorted(set(options) - KNOWN)
    if unknown:
        raise bad_url(f"The query parameter {unknown[0]} is not supported")
    return Query(
        select=_select(options.get("$select")),
        filter=options.get("$filter"),
        order=_order(options.get("$orderby", "")),
        top=_top(options.get("$top")),
        count=options.get("$count") == "true",
        expand=tuple(_expand(part) for part in _parts(options.get("$expand", ""), ",")),
    )


def _parts(text: str, separator: str) -> list[str]:
    return [part.strip() for part in split_outside_quotes(text, separator) if part.strip()]


@lru_cache(maxsize=KEPT)
def _select(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    names = tuple(dict.fromkeys(_parts(text, ",")))
    return None if "*" in names or not names else names


@lru_cache(maxsize=KEPT)
def _order(text: str) -> tuple[Order, ...]:
    return tuple(_term(part.split()) for part in _parts(text, ","))


def _term(words: list[str]) -> Order:
    match words:
        case [name] | [name, "asc"]:
            return Order(path=tuple(name.split("/")), descending=False)
        case [name, "desc"]:
            return Order(path=tuple(name.split("/")), descending=True)
        case _:
            raise bad_query(f"Syntax error in $orderby: '{' '.join(words)}'.")


def _top(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isdigit():
        raise bad_query(f"Invalid value '{text}' for $top query option found.")
    return int(text)


@lru_cache(maxsize=KEPT)
def _expand(text: str) -> Expand:
    name, opened, inner = text.partition("(")
    if not opened:
        return Expand(name=name.strip(), query=Query())
    options = (part.partition("=") for part in _parts(inner.rstrip().removesuffix(")"), ";"))
    return Expand(name=name.strip(), query=read_query((k.strip(), v) for k, _, v in options))
