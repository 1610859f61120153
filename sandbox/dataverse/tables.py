"""The tables of the sandbox. Names and option values are promises of architecture.md section 6."""

from sandbox.dataverse.columns import AlternateKey, Column, Kind, Option, Scalar, Table

FIRST_OPTION = 126310000
ACTIVE, INACTIVE = 0, 1


def choice(name: str, *labels: str) -> Column:
    options = tuple(Option(value=FIRST_OPTION + n, label=text) for n, text in enumerate(labels))
    return Column(name=name, kind=Kind.CHOICE, options=options)


def lookup(name: str, target: str, *, writable: bool = True) -> Column:
    return Column(name=name, kind=Kind.LOOKUP, target=target, writable=writable)


def text(name: str, max_length: int = 100) -> Column:
    return Column(name=name, kind=Kind.STRING, max_length=max_length)


def memo(name: str, max_length: int = 4000) -> Column:
    return Column(name=name, kind=Kind.MEMO, max_length=max_length)


def columns(kind: Kind, *names: str, default: Scalar = None) -> tuple[Column, ...]:
    return tuple(Column(name=name, kind=kind, default=default) for name in names)


def status(*reasons: Option, active_default: int = 1, inactive_default: int = 2) -> list[Column]:
    """Return statecode and statuscode; the first reason of a state is not always its default."""
    states = (
        Option(value=ACTIVE, label="Active", default_status=active_default),
        Option(value=INACTIVE, label="Inactive", default_status=inactive_default),
    )
    return [
        Column(name="statecode", kind=Kind.STATE, options=states),
        Column(name="statuscode", kind=Kind.STATUS, options=reasons),
    ]


def reason(value: int, label: str, state: int) -> Option:
    return Option(value=value, label=label, state=state)


PLAIN_STATUS = (reason(1, "Active", ACTIVE), reason(2, "Inactive", INACTIVE))


def standard_columns() -> list[Column]:
    """Return what every user-owned table has besides its own columns."""
    stamps = [
        Column(name=name, kind=Kind.DATETIME, writable=False)
        for name in ("createdon", "modifiedon")
    ]
    people = [
        lookup(name, "systemuser", writable=False)
        for name in ("createdby", "modifiedby", "createdonbehalfby", "modifiedonbehalfby")
    ]
    owner = [lookup("ownerid", "systemuser"), lookup("owningbusinessunit", "businessunit")]
    return [*stamps, *people, *owner, lookup("owninguser", "systemuser", writable=False)]


def every(logical: str, own: list[Column]) -> tuple[Column, ...]:
    """Return key, version, own (first the name) and standard columns, in this order."""
    head = [
        Column(name=f"{logical}id", kind=Kind.KEY),
        Column(name="versionnumber", kind=Kind.VERSION, writable=False),
    ]
    if not any(column.kind is Kind.STATE for column in own):
        own = [*own, *status(*PLAIN_STATUS)]
    return (*head, *own, *standard_columns())


def key(*names: str) -> tuple[AlternateKey, ...]:
    return (AlternateKey(name="_".join(names) + "_key", columns=names),)


ACCOUNT = Table(
    logical="account",
    set_name="accounts",
    label="Account",
    columns=every(
        "account", [text("name", 160), text("accountnumber", 20), text("sk_customertenantid")]
    ),
    keys=key("sk_customertenantid"),
    code=1,
    schema_name="Account",
)

PROVIDER = Table(
    logical="sk_provider",
    set_name="sk_providers",
    label="Provider",
    columns=every(
        "sk_provider",
        [
            text("sk_name"),
            choice("sk_kind", "Automatic", "Manual", "Do Nothing"),
            text("sk_connector"),
        ],
    ),
    keys=key("sk_name"),
    code=10201,
    schema_name="sk_provider",
)

