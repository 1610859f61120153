"""What a polled subscription row says, raw: where it stands, and the ids that it names."""

from collections.abc import Iterable

from sync.detect import Sight
from sync.feed import Link
from sync.follow import version_of
from sync.mapping import Entity, instant
from sync.remote import Row
from sync.state import Point

POLLED = (
    *("status", "quantity", "customer", "contract", "provider", "provider_subscription_id"),
    *("deactivate_on", "modified_at"),
)


def newest(entity: Entity, rows: Iterable[Row]) -> Iterable[Row]:
    """Keep the highest version of a row that a page holds twice."""
    latest: dict[str, Row] = {}
    for row in rows:
        row_id = entity.row_id(row)
        if row_id not in latest or version_of(row) >= version_of(latest[row_id]):
            latest[row_id] = row
    return latest.values()


def sight_of(entity: Entity, row: Row) -> Sight:
    """Return what the row shows of its subscription."""
    status = entity.fields["status"].columns
    pair = tuple(value if isinstance(value, int) else None for value in map(row.get, status))
    quantity = row.get(entity.column("quantity"))
    contract = row.get(entity.column("contract"))
    ends = row.get(entity.column("deactivate_on"))
    return Sight(
        id=entity.row_id(row),
        version=version_of(row),
        point=Point(pair, quantity if isinstance(quantity, int) else 0),
        contract_id=str(contract).lower() if contract else None,
        modified_at=instant(row[entity.column("modified_at")]),
        deactivate_on=instant(f"{str(ends)[:10]}T00:00:00+00:00").date() if ends else None,
    )


def lookups(entity: Entity, row: Row) -> dict[str, str | None]:
    """Return the ids that a row's lookups hold, by field name."""
    found = {name: row.get(entity.column(name)) for name in ("customer", "contract", "provider")}
    return {name: str(value).lower() if value else None for name, value in found.items()}


def link(entity: Entity, row: Row) -> Link:
    """Return which licence a row names, and whose it is."""
    ids = lookups(entity, row)
    return Link(
        subscription_id=entity.row_id(row),
        licence_id=str(row.get(entity.column("provider_subscription_id")) or "").strip().lower(),
        customer_id=ids["customer"] or "",
        provider_id=ids["provider"] or "",
    )
