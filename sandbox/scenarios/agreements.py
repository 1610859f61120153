"""Contracts and subscriptions as the scenarios think of them, before they become rows."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from sandbox.scenarios.catalogue import Customer, Product, ProviderName
from sandbox.scenarios.choices import (
    BillingPolicy,
    Frequency,
    ProcessRefunds,
    SubscriptionStatus,
)
from sandbox.scenarios.cycles import Cycle, cycle, months_after, number_of_cycle
from sandbox.scenarios.identity import id_of

CANCEL_WINDOW_DAYS = 7  # new commerce: from the purchase or the renewal


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """Who pays for what and when; `today` is a day in the contract's zone."""

    title: str
    customer: Customer
    frequency: Frequency
    policy: BillingPolicy
    refunds: ProcessRefunds
    start: date
    today: date

    @property
    def id(self) -> str:
        return id_of("contract", self.customer.name, self.title)

    @property
    def name(self) -> str:
        return f"{self.customer.name} - {self.title}"

    @property
    def current(self) -> int:
        """The number of the cycle that holds today."""
        return number_of_cycle(self.start, self.frequency.months, self.today)

    @property
    def draft(self) -> int:
        """The number of the first cycle that is not issued yet."""
        return self.current + 1 if self.policy is BillingPolicy.ADVANCE else self.current

    def cycle(self, number: int) -> Cycle:
        return cycle(self.start, self.frequency.months, number)

    def issue_day(self, number: int) -> date:
        wanted = self.cycle(number)
        return wanted.start if self.policy is BillingPolicy.ADVANCE else wanted.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A commitment; `end` is its last day, as Microsoft counts it."""

    duration: str
    start: date
    end: date

    @property
    def cancellable_until(self) -> date:
        return self.start + timedelta(days=CANCEL_WINDOW_DAYS)


def term_of(contract: Contract, duration: str) -> Term:
    """Return the term of this duration that holds the contract's today."""
    months = {"P1M": 1, "P1Y": 12}[duration]
    number = number_of_cycle(contract.start, months, contract.today)
    found = cycle(contract.start, months, number)
    return Term(duration=duration, start=found.start, end=found.end - timedelta(days=1))


def expired_term(contract: Contract) -> Term:
    """Return a monthly term that ran out when the current cycle began."""
    end = contract.cycle(contract.current).start
    return Term(duration="P1M", start=months_after(end, -1), end=end - timedelta(days=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Seats of a product on a contract; prices per seat and billing cycle."""

    name: str
    contract: Contract
    product: Product
    quantity: int
    unit_price: Decimal
    cost_price: Decimal
    discount_percent: Decimal
    term: Term
    status: SubscriptionStatus = SubscriptionStatus.ACTIVE
    linked: bool = True
    legacy: bool = False
    seats_at_renewal: int | None = None

    @property
    def id(self) -> str:
        return id_of("subscription", self.contract.id, self.name)

    @property
    def provider_id(self) -> str | None:
        """The id at Partner Center; what is provisioned by hand has none."""
        automatic = self.product.provider is ProviderName.PARTNER_CENTER
        return id_of("at provider", self.id) if automatic and self.linked else None

    @property
    def offer(self) -> str:
        return id_of("legacy offer", self.product.offer) if self.legacy else self.product.offer

    @property
    def auto_renew(self) -> bool:
        """Microsoft switches it off when a subscription is suspended."""
        return self.status is SubscriptionStatus.ACTIVE

    @property
    def cancellable_until(self) -> date | None:
        open_still = self.contract.today < self.term.cancellable_until
        running = self.status in {SubscriptionStatus.ACTIVE, SubscriptionStatus.PAUSED}
        new_commerce = self.provider_id is not None and not self.legacy
        return self.term.cancellable_until if open_still and running and new_commerce else None

    def billed_in(self, number: int) -> bool:
        """Tell whether a cycle bills it: one that ended did so when the current cycle began."""
        return self.status.state == 0 or number < self.contract.current
