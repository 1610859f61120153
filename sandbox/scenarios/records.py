"""Contracts and subscriptions as rows of Dataverse and resources of Partner Center."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sandbox.scenarios.agreements import Contract, Subscription
from sandbox.scenarios.catalogue import PROVIDER_KINDS, Customer, ProviderName
from sandbox.scenarios.choices import (
    BillingPolicy,
    Frequency,
    ProrateUnit,
    ProviderKind,
    RefundChoice,
    SubscriptionStatus,
)

CONNECTOR = "partner-center"
PAYMENT_DAYS = 14

AT_PARTNER_CENTER = {
    SubscriptionStatus.ACTIVE: "active",
    SubscriptionStatus.PAUSED: "suspended",
    SubscriptionStatus.SUSPENDED: "suspended",
    SubscriptionStatus.CANCELLED: "deleted",
    SubscriptionStatus.EXPIRED: "expired",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row to insert: the table's logical name and its columns, the id among them."""

    table: str
    columns: dict[str, Any]


def account_row(customer: Customer) -> Row:
    return Row(
        table="account",
        columns={
            "accountid": customer.id,
            "name": customer.name,
            "sk_customertenantid": customer.tenant,
        },
    )


def provider_row(provider: ProviderName) -> Row:
    kind = PROVIDER_KINDS[provider]
    return Row(
        table="sk_provider",
        columns={
            "sk_providerid": provider.id,
            "sk_name": str(provider),
            "sk_kind": int(kind),
            "sk_connector": CONNECTOR if kind is ProviderKind.AUTOMATIC else None,
        },
    )


def contract_row(contract: Contract) -> Row:
    draft = contract.cycle(contract.draft)
    in_advance = contract.policy is BillingPolicy.ADVANCE
    return Row(
        table="sk_billingcontract",
        columns={
            "sk_billingcontractid": contract.id,
            "sk_name": contract.name,
            "sk_accountid": contract.customer.id,
            "sk_frequency": int(contract.frequency),
            "sk_billingpolicy": int(contract.policy),
            "sk_processrefunds": int(contract.refunds),
            "sk_prorateunit": int(ProrateUnit.DAYS),
            "sk_startdate": contract.start.isoformat(),
            "sk_currencycode": contract.customer.currency,
            "sk_timezone": contract.customer.zone,
            "sk_paymentdays": PAYMENT_DAYS,
            "sk_nextinvoiceon": (draft.start if in_advance else draft.end).isoformat(),
        },
    )


def subscription_row(subscription: Subscription) -> Row:
    status = subscription.status
    return Row(
        table="sk_subscription",
        columns={
            "sk_subscriptionid": subscription.id,
            "sk_name": subscription.name,
            "sk_accountid": subscription.contract.customer.id,
            "sk_billingcontractid": subscription.contract.id,
            "sk_providerid": subscription.product.provider.id,
            "sk_providersubscriptionid": subscription.provider_id,
            "sk_offerid": subscription.offer,
            **_price_columns(subscription),
            **_term_columns(subscription),
            "sk_refundchoice": int(RefundChoice.USE_CONTRACT),
            "statecode": status.state,
            "statuscode": int(status),
        },
    )


def _price_columns(subscription: Subscription) -> dict[str, Any]:
    return {
        "sk_quantity": subscription.quantity,
        "sk_unitprice": subscription.unit_price,
        "sk_costprice": subscription.cost_price,
        "sk_discountpercent": subscription.discount_percent,
        "sk_taxpercent": subscription.contract.customer.tax_percent,
    }


def _term_columns(subscription: Subscription) -> dict[str, Any]:
    until = subscription.cancellable_until
    return {
        "sk_startdate": subscription.contract.start.isoformat(),
        "sk_termenddate": subscription.term.end.isoformat(),
        "sk_termduration": subscription.term.duration,
        "sk_autorenew": subscription.auto_renew,
        "sk_cancellableuntil": midnight(until) if until else None,
    }


def midnight(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"


def partner_customer(customer: Customer) -> dict[str, Any]:
    return {"id": customer.tenant, "companyName": customer.name, "domain": customer.domain}


def partner_subscription(subscription: Subscription) -> dict[str, Any]:
    """Return the Subscription resource which matches the row in Dataverse."""
    until, term = subscription.cancellable_until, subscription.term
    status = AT_PARTNER_CENTER[subscription.status]
    yearly = subscription.contract.frequency is Frequency.ANNUAL
    document: dict[str, Any] = {
        "id": subscription.provider_id,
        "customerId": subscription.contract.customer.tenant,
        "offerId": subscription.offer,
        "offerName": subscription.product.name,
        "friendlyName": subscription.name,
        "quantity": subscription.quantity,
        "status": status,
        "suspensionReasons": ["CustomerCancellation"] if status == "suspended" else [],
        "autoRenewEnabled": subscription.auto_renew,
        "billingCycle": "annual" if yearly else "monthly",
        "termDuration": term.duration,
        "creationDate": midnight(subscription.contract.start),
        "effectiveStartDate": midnight(term.start),
        "commitmentEndDate": midnight(_commitment_end(subscription)),
        "cancellationAllowedUntilDate": midnight(until) if until else None,
    }
    if not subscription.legacy:
        document["productType"] = {"id": "OnlineServicesNCE", "displayName": "OnlineServicesNCE"}
    if subscription.seats_at_renewal is not None:
        document["scheduledNextTermInstructions"] = _next_term(subscription)
    return document


def _commitment_end(subscription: Subscription) -> date:
    """Return the end as Partner Center prints it: legacy ends are exclusive."""
    return subscription.term.end + timedelta(days=1 if subscription.legacy else 0)


def _next_term(subscription: Subscription) -> dict[str, Any]:
    product, sku, availability = subscription.product.offer.split(":")
    yearly = subscription.contract.frequency is Frequency.ANNUAL
    return {
        "product": {
            "productId": product,
            "skuId": sku,
            "availabilityId": availability,
            "billingCycle": "annual" if yearly else "monthly",
            "termDuration": subscription.term.duration,
        },
        "quantity": subscription.seats_at_renewal,
    }
