"""The twin in memory of `notices.py`."""

from collections.abc import Iterable
from operator import attrgetter

from store import notice_rows
from store.memory_tables import Tables
from sync.notices import Told


class MemoryNotices:
    """What people were told of, and when."""

    _at: Tables

    def told(self) -> list[Told]:
        found = [notice_rows.read_told(row) for row in self._at.notices.where()]
        return sorted(found, key=attrgetter("topic"))

    def put_told(self, told: Iterable[Told]) -> None:
        for one in told:
            self._at.notices.put(one.topic, notice_rows.told_row(one))

    def drop_told(self, topics: Iterable[str]) -> None:
        for one in topics:
            self._at.notices.drop(one)
