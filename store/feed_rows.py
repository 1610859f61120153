"""Links and listed licences as rows of the local tables, and back."""

from datetime import datetime

from store.rows import SqlValue, Stored
from sync.feed import Couple, Link, ListedLicence


def link_row(link: Link) -> dict[str, SqlValue]:
    return {
        "subscription_id": link.subscription_id,
        "licence_id": link.licence_id,
        "customer_id": link.customer_id,
        "provider_id": link.provider_id,
    }


def read_link(row: Stored) -> Link:
    return Link(
        subscription_id=row["subscription_id"],
        licence_id=row["licence_id"],
        customer_id=row["customer_id"],
        provider_id=row["provider_id"],
    )


def licence_row(licence: ListedLicence) -> dict[str, SqlValue]:
    return {
        "licence_id": licence.licence_id,
        "connector": licence.connector,
        "customer_id": licence.customer_id,
        "name": licence.name,
        "status": licence.status,
        "quantity": licence.quantity,
        "at": licence.at.isoformat(),
    }


def read_licence(row: Stored) -> ListedLicence:
    return ListedLicence(
        licence_id=row["licence_id"],
        connector=row["connector"],
        customer_id=row["customer_id"],
        name=row["name"],
        status=row["status"],
        quantity=row["quantity"],
        at=datetime.fromisoformat(row["at"]),
    )


def couple(link: Stored | None, seen: Stored | None, licence: Stored | None) -> Couple:
    """Put together what is known of both sides."""
    return Couple(
        link=read_link(link) if link is not None else None,
        crm_status=(seen["status"] or "") if seen is not None else "",
        quantity=(seen["quantity"] or 0) if seen is not None else 0,
        contract_id=(seen["contract_id"] or "") if seen is not None else "",
        licence=read_licence(licence) if licence is not None else None,
    )
