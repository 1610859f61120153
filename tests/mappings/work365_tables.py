"""The tables of a tenant with Work 365 and native invoices, made from the sandbox's own.

Written without a look at `mappings/examples/`: a wrong name there is then found by a test.
"""

from dataclasses import replace
from functools import partial

from sandbox.dataverse.columns import AlternateKey, Column, Kind, Option
from sandbox.dataverse.tables import (
    ACCOUNT,
    CHANGE_LOG,
    CONTRACT,
    INVOICE,
    INVOICE_LINE,
    PROVIDER,
    SUBSCRIPTION,
    lookup,
    reason,
)

OPTION = 774460000
_SANDBOX_OPTION = 126310000
TABLES = {
    "sk_provider": "contoso_provider",
    "sk_billingcontract": "contoso_billingcontract",
    "sk_subscription": "work365_subscription",
    "sk_changelog": "contoso_changelog",
    "sk_invoice": "invoice",
    "sk_invoiceline": "invoicedetail",
}
_SUBSCRIPTION = {
    "sk_name": "work365_subscription_subscriptionname",
    "sk_accountid": "work365_subscription_customer",
    "sk_billingcontractid": "work365_subscription_billingcontract",
    "sk_startdate": "work365_subscription_effectivestartdate",
}
_INVOICE = {"sk_name": "name", "sk_cycleend": "contoso_cyclelastday", "sk_duedate": "duedate"}
_LINE = {
    "sk_name": "productdescription",
    "sk_linenumber": "lineitemnumber",
    "sk_invoiceid": "invoiceid",
    "sk_subscriptionid": "work365_invoiceproduct_subscription",
    "sk_periodend": "contoso_periodlastday",
    "sk_quantity": "contoso_seats",
    "sk_unitprice": "contoso_seatprice",
    "sk_amount": "priceperunit",
    "sk_taxamount": "tax",
    "sk_explanation": "description",
}
_PROPERTIES = {
    "work365_subscription_customer": "work365_subscription_Customer",
    "work365_subscription_billingcontract": "work365_subscription_BillingContract",
    "work365_invoiceproduct_subscription": "work365_invoiceproduct_Subscription",
    "contoso_providerid": "contoso_ProviderId",
    "contoso_accountid": "contoso_AccountId",
    "contoso_billingcontractid": "contoso_BillingContractId",
    "contoso_subscriptionid": "contoso_SubscriptionId",
    "contoso_changelogid": "contoso_ChangeLogId",
    "contoso_reversesid": "contoso_ReversesId",
}
_SUBSCRIPTION_REASONS = (
    reason(1, "Active", 0),
    reason(OPTION + 3, "Paused", 0),
    reason(OPTION, "Suspended", 1),
    reason(OPTION + 1, "Cancelled", 1),
    reason(2, "Expired", 1),
)
_INVOICE_STATES = tuple(
    Option(value=value, label=label, default_status=default)
    for value, label, default in (
        (0, "Active", 1),
        (1, "Closed", 7),
        (2, "Paid", 100001),
        (3, "Canceled", 100003),
    )
)
_INVOICE_REASONS = (
    reason(1, "New", 0),
    reason(4, "Billed", 0),
    reason(7, "Paid in Full", 1),
    reason(100001, "Complete", 2),
    reason(100002, "Partial", 2),
    reason(100003, "Canceled", 3),
)
_REQUIRED = {"RequiredLevel": {"Value": "SystemRequired", "CanBeChanged": False}}
_NATIVE_LINE = (
    Column(name="quantity", kind=Kind.DECIMAL, facts=_REQUIRED),
    Column(name="isproductoverridden", kind=Kind.BOOLEAN),
    Column(name="ispriceoverridden", kind=Kind.BOOLEAN),
)


def _column(names, logical, column):
    own_id = column.kind is Kind.KEY
    name = f"{logical}id" if own_id else names.get(column.name, column.name)
    name = name.replace("sk_", "contoso_", 1) if name.startswith("sk_") else name
    options = tuple(
        replace(one, value=one.value - _SANDBOX_OPTION + OPTION)
        if one.value >= _SANDBOX_OPTION
        else one
        for one in column.options
    )
    return replace(
        column,
        name=name,
        options=options,
        target=TABLES.get(column.target, column.target),
        property_name=_PROPERTIES.get(name, "") if column.kind is Kind.LOOKUP else "",
    )


def _renamed(table, code, names=None, more=()):
    logical = TABLES.get(table.logical, table.logical)
    columns = tuple(map(partial(_column, names or {}, logical), table.columns))
    own = {column.name for column in more}
    return replace(
        table,
        logical=logical,
        set_name=f"{logical}s",
        schema_name=logical,
        code=code,
        columns=(*(one for one in columns if one.name not in own), *more),
        keys=tuple(_key(key) for key in table.keys),
    )


def _key(key):
    columns = tuple(name.replace("sk_", "contoso_", 1) for name in key.columns)
    return AlternateKey(name="_".join(columns) + "_key", columns=columns)


def _status(reasons, states=None):
    """Return the pair of columns with other reasons, and other states where given."""
    known = SUBSCRIPTION.by_name
    if states is None:
        states = (
            Option(value=0, label="Active", default_status=1),
            Option(value=1, label="Inactive", default_status=OPTION),
        )
    return (
        replace(known["statecode"], options=states),
        replace(known["statuscode"], options=reasons),
    )


_PLANNED = (
    Column(name="contoso_billingcycle", kind=Kind.STRING),
    Column(name="contoso_renewalquantity", kind=Kind.INTEGER),
    Column(name="contoso_renewalcycle", kind=Kind.STRING),
)
_SOURCE = Column(name="contoso_source", kind=Kind.STRING)
_INVOICE_MORE = (
    *_status(_INVOICE_REASONS, _INVOICE_STATES),
    replace(lookup("customerid", "account"), property_name="customerid_account"),
    _SOURCE,
)

WORK365 = (
    _renamed(ACCOUNT, 1),
    _renamed(PROVIDER, 11001),
    _renamed(CONTRACT, 11002),
    _renamed(SUBSCRIPTION, 11003, _SUBSCRIPTION, (*_status(_SUBSCRIPTION_REASONS), *_PLANNED)),
    _renamed(CHANGE_LOG, 11004, more=(_SOURCE,)),
    _renamed(INVOICE, 1090, _INVOICE, _INVOICE_MORE),
    _renamed(INVOICE_LINE, 1091, _LINE, _NATIVE_LINE),
)
