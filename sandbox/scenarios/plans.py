"""The demo's fifteen contracts: who, how often, in advance or arrears, since when, how many."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from sandbox.scenarios import catalogue
from sandbox.scenarios.agreements import Contract
from sandbox.scenarios.catalogue import Customer
from sandbox.scenarios.choices import BillingPolicy, Frequency, ProcessRefunds
from sandbox.scenarios.cycles import anchor_before, months_after, start_of_mid_cycle
from sandbox.scenarios.identity import HERO_CONTRACT_TITLE

ADVANCE, ARREARS = BillingPolicy.ADVANCE, BillingPolicy.ARREARS
MONTHLY, QUARTERLY, ANNUAL = Frequency.MONTHLY, Frequency.QUARTERLY, Frequency.ANNUAL
YES, NO, GLOBAL = ProcessRefunds.YES, ProcessRefunds.NO, ProcessRefunds.USE_GLOBAL

HERO_MONTHS = 5
NEW_SINCE_DAYS = 3  # inside the seven days in which Microsoft lets a subscription be cancelled


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A contract to be; `begins` gives its first day, counted back from today."""

    customer: Customer
    title: str
    frequency: Frequency
    policy: BillingPolicy
    refunds: ProcessRefunds
    begins: Callable[[date], date]
    size: int

    def contract(self, today: date) -> Contract:
        """Return the contract as it stands on a day of the customer's zone."""
        return Contract(
            title=self.title,
            customer=self.customer,
            frequency=self.frequency,
            policy=self.policy,
            refunds=self.refunds,
            start=self.begins(today),
            today=today,
        )


def months_ago(months: int, day_of_month: int) -> Callable[[date], date]:
    return lambda today: anchor_before(today, months, day_of_month)


def mid_cycle(today: date) -> date:
    """Begin so that today is the 16th day of a cycle, or close to it."""
    return months_after(start_of_mid_cycle(today), -HERO_MONTHS)


def just_now(today: date) -> date:
    return today - timedelta(days=NEW_SINCE_DAYS)


def _plan(
    title: str,
    customer: Customer,
    billing: tuple[Frequency, BillingPolicy, ProcessRefunds],
    begins: Callable[[date], date],
    size: int,
) -> Plan:
    frequency, policy, refunds = billing
    return Plan(
        customer=customer,
        title=title,
        frequency=frequency,
        policy=policy,
        refunds=refunds,
        begins=begins,
        size=size,
    )


PLANS = (
    _plan(HERO_CONTRACT_TITLE, catalogue.FABRIKAM, (MONTHLY, ADVANCE, YES), mid_cycle, 6),
    _plan("Roastery services", catalogue.FABRIKAM, (MONTHLY, ARREARS, YES), months_ago(4, 1), 3),
    _plan("Offices", catalogue.NORTHWIND, (MONTHLY, ADVANCE, GLOBAL), months_ago(4, 31), 5),
    _plan("Practices", catalogue.DENTAL, (QUARTERLY, ADVANCE, NO), months_ago(7, 15), 4),
    _plan("Workplace", catalogue.TOYS, (ANNUAL, ADVANCE, YES), months_ago(16, 1), 4),
    _plan("Studio", catalogue.PRINT, (MONTHLY, ADVANCE, YES), months_ago(4, 1), 5),
    _plan("Head office", catalogue.PEARL, (MONTHLY, ADVANCE, GLOBAL), months_ago(3, 5), 4),
    _plan("Shops", catalogue.BICYCLES, (MONTHLY, ARREARS, GLOBAL), months_ago(5, 10), 5),
    _plan("Hotels", catalogue.HOTELS, (QUARTERLY, ARREARS, YES), months_ago(8, 1), 4),
    _plan("Engineering", catalogue.ROBOTS, (ANNUAL, ADVANCE, NO), months_ago(19, 20), 3),
    _plan("Nurseries", catalogue.GARDENS, (MONTHLY, ARREARS, NO), months_ago(3, 25), 3),
    _plan("Branches", catalogue.CREDIT, (MONTHLY, ADVANCE, NO), months_ago(4, 8), 5),
    _plan("Classrooms", catalogue.SCHOOLS, (ANNUAL, ADVANCE, GLOBAL), months_ago(9, 1), 4),
    _plan("Workshop", catalogue.BICYCLES, (QUARTERLY, ADVANCE, YES), months_ago(5, 12), 3),
    _plan("New branch", catalogue.CREDIT, (MONTHLY, ADVANCE, YES), just_now, 2),
)


def sizes(total: int | None) -> list[int]:
    """Return how many subscriptions each contract carries, the heroes' first of all."""
    usual = [plan.size for plan in PLANS]
    if total is None:
        return usual
    left, shares = total, []
    for size in usual:
        shares.append(min(size, left))
        left -= shares[-1]
    more, rest = divmod(left, len(usual))
    return [share + more + (place < rest) for place, share in enumerate(shares)]
