"""The first read, page by page: what is stored of rows of which nothing was known (rules.md 1.1).

Says the same as `adopting` and `polled_rows` say row by row, in a tenth of the time: a column
at once, and what many rows share is made once. A page that holds anything out of the ordinary is
left to those.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from lifecycle.decisions import Standing
from sync.engine import Engine
from sync.first_rows import AlreadyKnownError, FirstRows, Stand
from sync.follow import VERSION, keep_place
from sync.judge import status_of
from sync.mapping import Entity, instant
from sync.ports import Tx
from sync.remote import Cells, Page
from sync.state import Point

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class _UnusualError(Exception):
    """The rows of a page must be looked at one by one."""


def take_quickly(engine: Engine, page: Page) -> int | None:
    """Store a page of the first read; None when its rows must be looked at one by one."""
    entity = engine.mappings.entity("subscription")
    if not isinstance(page.rows, Cells) or page.deleted:
        return None
    rows = first_rows(entity, page.rows, engine.now().date())
    if rows is None:
        return None

    def t1(tx: Tx) -> int:
        tx.put_first(rows)
        keep_place(tx, entity.table, page)
        return len(rows.ids)

    try:
        return engine.ports.store.tx(t1)
    except AlreadyKnownError:
        return None


def first_rows(entity: Entity, cells: Cells, seen_on: date) -> FirstRows | None:
    """Return the rows of a page; None when they must be looked at one by one."""
    try:
        return _first_rows(entity, _Columns(entity, cells), seen_on)
    except (_UnusualError, AttributeError, TypeError, ValueError):
        return None  # whoever looks at the rows one by one says which of them does not fit


def _first_rows(entity: Entity, columns: "_Columns", seen_on: date) -> FirstRows:
    ids = [one.lower() for one in columns.texts(entity.id_column)]
    if len(set(ids)) < len(ids):
        raise _UnusualError
    licences = columns.some("provider_subscription_id")
    return FirstRows(
        ids=ids,
        versions=columns.wholes(VERSION, {int}),
        stands=_stands(entity, columns),
        contracts=[one.lower() if one else None for one in columns.some("contract")],
        modified_at=_each(instant, columns.texts(entity.column("modified_at"))),
        deactivate_on=_each(_day, columns.some("deactivate_on")),
        licences=[one.strip().lower() if one else "" for one in licences],
        customers=[one.lower() if one else "" for one in columns.some("customer")],
        providers=[one.lower() if one else "" for one in columns.some("provider")],
        seen_on=seen_on,
    )


@dataclass(frozen=True, slots=True)
class _Columns:
    """The columns of a page.

    That texts are texts is seen where they are made lower or cut; looking twice costs too much.
    """

    entity: Entity
    cells: Cells

    def some(self, field: str) -> Sequence[str | None]:
        """Return the texts of a field; it may be empty."""
        return self._all(self.entity.column(field))  # type: ignore[return-value]  # see above

    def texts(self, column: str) -> Sequence[str]:
        return self._all(column)  # type: ignore[return-value]  # see above

    def wholes(self, column: str, kinds: set[type]) -> Sequence[int]:
        """Return a column whose values are of these types, a yes or no not among them."""
        found = self._all(column)
        if not {*map(type, found)} <= kinds:
            raise _UnusualError
        return found  # type: ignore[return-value]  # just looked at

    def _all(self, column: str) -> Sequence[object]:
        found = self.cells.column(column)
        if found is None:
            raise _UnusualError
        return found


def _stands(entity: Entity, columns: _Columns) -> list[Stand]:
    def stand(told: tuple[int | None, ...]) -> Stand:
        *pair, quantity = told
        point = Point(tuple(pair), quantity or 0)
        status = status_of(entity, point)
        accepted = Standing(status=status, quantity=point.quantity) if status else None
        return Stand(point=point, accepted=accepted)

    physical = (*entity.fields["status"].columns, entity.column("quantity"))
    told = zip(*(columns.wholes(one, {int, type(None)}) for one in physical), strict=True)
    return [*map(_Made(stand).__getitem__, told)]


class _Made(dict[K, V]):
    """What a function makes of values; of equal ones once."""

    def __init__(self, make: Callable[[K], V]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: K) -> V:
        made = self[key] = self._make(key)
        return made


def _each(make: Callable[[K], V], values: Sequence[K]) -> list[V]:
    return [*map(_Made(make).__getitem__, values)]


def _day(told: str | None) -> date | None:
    return date.fromisoformat(told[:10]) if told else None
