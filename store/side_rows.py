"""Suspects, baselines and differences as rows of the local tables, and back."""

from datetime import datetime

from store import codec
from store.rows import SqlValue, Stored
from sync.sides import Baseline, Difference, Suspicion


def read_suspicion(row: Stored) -> Suspicion:
    return Suspicion(
        subscription_id=row["subscription_id"],
        reason=row["reason"],
        at=codec.instant(row["at"]),
        by=row["by"],
        marks=row["marks"],
    )


def baseline_row(baseline: Baseline) -> dict[str, SqlValue]:
    return {
        "subscription_id": baseline.subscription_id,
        "crm": codec.dump(baseline.crm),
        "partner": codec.dump(baseline.partner),
        "at": baseline.at.isoformat(),
    }


def read_baseline(row: Stored) -> Baseline:
    return Baseline(
        subscription_id=row["subscription_id"],
        crm=codec.load(row["crm"]),
        partner=codec.load(row["partner"]),
        at=datetime.fromisoformat(row["at"]),
    )


def difference_row(one: Difference, since: datetime | None) -> dict[str, SqlValue]:
    """Return the row; a field that differed before keeps the instant at which it began."""
    return {
        "subscription_id": one.subscription_id,
        "field": one.field,
        "base": one.base,
        "crm": one.crm,
        "partner": one.partner,
        "outcome": one.outcome,
        "reason": one.reason,
        "since": (since or one.since).isoformat(),
    }


def read_difference(row: Stored) -> Difference:
    return Difference(
        subscription_id=row["subscription_id"],
        field=row["field"],
        base=row["base"],
        crm=row["crm"],
        partner=row["partner"],
        outcome=row["outcome"],
        reason=row["reason"],
        since=datetime.fromisoformat(row["since"]),
    )