CONTRACT = Table(
    logical="sk_billingcontract",
    set_name="sk_billingcontracts",
    label="Billing Contract",
    columns=every(
        "sk_billingcontract",
        [
            text("sk_name", 200),
            lookup("sk_accountid", "account"),
            choice("sk_frequency", "Monthly", "Quarterly", "Annual", "Triennial"),
            choice("sk_billingpolicy", "Advance", "Arrears"),
            choice("sk_processrefunds", "Use Global Setting", "Yes", "No"),
            choice("sk_prorateunit", "Days", "Months", "None", "Fixed 30"),
            *columns(Kind.DATE, "sk_startdate", "sk_enddate"),
            text("sk_currencycode", 3),
            text("sk_timezone"),
            *columns(Kind.INTEGER, "sk_paymentdays"),
            *columns(Kind.DATE, "sk_nextinvoiceon"),
            memo("sk_syncmessage"),
        ],
    ),
    code=10202,
    schema_name="sk_billingcontract",
)

SUBSCRIPTION = Table(
    logical="sk_subscription",
    set_name="sk_subscriptions",
    label="Subscription",
    columns=every(
        "sk_subscription",
        [
            text("sk_name", 200),
            lookup("sk_accountid", "account"),
            lookup("sk_billingcontractid", "sk_billingcontract"),
            lookup("sk_providerid", "sk_provider"),
            text("sk_providersubscriptionid"),
            text("sk_offerid", 200),
            *columns(Kind.INTEGER, "sk_quantity"),
            *columns(Kind.DECIMAL, "sk_unitprice", "sk_costprice", "sk_discountpercent"),
            *columns(Kind.DECIMAL, "sk_discountamount", "sk_taxpercent"),
            *columns(Kind.DATE, "sk_startdate", "sk_termenddate"),
            text("sk_termduration", 20),
            *columns(Kind.BOOLEAN, "sk_autorenew", default=False),
            *columns(Kind.DATETIME, "sk_cancellableuntil"),
            choice("sk_refundchoice", "Use Contract", "Apply Refund", "Do Not Refund"),
            *columns(Kind.DATE, "sk_deactivateon", "sk_changeeffectiveon", "sk_billfrom"),
            *columns(Kind.BOOLEAN, "sk_hold", default=False),
            memo("sk_syncmessage"),
            *status(
                reason(1, "Active", ACTIVE),
                reason(FIRST_OPTION, "Paused", ACTIVE),
                reason(2, "Suspended", INACTIVE),
                reason(FIRST_OPTION + 1, "Cancelled", INACTIVE),
                reason(FIRST_OPTION + 2, "Expired", INACTIVE),
            ),
        ],
    ),
    keys=key("sk_providersubscriptionid"),
    audited=True,
    code=10203,
    schema_name="sk_subscription",
)

CHANGE_LOG = Table(
    logical="sk_changelog",
    set_name="sk_changelogs",
    label="Change Log",
    columns=every(
        "sk_changelog",
        [
            text("sk_name", 200),
            lookup("sk_subscriptionid", "sk_subscription"),
            choice(
                "sk_kind",
                *("New", "Quantity Change", "Deactivation", "Activation", "Pause"),
                *("Resume", "Cancellation", "Renewal", "Expiry", "Price Change"),
            ),
            *columns(Kind.INTEGER, "sk_quantitychange", "sk_quantitybefore", "sk_quantityafter"),
            *columns(Kind.DATE, "sk_effectiveon"),
            *columns(Kind.DATETIME, "sk_requestedon"),
            text("sk_requestedby", 200),
            text("sk_changekey", 200),
            *columns(Kind.INTEGER, "sk_sequence"),
            choice("sk_changeday", "Old State", "New State"),
            choice("sk_prorateunit", "Days", "Months", "None", "Fixed 30"),
            choice(
                "sk_refunddecision",
                *("Refunded", "Declined by Subscription", "Declined by Contract"),
                *("Declined by Setting", "Nothing to Refund", "Removed by Person"),
            ),
            *columns(Kind.DECIMAL, "sk_unitprice", "sk_discountpercent", "sk_taxpercent"),
            choice(
                "sk_provisioningstatus",
                *("Awaiting Provisioning", "Not Applicable", "Provisioned", "Failed Provisioning"),
            ),
            *columns(Kind.DATETIME, "sk_provisionedon"),
            memo("sk_heldstate", 100_000),
            choice("sk_origin", "Dynamics", "Partner Center"),
            memo("sk_message"),
            *status(reason(1, "Active", ACTIVE), reason(2, "Archived", INACTIVE)),
        ],
    ),
    audited=True,
    code=10204,
    schema_name="sk_changelog",
)

