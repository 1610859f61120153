"""Many subscriptions, alike, for measuring: fifty share a customer, a contract and a provider.

One group is made as the demo's are; all others are laid down after it, table by table.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from operator import attrgetter, itemgetter
from random import Random
from typing import Any, NamedTuple

from sandbox.scenarios import invoices, records
from sandbox.scenarios.agreements import Contract, Subscription, term_of
from sandbox.scenarios.catalogue import BUSINESS_PREMIUM, Customer
from sandbox.scenarios.choices import BillingPolicy, Frequency, ProcessRefunds, ProviderKind
from sandbox.scenarios.cycles import start_of_mid_cycle
from sandbox.scenarios.identity import id_of
from sandbox.scenarios.records import CONNECTOR, Row
from sandbox.scenarios.stage import Stage

SUBSCRIPTIONS = 200_000
GROUP = 50
MOST_SEATS = 50
BY_SEATS = ("sk_quantity", "sk_amount", "sk_calculatedamount", "sk_taxamount", "sk_explanation")
"""What of an invoice line depends on the seats."""


class Bought(NamedTuple):
    """One subscription: its group, its place in it from 1, its seats and ids."""

    group: "Group"
    place: int
    seats: int
    id: str
    provider_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What fifty subscriptions share; `id` is the contract's."""

    contract: Contract
    id: str
    account_id: str
    tenant: str
    number: str
    provider_id: str
    invoice_id: str


def build(world: Stage, *, subscriptions: int | None, seed: int) -> None:
    """Lay the world down; the rows are those that inserts one by one would give."""
    total = SUBSCRIPTIONS if subscriptions is None else subscriptions
    if not total:
        return
    dice = Random(seed)  # noqa: S311  # repeatable on purpose, nothing secret
    groups: list[Group] = []
    bought: list[Bought] = []
    today = world.clock.now().date()
    for number, first in enumerate(range(0, total, GROUP), start=1):
        world.go_on()
        groups.append(group_of(number, today))
        bought += purchases(groups[-1], min(GROUP, total - first), dice)
    _lay_groups(world, groups)
    _lay_subscriptions(world, bought)
    _lay_invoices(world, groups, bought)
    _lay_at_provider(world, groups, bought)


def group_of(number: int, today: date) -> Group:
    contract = contract_of(number, today)
    return Group(
        contract=contract,
        id=contract.id,
        account_id=contract.customer.id,
        tenant=contract.customer.tenant,
        number=f"INV-{contract.issue_day(0).year}-{number:05d}",
        provider_id=id_of("provider", provider_name(number)),
        invoice_id=invoices.invoice_id(contract, 0),
    )


def contract_of(number: int, today: date) -> Contract:
    """Return the contract of a group: monthly, in advance, in its first cycle."""
    customer = Customer(
        name=f"Customer {number:05d}",
        domain=f"customer-{number:05d}.example",
        currency="USD",
        zone="UTC",
        tax_percent=Decimal(0),
    )
    return Contract(
        title="Cloud",
        customer=customer,
        frequency=Frequency.MONTHLY,
        policy=BillingPolicy.ADVANCE,
        refunds=ProcessRefunds.YES,
        start=start_of_mid_cycle(today),
        today=today,
    )


def provider_name(number: int) -> str:
    return f"Microsoft Partner Center {number:05d}"


def subscription_name(place: int) -> str:
    return f"{BUSINESS_PREMIUM.name} {place:02d}"


def subscription_of(contract: Contract, place: int, seats: int) -> Subscription:
    return Subscription(
        name=subscription_name(place),
        contract=contract,
        product=BUSINESS_PREMIUM,
        quantity=seats,
        unit_price=BUSINESS_PREMIUM.price,
        cost_price=BUSINESS_PREMIUM.cost,
        discount_percent=Decimal(0),
        term=term_of(contract, "P1Y"),
    )


def purchases(group: Group, size: int, dice: Random) -> Iterator[Bought]:
    """Yield the subscriptions of a group."""
    for place in range(1, size + 1):
        id_ = id_of("subscription", group.id, subscription_name(place))
        yield Bought(group, place, dice.randint(1, MOST_SEATS), id_, id_of("at provider", id_))


def provider_row(number: int) -> Row:
    name = provider_name(number)
    columns = {
        "sk_providerid": id_of("provider", name),
        "sk_name": name,
        "sk_kind": int(ProviderKind.AUTOMATIC),
        "sk_connector": CONNECTOR,
    }
    return Row(table="sk_provider", columns=columns)


