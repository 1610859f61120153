"""The rows of a first read, put into the database by column; a part of one transaction."""

from collections.abc import Iterator
from itertools import repeat

from store import codec
from store.connections import Connection
from sync.first_rows import AlreadyKnownError, FirstRows

_SEEN = (
    "INSERT INTO seen (id, version, point, status, quantity, contract_id, modified_at,"
    " first_seen_on, deactivate_on, audit_id, claims)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, '', '[]') ON CONFLICT DO NOTHING"
)
_LINKS = (
    "INSERT INTO links (licence_id, subscription_id, customer_id, provider_id)"
    " VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
)
_ANYTHING = "SELECT 1 WHERE EXISTS (SELECT 1 FROM logs) OR EXISTS (SELECT 1 FROM baselines)"


class FirstRowsSql:
    """Stores what is new without looking at it row by row."""

    _connection: Connection

    def put_first(self, given: FirstRows) -> None:
        if self._connection.execute(_ANYTHING).fetchone():
            raise AlreadyKnownError
        stored = self._connection.executemany(_SEEN, _seen(given)).rowcount
        linked = self._connection.executemany(_LINKS, _links(given)).rowcount
        named = sum(map(bool, given.licences))
        if stored != len(given.ids) or max(linked, 0) != named:  # nothing given: -1 of PostgreSQL
            raise AlreadyKnownError

    def end_first(self) -> None:
        """Nothing was put off."""


def _seen(rows: FirstRows) -> Iterator[tuple[str | int | None, ...]]:
    """Yield the values of each row; none is kept, for the collector would look at them all."""
    stands = set(rows.stands)
    points = {stand: codec.dump_point(stand.point) for stand in stands}
    statuses = {one: one.accepted.status.value if one.accepted else None for one in stands}
    quantities = {one: one.accepted.quantity if one.accepted else None for one in stands}
    instants = {at: at.isoformat() for at in set(rows.modified_at)}
    days = {day: day.isoformat() if day else None for day in set(rows.deactivate_on)}
    yield from zip(
        rows.ids,
        rows.versions,
        map(points.__getitem__, rows.stands),
        map(statuses.__getitem__, rows.stands),
        map(quantities.__getitem__, rows.stands),
        rows.contracts,
        map(instants.__getitem__, rows.modified_at),
        repeat(rows.seen_on.isoformat(), len(rows.ids)),
        map(days.__getitem__, rows.deactivate_on),
        strict=True,
    )


def _links(rows: FirstRows) -> Iterator[tuple[str, str, str, str]]:
    named = zip(rows.licences, rows.ids, rows.customers, rows.providers, strict=True)
    return named if all(rows.licences) else (one for one in named if one[0])
