"""The rows of the demo are a believable and consistent state of the books, on any day."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.scenarios import demo, invoices, portfolio, records
from sandbox.scenarios.agreements import Contract, Subscription
from sandbox.scenarios.choices import (
    BillingPolicy,
    InvoiceStatus,
    LineKind,
    ProviderKind,
    SubscriptionStatus,
)
from sandbox.scenarios.identity import (
    HERO_AUTOMATIC,
    HERO_AUTOMATIC_AT_PROVIDER,
    HERO_CONTRACT,
    HERO_MANUAL,
)

STORY_DAY = datetime(2026, 6, 16, 14, 0, tzinfo=UTC)
INSTANTS = st.builds(
    datetime.combine, st.dates(date(2020, 1, 1), date(2040, 12, 31)), st.times(), st.just(UTC)
)
PARENTS = {
    "sk_accountid": "account",
    "sk_billingcontractid": "sk_billingcontract",
    "sk_providerid": "sk_provider",
    "sk_invoiceid": "sk_invoice",
    "sk_subscriptionid": "sk_subscription",
}


def played(
    now: datetime = STORY_DAY, *, total: int | None = None, seed: int = 1
) -> tuple[list[Contract], list[Subscription]]:
    agreed = portfolio.contracts(now)
    dice = Random(seed)  # noqa: S311  # repeatable on purpose, nothing secret
    return agreed, portfolio.subscriptions(agreed, total=total, dice=dice)


def tables(now: datetime = STORY_DAY, *, seed: int = 1) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the demo's rows by table and id."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for row in demo.rows(*played(now, seed=seed)):
        found.setdefault(row.table, {})[row.columns[f"{row.table}id"]] = row.columns
    return found


def of_status(rows: Iterable[dict[str, Any]], *wanted: InvoiceStatus) -> list[dict[str, Any]]:
    return [row for row in rows if row["statuscode"] in wanted]


def test_there_are_twelve_customers_with_sixty_subscriptions():
    found = tables()
    assert len(found["account"]) == 12
    assert len(found["sk_subscription"]) == 60


def test_every_row_comes_after_the_rows_it_points_to():
    seen: dict[str, set[str]] = {}
    for row in demo.rows(*played()):
        own = f"{row.table}id"
        for column, table in PARENTS.items():
            if column != own and column in row.columns:
                assert row.columns[column] in seen[table]
        assert row.columns[own] not in seen.setdefault(row.table, set())
        seen[row.table].add(row.columns[own])


def test_the_same_seed_gives_the_same_rows():
    assert list(demo.rows(*played(seed=7))) == list(demo.rows(*played(seed=7)))


def test_another_seed_gives_other_seats():
    assert list(demo.rows(*played(seed=7))) != list(demo.rows(*played(seed=8)))


@pytest.mark.parametrize("seed", [1, 2, 99])
def test_the_heroes_are_the_same_with_every_seed(seed: int):
    found = tables(seed=seed)
    automatic = found["sk_subscription"][HERO_AUTOMATIC]
    manual = found["sk_subscription"][HERO_MANUAL]
    assert (automatic["sk_quantity"], automatic["sk_unitprice"]) == (10, Decimal("12.50"))
    assert automatic["sk_name"] == "Microsoft 365 Business Premium"
    assert automatic["sk_providersubscriptionid"] == HERO_AUTOMATIC_AT_PROVIDER
    assert automatic["sk_billingcontractid"] == manual["sk_billingcontractid"] == HERO_CONTRACT
    assert found["sk_provider"][automatic["sk_providerid"]]["sk_kind"] == ProviderKind.AUTOMATIC
    assert found["sk_provider"][manual["sk_providerid"]]["sk_kind"] == ProviderKind.MANUAL
    assert automatic["statuscode"] == manual["statuscode"] == SubscriptionStatus.ACTIVE


def test_on_the_sixteenth_the_heros_cycle_is_the_calendar_month_and_bills_125():
    lines = tables()["sk_invoiceline"].values()
    current = [
        line
        for line in lines
        if line["sk_subscriptionid"] == HERO_AUTOMATIC and line["sk_periodstart"] == "2026-06-01"
    ]
    assert [line["sk_periodend"] for line in current] == ["2026-07-01"]
    assert [line["sk_amount"] for line in current] == [Decimal("125.00")]


@settings(max_examples=60, deadline=None)
@given(now=INSTANTS)
def test_on_any_day_the_hero_has_used_days_and_unused_days_in_its_cycle(now: datetime):
    agreed = portfolio.contracts(now)
    hero = next(contract for contract in agreed if contract.id == HERO_CONTRACT)
    current = hero.cycle(hero.current)
    assert 15 <= (hero.today - current.start).days <= 18
    assert (current.end - hero.today).days >= 10


@settings(max_examples=60, deadline=None)
@given(now=INSTANTS)
def test_on_any_day_today_is_in_the_current_cycle_and_the_draft_follows_the_policy(now: datetime):
    for contract in portfolio.contracts(now):
        current, draft = contract.cycle(contract.current), contract.cycle(contract.draft)
        assert current.start <= contract.today < current.end
        in_advance = contract.policy is BillingPolicy.ADVANCE
        assert draft.start == (current.end if in_advance else current.start)


@settings(max_examples=20, deadline=None)
@given(now=INSTANTS)
def test_on_any_day_nothing_is_issued_or_paid_in_the_future(now: datetime):
    agreed, bought = played(now)
    for contract in agreed:
        own = [each for each in bought if each.contract is contract]
        for invoice in invoices.issued(contract, own):
            assert invoice.day <= contract.today
            assert (invoice.paid_on or contract.today) <= contract.today


def test_each_contract_has_one_draft_without_number_or_lines():
    found = tables()
    drafts = of_status(found["sk_invoice"].values(), InvoiceStatus.DRAFT)
    assert Counter(draft["sk_billingcontractid"] for draft in drafts) == dict.fromkeys(
        found["sk_billingcontract"], 1
    )
    assert not any("sk_number" in draft for draft in drafts)
    with_lines = {line["sk_invoiceid"] for line in found["sk_invoiceline"].values()}
    assert with_lines.isdisjoint(draft["sk_invoiceid"] for draft in drafts)


def test_the_next_invoice_is_due_on_the_drafts_start_in_advance_and_its_end_in_arrears():
    found = tables()
    for draft in of_status(found["sk_invoice"].values(), InvoiceStatus.DRAFT):
        contract = found["sk_billingcontract"][draft["sk_billingcontractid"]]
        in_advance = contract["sk_billingpolicy"] == BillingPolicy.ADVANCE
        due = draft["sk_cyclestart"] if in_advance else draft["sk_cycleend"]
        assert contract["sk_nextinvoiceon"] == due


def test_invoices_of_a_contract_follow_each_other_without_gap():
    found = tables()
    for contract in found["sk_billingcontract"]:
        own = sorted(
            (invoice["sk_cyclestart"], invoice["sk_cycleend"])
            for invoice in found["sk_invoice"].values()
            if invoice["sk_billingcontractid"] == contract
        )
        assert [start for start, _ in own[1:]] == [end for _, end in own[:-1]]


def test_numbers_run_from_one_in_each_year_in_the_order_of_issue():
    issued = [row for row in tables()["sk_invoice"].values() if "sk_number" in row]
    by_number = sorted(issued, key=lambda row: row["sk_number"])
    assert [row["sk_issuedon"] for row in by_number] == sorted(row["sk_issuedon"] for row in issued)
    for year, count in Counter(row["sk_issuedon"][:4] for row in issued).items():
        numbers = [
            row["sk_number"] for row in by_number if row["sk_number"].startswith(f"INV-{year}")
        ]
        assert numbers == [f"INV-{year}-{place:04d}" for place in range(1, count + 1)]


MINOR_UNIT = {
    "USD": Decimal("0.01"),
    "EUR": Decimal("0.01"),
    "JPY": Decimal(1),
    "KWD": Decimal("0.001"),
}


def test_all_four_currencies_are_in_use():
    in_use = {row["sk_currencycode"] for row in tables()["sk_billingcontract"].values()}
    assert in_use == set(MINOR_UNIT)


def test_a_line_is_seats_times_price_less_discount_rounded_to_the_minor_unit():
    found = tables()
    assert found["sk_invoiceline"]
    for line in found["sk_invoiceline"].values():
        unit = MINOR_UNIT[found["sk_invoice"][line["sk_invoiceid"]]["sk_currencycode"]]
        exact = (
            line["sk_quantity"] * line["sk_unitprice"] * (100 - line["sk_discountpercent"]) / 100
        )
        assert line["sk_amount"] == exact.quantize(unit, ROUND_HALF_UP)
        assert line["sk_calculatedamount"] == line["sk_amount"]
        tax = (line["sk_amount"] * line["sk_taxpercent"] / 100).quantize(unit, ROUND_HALF_UP)
        assert line["sk_taxamount"] == tax
        assert line["sk_kind"] == LineKind.RECURRING


def test_an_invoices_totals_are_the_sums_of_its_lines():
    found = tables()
    for invoice_id, invoice in found["sk_invoice"].items():
        own = [row for row in found["sk_invoiceline"].values() if row["sk_invoiceid"] == invoice_id]
        if invoice["statuscode"] == InvoiceStatus.DRAFT:
            continue
        assert invoice["sk_nettotal"] == sum(line["sk_amount"] for line in own)
        assert invoice["sk_taxtotal"] == sum(line["sk_taxamount"] for line in own)
        assert invoice["sk_total"] == invoice["sk_nettotal"] + invoice["sk_taxtotal"]
        assert sorted(line["sk_linenumber"] for line in own) == list(range(1, len(own) + 1))


@pytest.mark.parametrize("seed", range(1, 8))
def test_most_subscriptions_are_active_and_every_status_occurs(seed: int):
    statuses = Counter(subscription.status for subscription in played(seed=seed)[1])
    assert set(statuses) == set(SubscriptionStatus)
    assert statuses[SubscriptionStatus.ACTIVE] >= 50


@pytest.mark.parametrize("seed", range(1, 8))
def test_some_are_legacy_some_have_a_scheduled_change_and_two_have_no_provider_id(seed: int):
    _, bought = played(seed=seed)
    assert sum(each.legacy for each in bought) == 3
    assert sum(each.seats_at_renewal is not None for each in bought) == 3
    assert sum(not each.linked for each in bought) == 2


def test_a_suspended_subscription_is_not_billed_in_the_current_cycle():
    agreed, bought = played()
    off = {each.id: each.contract for each in bought if each.status.state == 1}
    lines = [row.columns for row in demo.rows(agreed, bought) if row.table == "sk_invoiceline"]
    theirs = [line for line in lines if line["sk_subscriptionid"] in off]
    assert theirs
    for line in theirs:
        contract = off[line["sk_subscriptionid"]]
        assert line["sk_periodend"] <= contract.cycle(contract.current).start.isoformat()


def test_both_sides_agree_on_status_seats_and_auto_renewal():
    for subscription in played()[1]:
        if subscription.provider_id is None:
            continue
        row = records.subscription_row(subscription).columns
        there = records.partner_subscription(subscription)
        assert there["id"] == row["sk_providersubscriptionid"]
        assert there["quantity"] == row["sk_quantity"]
        assert there["autoRenewEnabled"] is row["sk_autorenew"]
        last_day = date.fromisoformat(row["sk_termenddate"])
        printed = last_day + timedelta(days=1) if subscription.legacy else last_day
        assert there["commitmentEndDate"] == f"{printed.isoformat()}T00:00:00Z"
        assert (there["status"] == "active") is (row["statuscode"] == SubscriptionStatus.ACTIVE)


def test_the_automatic_hero_has_a_change_scheduled_for_its_renewal():
    hero = next(each for each in played()[1] if each.id == HERO_AUTOMATIC)
    there = records.partner_subscription(hero)
    assert there["autoRenewEnabled"] is True
    assert there["scheduledNextTermInstructions"]["quantity"] == 12
    assert there["cancellationAllowedUntilDate"] is None


@pytest.mark.parametrize("total", [2, 10, 60, 61, 300])
def test_the_number_of_subscriptions_can_be_chosen(total: int):
    bought = played(total=total)[1]
    assert len({each.id for each in bought}) == total
    assert {HERO_AUTOMATIC, HERO_MANUAL} <= {each.id for each in bought}
