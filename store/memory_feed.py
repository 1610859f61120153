"""The twin in memory of `feed.py`."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from store import feed_rows
from store.memory_tables import Tables, Values
from sync.feed import Couple, Link, ListedLicence

_LIVE = frozenset({"active", "paused"})


class MemoryFeed:
    """Where the licences of the provider stand."""

    _at: Tables

    def put_links(self, links: Iterable[Link]) -> None:
        for one in links:
            if one.licence_id:
                self._at.links.put(one.subscription_id, feed_rows.link_row(one))
            else:
                self.drop_link(one.subscription_id)

    def drop_link(self, subscription_id: str) -> None:
        self._at.links.drop(subscription_id)

    def linked(self, licence_ids: Iterable[str]) -> dict[str, list[Link]]:
        wanted = set(licence_ids)
        found: dict[str, list[Link]] = {}
        for row in self._at.links.where():
            if str(row["licence_id"]) in wanted:
                found.setdefault(str(row["licence_id"]), []).append(feed_rows.read_link(row))
        return found

    def linked_to(self, providers: Iterable[str]) -> list[str]:
        wanted = set(providers)
        rows = self._at.links.where()
        return sorted(str(row["subscription_id"]) for row in rows if row["provider_id"] in wanted)

    def put_licences(self, licences: Iterable[ListedLicence]) -> None:
        for one in licences:
            self._at.licences.put(one.licence_id, feed_rows.licence_row(one))

    def drop_licences(self, licence_ids: Iterable[str]) -> None:
        for one in licence_ids:
            self._at.licences.drop(one)

    def listed(self, licence_ids: Iterable[str]) -> dict[str, ListedLicence]:
        rows = self._at.licences.rows
        return {one: feed_rows.read_licence(rows[one]) for one in licence_ids if one in rows}

    def listed_for(self, connector: str, customer_id: str) -> list[ListedLicence]:
        rows = self._at.licences.where(connector=connector, customer_id=customer_id)
        return sorted(map(feed_rows.read_licence, rows), key=lambda one: one.licence_id)

    def listed_customers(self, connector: str) -> list[str]:
        rows = self._at.licences.where(connector=connector)
        return sorted({str(row["customer_id"]) for row in rows})

    def queue_listings(self, connector: str, customer_ids: Iterable[str]) -> None:
        for one in customer_ids:
            key = f"{connector} {one}"
            if key not in self._at.listings.rows:
                number = self._at.listings.number()
                row: Values = {"connector": connector, "customer_id": one, "ordinal": number}
                self._at.listings.put(key, row)

    def listings(self, connector: str, limit: int) -> list[str]:
        rows = sorted(
            self._at.listings.where(connector=connector), key=lambda row: int(row["ordinal"] or 0)
        )
        return [str(row["customer_id"]) for row in rows[:limit]]

    def listings_left(self, connector: str) -> int:
        return sum(1 for _ in self._at.listings.where(connector=connector))

    def end_listing(self, connector: str, customer_id: str) -> None:
        self._at.listings.drop(f"{connector} {customer_id}")

    def heard(self, keys: Iterable[str]) -> frozenset[str]:
        return frozenset(one for one in keys if one in self._at.heard.rows)

    def hear(self, keys: Iterable[str], at: datetime) -> None:
        for one in keys:
            if one not in self._at.heard.rows:
                self._at.heard.put(one, {"key": one, "at": at.isoformat()})

    def forget_heard(self, before: datetime) -> None:
        for row in self._at.heard.where():
            if str(row["at"]) < before.isoformat():
                self._at.heard.drop(str(row["key"]))

    def unmatched(self, providers: Iterable[str]) -> list[Couple]:
        there = sorted(self._only_there(), key=_by_licence)
        here = sorted(self._only_here(frozenset(providers)), key=_by_row)
        return [*there, *here]

    def _only_there(self) -> Iterator[Couple]:
        for licence in self._at.licences.where(status="active"):
            links: list[Values | None] = list(
                self._at.links.where(licence_id=licence["licence_id"])
            )
            for link in links or [None]:
                found = self._couple(link, licence)
                if found.crm_status not in _LIVE:
                    yield found

    def _only_here(self, providers: frozenset[str]) -> Iterator[Couple]:
        for link in self._at.links.where():
            licence = self._at.licences.rows.get(str(link["licence_id"]))
            is_there = licence is not None and licence["status"] == "active"
            found = self._couple(link, licence)
            is_here = found.crm_status == "active" and str(link["provider_id"]) in providers
            if is_here and not is_there:
                yield found

    def _couple(self, link: Values | None, licence: Values | None) -> Couple:
        seen = self._at.seen.rows.get(str(link["subscription_id"])) if link else None
        return feed_rows.couple(link, seen, licence)


def _by_licence(one: Couple) -> tuple[str, str]:
    return (one.licence.customer_id, one.licence.licence_id) if one.licence else ("", "")


def _by_row(one: Couple) -> tuple[str, str]:
    return (one.link.customer_id, one.link.subscription_id) if one.link else ("", "")
