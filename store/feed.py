"""Links, listed licences and heard records: where the licences of the provider stand."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from store import feed_rows
from store.connections import Connection, Row
from store.putting import put
from sync.feed import Couple, Link, ListedLicence

_CHUNK = 500
_ONLY_THERE = (
    "SELECT licences.*, links.subscription_id FROM licences"
    " LEFT JOIN links ON links.licence_id = licences.licence_id"
    " LEFT JOIN seen ON seen.id = links.subscription_id"
    " WHERE licences.status = 'active'"
    " AND (seen.id IS NULL OR seen.status NOT IN ('active', 'paused'))"
    " ORDER BY licences.customer_id, licences.licence_id"
)
_ONLY_HERE = (
    "SELECT links.* FROM links JOIN seen ON seen.id = links.subscription_id"
    " LEFT JOIN licences ON licences.licence_id = links.licence_id"
    " WHERE seen.status = 'active' AND coalesce(licences.status, '') <> 'active'"
    " ORDER BY links.customer_id, links.subscription_id"
)


class Feed:
    """The statements about the licences of a provider; a part of one transaction."""

    _connection: Connection

    def put_links(self, links: Iterable[Link]) -> None:
        given = list(links)
        named = [feed_rows.link_row(one) for one in given if one.licence_id]
        put(self._connection, "links", named, "subscription_id")
        for one in given:
            if not one.licence_id:
                self.drop_link(one.subscription_id)

    def drop_link(self, subscription_id: str) -> None:
        sql = "DELETE FROM links WHERE subscription_id = ?"
        self._connection.execute(sql, (subscription_id,))

    def linked(self, licence_ids: Iterable[str]) -> dict[str, list[Link]]:
        found: dict[str, list[Link]] = {}
        for row in self._in("SELECT * FROM links WHERE licence_id", licence_ids):
            found.setdefault(row["licence_id"], []).append(feed_rows.read_link(row))
        return found

    def linked_to(self, providers: Iterable[str]) -> list[str]:
        rows = self._in("SELECT subscription_id FROM links WHERE provider_id", providers)
        return sorted(row[0] for row in rows)

    def put_licences(self, licences: Iterable[ListedLicence]) -> None:
        put(self._connection, "licences", map(feed_rows.licence_row, licences), "licence_id")

    def drop_licences(self, licence_ids: Iterable[str]) -> None:
        batch = [(one,) for one in licence_ids]
        self._connection.executemany("DELETE FROM licences WHERE licence_id = ?", batch)

    def listed(self, licence_ids: Iterable[str]) -> dict[str, ListedLicence]:
        rows = self._in("SELECT * FROM licences WHERE licence_id", licence_ids)
        return {row["licence_id"]: feed_rows.read_licence(row) for row in rows}

    def listed_for(self, connector: str, customer_id: str) -> list[ListedLicence]:
        sql = "SELECT * FROM licences WHERE connector = ? AND customer_id = ? ORDER BY licence_id"
        found = self._connection.execute(sql, (connector, customer_id))
        return [feed_rows.read_licence(row) for row in found]

    def listed_customers(self, connector: str) -> list[str]:
        sql = "SELECT DISTINCT customer_id FROM licences WHERE connector = ? ORDER BY 1"
        return [row[0] for row in self._connection.execute(sql, (connector,))]

    def queue_listings(self, connector: str, customer_ids: Iterable[str]) -> None:
        sql = "INSERT INTO listings (connector, customer_id) VALUES (?, ?) ON CONFLICT DO NOTHING"
        self._connection.executemany(sql, [(connector, one) for one in customer_ids])

    def listings(self, connector: str, limit: int) -> list[str]:
        sql = "SELECT customer_id FROM listings WHERE connector = ? ORDER BY ordinal LIMIT ?"
        return [row[0] for row in self._connection.execute(sql, (connector, limit))]

    def listings_left(self, connector: str) -> int:
        sql = "SELECT count(*) FROM listings WHERE connector = ?"
        return int(self._connection.execute(sql, (connector,)).fetchone()[0])

    def end_listing(self, connector: str, customer_id: str) -> None:
        sql = "DELETE FROM listings WHERE connector = ? AND customer_id = ?"
        self._connection.execute(sql, (connector, customer_id))

    def heard(self, keys: Iterable[str]) -> frozenset[str]:
        return frozenset(row[0] for row in self._in("SELECT key FROM heard WHERE key", keys))

    def hear(self, keys: Iterable[str], at: datetime) -> None:
        batch = [(one, at.isoformat()) for one in keys]
        sql = "INSERT INTO heard VALUES (?, ?) ON CONFLICT DO NOTHING"
        self._connection.executemany(sql, batch)

    def forget_heard(self, before: datetime) -> None:
        self._connection.execute("DELETE FROM heard WHERE at < ?", (before.isoformat(),))

    def unmatched(self, providers: Iterable[str]) -> list[Couple]:
        wanted = frozenset(providers)
        there = [self._couple(row["subscription_id"], row) for row in self._found(_ONLY_THERE)]
        here = [row for row in self._found(_ONLY_HERE) if row["provider_id"] in wanted]
        listed = "SELECT * FROM licences WHERE licence_id = ?"
        return [
            *there,
            *(
                self._couple(row["subscription_id"], self._row(listed, row["licence_id"]))
                for row in here
            ),
        ]

    def _couple(self, subscription_id: str | None, licence: Row | None) -> Couple:
        link = self._row("SELECT * FROM links WHERE subscription_id = ?", subscription_id)
        seen = self._row("SELECT * FROM seen WHERE id = ?", subscription_id)
        return feed_rows.couple(link, seen, licence)

    def _found(self, sql: str) -> list[Row]:
        return self._connection.execute(sql).fetchall()

    def _row(self, sql: str, key: str | None) -> Row | None:
        found: Row | None = self._connection.execute(sql, (key,)).fetchone()
        return found

    def _in(self, sql: str, keys: Iterable[str]) -> Iterator[Row]:
        wanted = list(keys)
        for start in range(0, len(wanted), _CHUNK):
            chunk = wanted[start : start + _CHUNK]
            marks = ", ".join("?" * len(chunk))
            yield from self._connection.execute(f"{sql} IN ({marks})", chunk)
