"""What people were told as rows of the local tables, and back."""

from datetime import datetime

from store.rows import SqlValue, Stored
from sync.notices import Told


def told_row(told: Told) -> dict[str, SqlValue]:
    return {
        "topic": told.topic,
        "sentence": told.sentence,
        "since": told.since.isoformat(),
        "told_at": told.told_at.isoformat(),
    }


def read_told(row: Stored) -> Told:
    return Told(
        topic=row["topic"],
        sentence=row["sentence"],
        since=datetime.fromisoformat(row["since"]),
        told_at=datetime.fromisoformat(row["told_at"]),
    )
