"""Invoices and their lines in a simple form: one for each of the last three whole months.

Nothing is stored: a line is a new commerce subscription that existed in the month, at one price.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from werkzeug import Response

from sandbox.documents import Document
from sandbox.partner_center import view
from sandbox.partner_center.calls import Call
from sandbox.partner_center.companions import MPN_ID
from sandbox.partner_center.errors import PartnerRefused
from sandbox.partner_center.ledger import Ledger
from sandbox.partner_center.order_view import pricing
from sandbox.partner_center.pages import paged, sliced
from sandbox.partner_center.responses import json_response
from sandbox.partner_center.subscription import Status, Subscription
from sandbox.partner_center.view import link
from sandbox.world import World

_MONTHS = 3
_PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)
_LONGEST_PAGE = 2000
_CONSTANT: Document = {
    "publisherId": "",
    "priceAdjustmentDescription": "",
    "discountDetails": "",
    "pricingCurrency": "USD",
    "pcToBCExchangeRate": "1",
    "pcToBCExchangeRateDate": "0001-01-01T00:00:00",
    "meterDescription": "",
    "billingFrequency": "",
    "reservationOrderId": "",
}


class Invoices:
    """Answers the paths under /v1/invoices."""

    def __init__(self, world: World, ledger: Ledger) -> None:
        self._world = world
        self._ledger = ledger
        self._told = _past_months(world.clock.now())[0]

    def clear(self) -> None:
        """Begin with the invoices that there are now."""
        self._told = _past_months(self._world.clock.now())[0]

    def catch_up(self, now: datetime) -> None:
        """Tell of the newest invoice, when a month is over."""
        last = _past_months(now)[0]
        if last > self._told:
            self._ledger.announce("invoice-ready", "invoice", f"invoices/G{last:%Y%m}")
        self._told = last

    def answer(self, call: Call) -> Response | None:
        """Answer a request, or return None for a path of another room."""
        if call.request.method != "GET" or call.parts[0] != "invoices":
            return None
        if call.parts[2:] == ["documents", "statement"]:
            return self._statement(call)
        document = self._read(call)
        return None if document is None else json_response(document)

    def _read(self, call: Call) -> Document | None:
        match call.parts[1:]:
            case []:
                items = [self._invoice(month) for month in _past_months(call.now)]
                return sliced(items, call.request)
            case ["summary"]:
                return self._summary(call)
            case ["unbilled", "lineitems"]:
                return self._page(call, call.now.date().replace(day=1), "")
            case [number]:
                call.need_person()
                return self._invoice(_month(number, call.now))
            case [number, "lineitems"]:
                return self._page(call, _month(number, call.now), _number(number))
            case _:
                return None

    def _statement(self, call: Call) -> Response:
        """Answer a PDF without a page: who reads it wants to see that it is one."""
        call.need_person()
        _month(call.parts[1], call.now)
        return Response(_PDF, content_type="application/pdf")

    def _invoice(self, month: date) -> Document:
        number = f"G{month:%Y%m}"
        own = f"/invoices/OneTime-{number}"
        lines = link(f"{own}/lineitems/OneTime/BillingLineItems")
        total = sum(float(line["totalForCustomer"]) for line in self._lines(month, number))
        return {
            "id": number,
            "invoiceDate": f"{_next_month(month)}T00:00:00Z",
            "billingPeriodStartDate": f"{month}T00:00:00Z",
            "billingPeriodEndDate": f"{_next_month(month) - timedelta(days=1)}T00:00:00Z",
            "totalCharges": round(total, 2),
            "paidAmount": 0.0,
            "currencyCode": "USD",
            "currencySymbol": "$",
            "pdfDownloadLink": f"/invoices/{number}/documents/statement",
            "taxReceipts": [
                {
                    "id": f"{month:%Y%m}",
                    "taxReceiptPdfDownloadLink": (
                        f"/invoices/{number}/receipts/{month:%Y%m}/documents/statement"
                    ),
                }
            ],
            "invoiceDetails": [
                {
                    "invoiceLineItemType": "billing_line_items",
                    "billingProvider": "one_time",
                    "links": {"self": lines},
                    "attributes": {"objectType": "InvoiceDetail"},
                }
            ],
            "documentType": "invoice",
            "invoiceType": "OneTime",
            "links": {"self": link(own)},
            "attributes": {"objectType": "Invoice"},
        }

    def _summary(self, call: Call) -> Document:
        months = _past_months(call.now)
        total = sum(self._invoice(month)["totalCharges"] for month in months)
        dates = {
            "accountingDate": f"{_next_month(months[0])}T00:00:00Z",
            "firstInvoiceCreationDate": f"{_next_month(months[-1])}T00:00:00Z",
            "lastPaymentDate": "0001-01-01T00:00:00",
            "lastPaymentAmount": 0.0,
            "latestInvoiceDate": "0001-01-01T00:00:00",
        }
        kind = {"attributes": {"objectType": "InvoiceSummary"}}
        money = {"balanceAmount": round(total, 2), "currencyCode": "USD", "currencySymbol": "$"}
        one = {"invoiceType": "OneTime", "summary": money | dates | kind}
        item = money | dates | {"details": [one], "links": {"self": link("/invoices/summary")}}
        return view.collection([item | kind], "/invoices/summaries")

    def _page(self, call: Call, month: date, number: str) -> Document:
        size = call.request.args.get("size", "0")
        if size.isdecimal() and int(size) > _LONGEST_PAGE:
            raise PartnerRefused(400, 3000, f"The property size is at most {_LONGEST_PAGE}.")
        return paged(list(self._lines(month, number)), call.request, _LONGEST_PAGE)

    def _lines(self, month: date, number: str) -> Iterator[Document]:
        for found in self._ledger.registry.all():
            began = found.created_at.date()
            if not found.legacy and began < _next_month(month) and _was_billed(found, month):
                yield self._line(found, month, number)

    def _line(self, found: Subscription, month: date, number: str) -> Document:
        customer = self._ledger.registry.customers[found.customer_id.lower()]
        price = pricing(self._world.settings.list_price, found.quantity, found.billing_cycle)
        product, sku, availability = ([*found.offer_id.split(":"), "", ""])[:3]
        last = _next_month(month) - timedelta(days=1)
        is_new = found.created_at.date() >= month
        return {
            "partnerId": self._world.tenant_id,
            "customerId": found.customer_id,
            "customerName": customer["companyName"],
            "customerDomainName": customer["domain"],
            "customerCountry": "US",
            "invoiceNumber": number,
            "mpnId": MPN_ID,
            "resellerMpnId": found.partner_id or "0",
            "alternateId": found.order_id,
            "referenceId": found.id,
            "orderId": found.order_id,
            "orderDate": view.stamp(found.created_at),
            "productId": product,
            "skuId": sku,
            "availabilityId": availability,
            "productName": found.offer_name,
            "skuName": found.offer_name,
            "chargeType": "new" if is_new else "cycleCharge",
            "unitPrice": _text(price["price"]),
            "effectiveUnitPrice": _text(price["price"]),
            "unitType": "",
            "quantity": str(found.quantity),
            "subtotal": _text(price["extendedPrice"]),
            "taxTotal": "0",
            "totalForCustomer": _text(price["extendedPrice"]),
            "currency": "USD",
            "publisherName": "Microsoft Corporation",
            "subscriptionDescription": found.friendly_name,
            "subscriptionId": found.id,
            "subscriptionStartDate": view.stamp(found.started_at),
            "subscriptionEndDate": f"{found.term_end}T00:00:00Z",
            "chargeStartDate": f"{max(month, found.created_at.date())}T00:00:00Z",
            "chargeEndDate": f"{last}T00:00:00Z",
            "termAndBillingCycle": f"{found.term} {found.billing_cycle}",
            "billableQuantity": str(found.quantity),
            "invoiceLineItemType": "billing_line_items",
            "billingProvider": "one_time",
            "productQualifiers": _qualifiers(found),
            "promotionId": "",
            **_CONSTANT,
            "attributes": {"objectType": "OneTimeInvoiceLineItem"},
        }


def _was_billed(found: Subscription, month: date) -> bool:
    """Say whether a month costs: a suspended new commerce subscription does (4.2)."""
    if found.status in (Status.ACTIVE, Status.SUSPENDED):
        return True
    return found.status is not Status.PENDING and found.status_since.date() > month


def _qualifiers(found: Subscription) -> list[str]:
    marks = {"AddOn": found.parent_id is not None, "Trial": found.is_trial}
    return [name for name, is_so in marks.items() if is_so]


def _text(amount: Any) -> str:  # noqa: ANN401 - a number of the price list
    return f"{amount:.2f}".removesuffix(".00")


def _number(text: str) -> str:
    return text.removeprefix("OneTime-").upper()


def _month(text: str, now: datetime) -> date:
    for month in _past_months(now):
        if f"G{month:%Y%m}" == _number(text):
            return month
    raise PartnerRefused(404, 1000, f"The invoice {text} was not found.")


def _past_months(now: datetime) -> list[date]:
    """Return the first days of the months before this one, the newest first."""
    months, day = [], now.date().replace(day=1)
    for _ in range(_MONTHS):
        day = (day - timedelta(days=1)).replace(day=1)
        months.append(day)
    return months


def _next_month(month: date) -> date:
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)
