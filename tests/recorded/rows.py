"""Rows for recorded tests, under ids of their own that say nothing of anyone."""

from datetime import date

from sandbox.world import World
from tests.recorded.names import Names

ACCOUNT = "5ea70001-0000-4000-8000-000000000001"
PROVIDER = "5ea70002-0000-4000-8000-000000000001"
CONTRACT = "5ea70003-0000-4000-8000-000000000001"
INVOICE = "5ea70004-0000-4000-8000-000000000001"
DRAFT = "5ea70004-0000-4000-8000-000000000002"
LINE = "5ea70005-0000-4000-8000-000000000001"
AT_PROVIDER = "5ea70006-0000-4000-8000-000000000001"


def subscription(number: int = 1) -> str:
    """Return the id of the n-th subscription."""
    return f"5ea70007-0000-4000-8000-{number:012d}"


def contract(names: Names) -> dict[str, dict[str, object]]:
    """Return a customer, a provider, a monthly contract, its last invoice and its open one."""
    of = {"sk_billingcontractid": CONTRACT, "sk_currencycode": "USD"}
    return {
        "account": {
            "accountid": ACCOUNT,
            "name": names.customer_name,
            "sk_customertenantid": names.customer_id,
        },
        "sk_provider": {
            "sk_providerid": PROVIDER,
            "sk_name": "Microsoft",
            "sk_kind": 126310000,
            "sk_connector": "partner-center",
        },
        "sk_billingcontract": {
            "sk_billingcontractid": CONTRACT,
            "sk_name": "Cloud services",
            "sk_accountid": ACCOUNT,
            "sk_frequency": 126310000,
            "sk_billingpolicy": 126310000,
            "sk_processrefunds": 126310001,
            "sk_prorateunit": 126310000,
            "sk_startdate": "2026-01-01",
            "sk_currencycode": "USD",
            "sk_timezone": "UTC",
            "sk_nextinvoiceon": "2026-07-01",
        },
        "sk_invoice": {"sk_invoiceid": INVOICE, "sk_number": "INV-7", **of, **_cycle(6, 126310000)},
    }


def draft() -> dict[str, object]:
    """Return the open invoice."""
    return {
        "sk_invoiceid": DRAFT,
        "sk_billingcontractid": CONTRACT,
        "sk_currencycode": "USD",
        **_cycle(7, 1),
    }


def _cycle(month: int, status: int) -> dict[str, object]:
    return {
        "sk_name": f"2026-{month:02d}",
        "sk_cyclestart": date(2026, month, 1).isoformat(),
        "sk_cycleend": date(2026, month + 1, 1).isoformat(),
        "statecode": 0,
        "statuscode": status,
    }


def line() -> dict[str, object]:
    """Return the billed line of June: 10 seats for 125.00."""
    return {
        "sk_invoicelineid": LINE,
        "sk_name": "Business Premium",
        "sk_invoiceid": INVOICE,
        "sk_subscriptionid": subscription(),
        "sk_linenumber": 3,
        "sk_kind": 126310000,
        "sk_periodstart": "2026-06-01",
        "sk_periodend": "2026-07-01",
        "sk_quantity": 10,
        "sk_unitprice": "12.50",
        "sk_amount": "125.00",
        "sk_calculatedamount": "125.00",
        "sk_taxamount": "0.00",
    }


def subscription_row(number: int = 1, /, **columns: object) -> dict[str, object]:
    """Return a subscription with ten seats."""
    return {
        "sk_subscriptionid": subscription(number),
        "sk_name": f"Subscription {number}",
        "sk_quantity": 10,
        "sk_unitprice": "12.50",
        "statecode": 0,
        "statuscode": 1,
        **columns,
    }


def lay_out(world: World, names: Names) -> None:
    """Put one subscription into both services, billed for June on INV-7."""
    for table, row in contract(names).items():
        world.dataverse.insert(table, row)
    world.dataverse.insert("sk_invoice", draft())
    linked: dict[str, object] = {
        "sk_accountid": ACCOUNT,
        "sk_billingcontractid": CONTRACT,
        "sk_providerid": PROVIDER,
        "sk_providersubscriptionid": AT_PROVIDER,
        "sk_startdate": "2026-01-01",
    }
    world.dataverse.insert("sk_subscription", subscription_row(**linked))
    world.dataverse.insert("sk_invoiceline", line())
    lay_out_licence(world, names)


def lay_out_licence(world: World, names: Names) -> None:
    """Put the customer and a New Commerce subscription into Partner Center, its windows closed."""
    world.partner_center.add_customer(
        {"id": names.customer_id, "companyName": names.customer_name, "domain": "a.example"}
    )
    world.partner_center.add_subscription(
        {
            "id": AT_PROVIDER,
            "customerId": names.customer_id,
            "orderId": "5ea70008-0000-4000-8000-000000000001",
            "quantity": 10,
            "autoRenewEnabled": True,
            "creationDate": "2026-01-01T08:00:00Z",
        }
    )