def _lay_groups(world: Stage, groups: list[Group]) -> None:
    contracts = [group.contract for group in groups]
    accounts = [records.account_row(contract.customer) for contract in contracts]
    _lay(world, accounts, "accountid", "name", "sk_customertenantid")
    providers = [provider_row(number) for number in range(1, len(groups) + 1)]
    _lay(world, providers, "sk_providerid", "sk_name")
    rows = [records.contract_row(contract) for contract in contracts]
    _lay(world, rows, "sk_billingcontractid", "sk_name", "sk_accountid")


def _lay(world: Stage, rows: list[Row], *names: str) -> None:
    """Lay rows of one table that differ in the named columns only."""
    members = (tuple(row.columns[name] for name in names) for row in rows)
    world.dataverse.lay(rows[0].table, rows[0].columns, names, members)


def _lay_subscriptions(world: Stage, bought: list[Bought]) -> None:
    first = bought[0]
    model = records.subscription_row(subscription_of(first.group.contract, 1, first.seats))
    columns = model.columns | {"sk_providerid": first.group.provider_id}
    names = (
        *("sk_subscriptionid", "sk_name", "sk_accountid", "sk_billingcontractid"),
        *("sk_providerid", "sk_providersubscriptionid", "sk_quantity"),
    )
    members = (
        (
            *(one.id, subscription_name(one.place), one.group.account_id, one.group.id),
            *(one.group.provider_id, one.provider_id, one.seats),
        )
        for one in sorted(bought, key=attrgetter("id"))  # as they are read
    )
    world.dataverse.lay(model.table, columns, names, members)


def _lay_invoices(world: Stage, groups: list[Group], bought: list[Bought]) -> None:
    """Lay the invoice of each group's first cycle, its lines, and the next draft."""
    by_seats = {
        seats: _first_invoice(groups[0].contract, seats) for seats in range(1, MOST_SEATS + 1)
    }
    lines = {seats: line.columns for seats, (_, line) in by_seats.items()}
    totals = dict.fromkeys((group.id for group in groups), Decimal(0))
    for one in bought:
        totals[one.group.id] += lines[one.seats]["sk_amount"]
    _lay_issued(world, by_seats[1][0], groups, totals)
    _lay_lines(world, lines, bought)
    drafts = [invoices.draft_row(group.contract) for group in groups]
    _lay(world, drafts, "sk_invoiceid", "sk_billingcontractid", "sk_name")


def _first_invoice(contract: Contract, seats: int) -> tuple[Row, Row]:
    """Return the first invoice of a contract and its line, for so many seats."""
    issued = next(invoices.issued(contract, [subscription_of(contract, 1, seats)]))
    invoice, line = invoices.issued_rows("", issued)
    return invoice, line


def _lay_issued(world: Stage, model: Row, groups: list[Group], totals: dict[str, Decimal]) -> None:
    names = ("sk_invoiceid", "sk_billingcontractid", "sk_name", "sk_number")
    members = (
        (one.invoice_id, one.id, one.number, one.number, totals[one.id], totals[one.id])
        for one in groups
    )
    world.dataverse.lay(model.table, model.columns, (*names, "sk_nettotal", "sk_total"), members)


def _lay_lines(world: Stage, models: dict[int, dict[str, Any]], bought: list[Bought]) -> None:
    names = ("sk_invoicelineid", "sk_name", "sk_linenumber", "sk_invoiceid", "sk_subscriptionid")
    first, of_seats = bought[0], itemgetter(*BY_SEATS)
    told = {seats: of_seats(columns) for seats, columns in models.items()}
    members = (
        (
            *(id_of("line", one.group.invoice_id, one.id), subscription_name(one.place)),
            *(one.place, one.group.invoice_id, one.id),
            *told[one.seats],
        )
        for one in bought
    )
    model = models[first.seats] | {"sk_subscriptionid": first.id}
    world.dataverse.lay("sk_invoiceline", model, (*names, *BY_SEATS), members)


def _lay_at_provider(world: Stage, groups: list[Group], bought: list[Bought]) -> None:
    for group in groups:
        world.partner_center.add_customer(records.partner_customer(group.contract.customer))
    first = bought[0]
    model = records.partner_subscription(subscription_of(first.group.contract, 1, first.seats))
    members = (
        (one.provider_id, one.group.tenant, subscription_name(one.place), one.seats)
        for one in bought
    )
    world.partner_center.lay(model, members)
