"""Values for the pure half of the engine: one subscription of 10 seats, everything in order.

Every function takes the fields that differ; nothing here asks a service or a store.
"""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from lifecycle.decisions import Standing
from lifecycle.states import Provisioning, Status
from seatkeeper.mapping_folder import open_mappings
from sync.judge import Policy
from sync.mapping import Entity
from sync.mapping_files import Mappings
from sync.model import ChangeLog, Context, Contract, ProviderKind, ProviderRow, Subscription
from sync.planned import Case
from sync.provisioning import Moment
from sync.remote import Licence
from sync.state import Fact, Point, Source

NOW = datetime(2025, 6, 16, 12, tzinfo=UTC)
TODAY = NOW.date()
PAIRS: dict[str, tuple[int, int]] = {
    "active": (0, 1),
    "paused": (0, 126310000),
    "suspended": (1, 2),
    "cancelled": (1, 126310001),
    "expired": (1, 126310002),
}


@cache
def mappings() -> Mappings:
    """Return the mappings that ship."""
    return open_mappings(None)


def entity() -> Entity:
    return mappings().entity("subscription")


def policy(**fields: Any) -> Policy:
    base = Policy(
        rulebook=mappings().rulebook,
        change_day="old_state",
        process_refunds=True,
        max_back_dating_days=90,
        connectors=frozenset({"partner-center"}),
    )
    return replace(base, **fields)


def point(status: str = "active", quantity: int = 10) -> Point:
    return Point(PAIRS[status], quantity)


def standing(status: str = "active", quantity: int = 10) -> Standing:
    return Standing(status=Status(status), quantity=quantity)


def fact(status: str = "suspended", quantity: int = 10, **fields: Any) -> Fact:
    base = Fact(
        key="s|a1",
        subscription_id="s",
        point=point(status, quantity),
        status_changed=True,
        quantity_changed=False,
        source=Source.AUDIT,
        at=NOW,
        by="Alex Wilber",
    )
    return replace(base, **fields)


def subscription(**fields: Any) -> Subscription:
    base = Subscription(
        id="s",
        etag='W/"1"',
        name="Business Premium",
        customer_id="a",
        contract_id="c",
        provider_id="p",
        provider_subscription_id="l",
        status=Status.ACTIVE,
        quantity=10,
        unit_price=Decimal("12.50"),
        discount_percent=Decimal(0),
        discount_amount=Decimal(0),
        tax_percent=Decimal(0),
        start_on=date(2025, 1, 1),
        bill_from=None,
        refund_choice="use_contract",
        deactivate_on=None,
        change_effective_on=None,
        hold=False,
        sync_message="",
    )
    return replace(base, **fields)


def contract(**fields: Any) -> Contract:
    base = Contract(
        id="c",
        etag='W/"2"',
        name="Fabrikam 2025",
        frequency="monthly",
        policy="advance",
        process_refunds="yes",
        prorate_unit="days",
        start_on=date(2025, 1, 1),
        end_on=None,
        currency="USD",
        time_zone="UTC",
        payment_days=14,
        next_invoice_on=date(2025, 7, 1),
        sync_message="",
    )
    return replace(base, **fields)


def provider(kind: ProviderKind = ProviderKind.AUTOMATIC) -> ProviderRow:
    return ProviderRow(id="p", name="Microsoft", kind=kind, connector="partner-center")


def log(number: int = 1, **fields: Any) -> ChangeLog:
    """Return one of our logs; it awaits the provider."""
    base = ChangeLog(
        id=f"log-{number}",
        etag=f'W/"1{number}"',
        kind="deactivation",
        quantity_before=10,
        quantity_after=0,
        effective_on=date(2025, 6, number),
        change_key=f"s|old{number}",
        sequence=number,
        change_day="old_state",
        prorate_unit="days",
        refund_decision="nothing_to_refund",
        unit_price=Decimal("12.50"),
        discount_percent=Decimal(0),
        tax_percent=Decimal(0),
        provisioning=Provisioning.AWAITING,
        provisioned_at=None,
        held="",
        message="",
    )
    return replace(base, **fields)


def licence(**fields: Any) -> Licence:
    base = Licence(
        status="active",
        quantity=10,
        auto_renew=True,
        is_new_commerce=True,
        term_ends_on=date(2025, 12, 31),
        cancellable_until=None,
        refundable_seats=0,
        held={"autoRenewEnabled": True},
        etag='W/"9"',
        resource={},
    )
    return replace(base, **fields)


def context(**fields: Any) -> Context:
    base = Context(
        subscription=subscription(),
        customer_tenant_id="t",
        contract=contract(),
        provider=provider(),
        logs=(),
        drafts=(),
        closed=(),
        lines=(),
        last_line_number=0,
    )
    return replace(base, **fields)


def case(**fields: Any) -> Case:
    base = Case(
        subscription_id="s",
        was=standing(),
        first_seen_on=date(2025, 1, 1),
        context=context(),
        licence=licence(),
        provider_trouble=None,
        parked_code="",
        hold=None,
        emitted=frozenset(),
        moment=Moment(now=NOW, today=TODAY),
    )
    return replace(base, **fields)
