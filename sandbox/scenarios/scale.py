"""Many subscriptions, alike, for measuring: fifty share a customer, a contract and a provider."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from random import Random

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


def build(world: Stage, *, subscriptions: int | None, seed: int) -> None:
    """Lay down the groups one after the other, so that memory holds one group at a time."""
    total = SUBSCRIPTIONS if subscriptions is None else subscriptions
    today = world.clock.now().date()
    dice = Random(seed)  # noqa: S311  # repeatable on purpose, nothing secret
    for number, first in enumerate(range(0, total, GROUP), start=1):
        contract = contract_of(number, today)
        size = min(GROUP, total - first)
        _play(world, number, contract, purchases(contract, size, dice))


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


def purchases(contract: Contract, size: int, dice: Random) -> list[Subscription]:
    term = term_of(contract, "P1Y")
    return [
        Subscription(
            name=f"{BUSINESS_PREMIUM.name} {place:02d}",
            contract=contract,
            product=BUSINESS_PREMIUM,
            quantity=dice.randint(1, MOST_SEATS),
            unit_price=BUSINESS_PREMIUM.price,
            cost_price=BUSINESS_PREMIUM.cost,
            discount_percent=Decimal(0),
            term=term,
        )
        for place in range(1, size + 1)
    ]


def rows(number: int, contract: Contract, bought: list[Subscription]) -> Iterator[Row]:
    """Yield a group's rows, each after the rows it points to."""
    provider = _provider_row(number)
    yield records.account_row(contract.customer)
    yield provider
    yield records.contract_row(contract)
    for subscription in bought:
        row = records.subscription_row(subscription)
        row.columns["sk_providerid"] = provider.columns["sk_providerid"]
        yield row
    for issued in invoices.issued(contract, bought):
        yield from invoices.issued_rows(f"INV-{issued.day.year}-{number:05d}", issued)
    yield invoices.draft_row(contract)


def _provider_row(number: int) -> Row:
    name = f"Microsoft Partner Center {number:05d}"
    columns = {
        "sk_providerid": id_of("provider", name),
        "sk_name": name,
        "sk_kind": int(ProviderKind.AUTOMATIC),
        "sk_connector": CONNECTOR,
    }
    return Row(table="sk_provider", columns=columns)


def _play(world: Stage, number: int, contract: Contract, bought: list[Subscription]) -> None:
    for row in rows(number, contract, bought):
        world.dataverse.insert(row.table, row.columns)
    world.partner_center.add_customer(records.partner_customer(contract.customer))
    for subscription in bought:
        world.partner_center.add_subscription(records.partner_subscription(subscription))
