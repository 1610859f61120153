"""A small partner: twelve customers, sixty subscriptions, every kind of contract."""

from collections.abc import Iterator
from random import Random

from sandbox.scenarios import invoices, portfolio, records
from sandbox.scenarios.agreements import Contract, Subscription
from sandbox.scenarios.catalogue import CUSTOMERS, ProviderName
from sandbox.scenarios.records import Row
from sandbox.scenarios.stage import Stage


def build(world: Stage, *, subscriptions: int | None, seed: int) -> None:
    """Play the demo into an empty world; dates count from the world's clock."""
    agreed = portfolio.contracts(world.clock.now())
    dice = Random(seed)  # noqa: S311  # repeatable on purpose, nothing secret
    bought = portfolio.subscriptions(agreed, total=subscriptions, dice=dice)
    for row in rows(agreed, bought):
        world.dataverse.insert(row.table, row.columns)
    for customer in CUSTOMERS:
        world.partner_center.add_customer(records.partner_customer(customer))
    for subscription in bought:
        if subscription.provider_id:
            world.partner_center.add_subscription(records.partner_subscription(subscription))


def rows(agreed: list[Contract], bought: list[Subscription]) -> Iterator[Row]:
    """Yield the rows of the demo, each after the rows it points to."""
    yield from map(records.account_row, CUSTOMERS)
    yield from map(records.provider_row, ProviderName)
    yield from map(records.contract_row, agreed)
    yield from map(records.subscription_row, bought)
    issued = [each for contract in agreed for each in _issued(contract, bought)]
    for number, invoice in invoices.numbered(issued):
        yield from invoices.issued_rows(number, invoice)
    yield from map(invoices.draft_row, agreed)


def _issued(contract: Contract, bought: list[Subscription]) -> Iterator[invoices.Issued]:
    return invoices.issued(contract, [each for each in bought if each.contract is contract])
