"""The twin in memory of `first_rows.py`."""

from store import feed_rows, rows
from store.memory_tables import Tables
from sync.feed import Link
from sync.first_rows import AlreadyKnownError, FirstRows
from sync.state import Seen


class MemoryFirstRows:
    """Stores the rows of a first read."""

    _at: Tables

    def put_first(self, given: FirstRows) -> None:
        if self._at.logs.rows or self._at.baselines.rows:
            raise AlreadyKnownError
        for place, one in enumerate(given.ids):
            if one in self._at.seen.rows or one in self._at.links.rows:
                raise AlreadyKnownError
            self._put_first_row(given, place)

    def end_first(self) -> None:
        """Nothing was put off."""

    def _put_first_row(self, given: FirstRows, place: int) -> None:
        seen = Seen(
            id=given.ids[place],
            version=given.versions[place],
            point=given.stands[place].point,
            accepted=given.stands[place].accepted,
            contract_id=given.contracts[place],
            modified_at=given.modified_at[place],
            first_seen_on=given.seen_on,
            deactivate_on=given.deactivate_on[place],
        )
        link = Link(
            subscription_id=seen.id,
            licence_id=given.licences[place],
            customer_id=given.customers[place],
            provider_id=given.providers[place],
        )
        self._at.seen.put(seen.id, rows.seen_row(seen))
        if link.licence_id:
            self._at.links.put(seen.id, feed_rows.link_row(link))