INVOICE = Table(
    logical="sk_invoice",
    set_name="sk_invoices",
    label="Invoice",
    columns=every(
        "sk_invoice",
        [
            text("sk_name", 200),
            text("sk_number"),
            lookup("sk_billingcontractid", "sk_billingcontract"),
            *columns(Kind.DATE, "sk_cyclestart", "sk_cycleend"),
            *columns(Kind.DATE, "sk_issuedon", "sk_duedate", "sk_paidon"),
            *columns(Kind.DECIMAL, "sk_nettotal", "sk_taxtotal", "sk_total"),
            text("sk_currencycode", 3),
            memo("sk_syncmessage"),
            *status(
                reason(1, "Draft", ACTIVE),
                reason(FIRST_OPTION, "Issued", ACTIVE),
                reason(FIRST_OPTION + 1, "Paid", INACTIVE),
                reason(FIRST_OPTION + 2, "Void", INACTIVE),
                inactive_default=FIRST_OPTION + 1,
            ),
        ],
    ),
    code=10205,
    schema_name="sk_invoice",
)

INVOICE_LINE = Table(
    logical="sk_invoiceline",
    set_name="sk_invoicelines",
    label="Invoice Line",
    columns=every(
        "sk_invoiceline",
        [
            text("sk_name", 200),
            *columns(Kind.INTEGER, "sk_linenumber"),
            lookup("sk_invoiceid", "sk_invoice"),
            lookup("sk_subscriptionid", "sk_subscription"),
            lookup("sk_changelogid", "sk_changelog"),
            text("sk_changekey", 200),
            choice(
                "sk_kind",
                *("Recurring", "Prorated Charge", "Refund", "One-off", "Usage"),
                "Credit Carried Forward",
            ),
            *columns(Kind.DATE, "sk_periodstart", "sk_periodend"),
            *columns(Kind.INTEGER, "sk_quantity"),
            *columns(Kind.DECIMAL, "sk_unitprice", "sk_discountpercent", "sk_taxpercent"),
            *columns(Kind.DECIMAL, "sk_amount", "sk_calculatedamount", "sk_taxamount"),
            lookup("sk_reversesid", "sk_invoiceline"),
            memo("sk_explanation"),
        ],
    ),
    code=10206,
    schema_name="sk_invoiceline",
)

USER = Table(
    logical="systemuser",
    set_name="systemusers",
    label="User",
    columns=every(
        "systemuser",
        [
            text("fullname", 200),
            text("domainname", 1024),
            text("internalemailaddress"),
            *columns(Kind.KEY, "azureactivedirectoryobjectid", "applicationid"),
            *columns(Kind.BOOLEAN, "isdisabled", default=False),
            lookup("businessunitid", "businessunit"),
        ],
    ),
    change_tracking=False,
    code=8,
    schema_name="SystemUser",
)

UNIT = Table(
    logical="businessunit",
    set_name="businessunits",
    label="Business Unit",
    columns=every("businessunit", [text("name", 160)]),
    change_tracking=False,
    code=10,
    schema_name="BusinessUnit",
)

ORGANIZATION = Table(
    logical="organization",
    set_name="organizations",
    label="Organization",
    columns=every(
        "organization",
        [
            text("name", 160),
            *columns(Kind.BOOLEAN, "isauditenabled", default=False),
            *columns(Kind.INTEGER, "expirechangetrackingindays", "languagecode"),
        ],
    ),
    change_tracking=False,
    code=1019,
    schema_name="Organization",
)

CURRENCY = Table(
    logical="transactioncurrency",
    set_name="transactioncurrencies",
    label="Currency",
    columns=every(
        "transactioncurrency",
        [
            text("currencyname"),
            text("isocurrencycode", 5),
            text("currencysymbol", 13),
            *columns(Kind.INTEGER, "currencyprecision"),
            *columns(Kind.DECIMAL, "exchangerate"),
        ],
    ),
    code=9105,
    schema_name="TransactionCurrency",
)

TABLES = (
    *(ACCOUNT, PROVIDER, CONTRACT, SUBSCRIPTION, CHANGE_LOG, INVOICE, INVOICE_LINE),
    *(USER, UNIT, ORGANIZATION, CURRENCY),
)
