"""Values to store: believable ones, each with the fields that a test does not care about filled."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from lifecycle.decisions import Standing
from lifecycle.states import Status
from sync.feed import Link, ListedLicence
from sync.notices import Told
from sync.sides import Baseline, Difference
from sync.state import Fact, KnownLog, Operation, Parked, Point, Seen, Service, Source, Wake

NOON = datetime(2025, 6, 16, 12, tzinfo=UTC)
ACTIVE = Point((0, 1), 10)
SUSPENDED = Point((1, 2), 10)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def seen(row_id: str = "a", **fields: Any) -> Seen:
    given = {
        "version": 1,
        "point": ACTIVE,
        "accepted": Standing(status=Status.ACTIVE, quantity=10),
        "contract_id": "contract",
        "modified_at": NOON,
        "first_seen_on": date(2025, 6, 10),
        **fields,
    }
    return Seen(id=row_id, **given)


def fact(key: str, subscription: str = "a", **fields: Any) -> Fact:
    given = {
        "point": SUSPENDED,
        "status_changed": True,
        "quantity_changed": False,
        "source": Source.AUDIT,
        "at": NOON,
        **fields,
    }
    return Fact(key=key, subscription_id=subscription, **given)


def operation(row_id: str, subject: str = "a", **fields: Any) -> Operation:
    given = {
        "group": "g",
        "service": Service.DATAVERSE,
        "action": "log",
        "target": row_id,
        **fields,
    }
    return Operation(id=row_id, subject=subject, **given)


def log(row_id: str, subscription: str = "a", **fields: Any) -> KnownLog:
    given = {
        "version": 1,
        "change_key": f"{subscription}|{row_id}",
        "sequence": 1,
        "kind": "deactivation",
        "quantity_after": 0,
        "provisioning": "awaiting",
        "stamped": False,
        **fields,
    }
    return KnownLog(id=row_id, subscription_id=subscription, **given)


def parked(subject: str = "a", **fields: Any) -> Parked:
    given = {"code": "refused", "reason": "why", "advice": "what", "since": NOON, **fields}
    return Parked(subject=subject, **given)


def wake(subscription: str = "a", **fields: Any) -> Wake:
    return Wake(subscription_id=subscription, **{"reason": "log awaiting", **fields})


def baseline(subscription: str = "a", **fields: Any) -> Baseline:
    given = {"crm": {"quantity": 10}, "partner": {"quantity": 10}, "at": NOON, **fields}
    return Baseline(subscription_id=subscription, **given)


def difference(subscription: str = "a", **fields: Any) -> Difference:
    given = {
        "field": "quantity",
        "base": "10",
        "crm": "10",
        "partner": "12",
        "outcome": "conflict",
        "reason": "why",
        "since": NOON,
        **fields,
    }
    return Difference(subscription_id=subscription, **given)


def link(subscription: str, licence: str) -> Link:
    return Link(
        subscription_id=subscription,
        licence_id=licence,
        customer_id="account",
        provider_id="provider",
    )


def listed(licence: str, **fields: Any) -> ListedLicence:
    given = {
        "connector": "partner-center",
        "customer_id": "tenant",
        "name": "Premium",
        "status": "active",
        "quantity": 10,
        "at": NOON,
        **fields,
    }
    return ListedLicence(licence_id=licence, **given)


def told(topic: str = "a", **fields: Any) -> Told:
    given = {"sentence": "why", "since": NOON, "told_at": NOON, **fields}
    return Told(topic=topic, **given)
