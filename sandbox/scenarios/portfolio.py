"""What the demo's customers have bought: the contracts, filled from the catalogue by seed."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

from sandbox.scenarios.agreements import Contract, Subscription, term_of
from sandbox.scenarios.catalogue import (
    ACRONIS_BACKUP,
    BUSINESS_PREMIUM,
    PER_US_DOLLAR,
    PRODUCTS,
    Product,
)
from sandbox.scenarios.choices import Frequency
from sandbox.scenarios.deviations import with_deviations
from sandbox.scenarios.identity import HERO_AUTOMATIC, HERO_CONTRACT, HERO_MANUAL
from sandbox.scenarios.money import rounded
from sandbox.scenarios.plans import PLANS, sizes

HERO_PRODUCTS = (BUSINESS_PREMIUM, ACRONIS_BACKUP)
HERO_SEATS = {HERO_AUTOMATIC: 10, HERO_MANUAL: 8}
HERO_SEATS_AT_RENEWAL = {HERO_AUTOMATIC: 12}

SEATS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 18, 20, 25, 32, 40, 60)
DISCOUNTS = tuple(Decimal(percent) for percent in (0, 0, 0, 0, 5, 10))
TERMS = ("P1Y", "P1Y", "P1M")


def contracts(now: datetime) -> list[Contract]:
    """Return the contracts as they stand at an instant, each in the customer's own day."""
    return [plan.contract(now.astimezone(ZoneInfo(plan.customer.zone)).date()) for plan in PLANS]


def subscriptions(agreed: list[Contract], *, total: int | None, dice: Random) -> list[Subscription]:
    """Fill the contracts, then let a few subscriptions be other than usual."""
    bought = [
        subscription
        for contract, size in zip(agreed, sizes(total), strict=True)
        for subscription in _purchases(contract, size, dice)
    ]
    return with_deviations(bought, set(HERO_SEATS), dice)


def _purchases(contract: Contract, size: int, dice: Random) -> Iterator[Subscription]:
    for place, product in enumerate(_products(contract, size, dice)):
        time_round = place // len(PRODUCTS)
        name = f"{product.name} ({time_round + 1})" if time_round else product.name
        yield _hero_or_as_is(_purchase(contract, product, name, dice))


def _products(contract: Contract, size: int, dice: Random) -> list[Product]:
    fixed = HERO_PRODUCTS if contract.id == HERO_CONTRACT else ()
    others = [product for product in PRODUCTS if product not in fixed]
    dice.shuffle(others)
    line_up = [*fixed, *others]
    return [line_up[place % len(line_up)] for place in range(size)]


def _purchase(contract: Contract, product: Product, name: str, dice: Random) -> Subscription:
    discount = dice.choice(DISCOUNTS)
    yearly = contract.frequency is Frequency.ANNUAL
    return Subscription(
        name=name,
        contract=contract,
        product=product,
        quantity=dice.choice(SEATS),
        unit_price=_per_cycle(contract, product.price),
        cost_price=_per_cycle(contract, product.cost),
        discount_percent=discount,
        term=term_of(contract, "P1Y" if yearly else dice.choice(TERMS)),
    )


def _per_cycle(contract: Contract, per_month: Decimal) -> Decimal:
    """Return a price per seat and billing cycle in the contract's currency."""
    currency = contract.customer.currency
    monthly = rounded(per_month * PER_US_DOLLAR[currency], currency)
    return monthly * contract.frequency.months


def _hero_or_as_is(bought: Subscription) -> Subscription:
    if bought.id not in HERO_SEATS:
        return bought
    return replace(
        bought,
        quantity=HERO_SEATS[bought.id],
        discount_percent=Decimal(0),
        term=term_of(bought.contract, "P1Y"),
        seats_at_renewal=HERO_SEATS_AT_RENEWAL.get(bought.id),
    )
