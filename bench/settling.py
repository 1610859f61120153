"""Settling many subscriptions: `python -m bench.settling NUMBER`; prints JSON.

Each was billed for June, deactivated on the 16th and activated on the 21st: rules.md 4.1 says
that -58.33 and +37.50 are owed, -20.83 together.
"""

import json
import sys
import time
from datetime import date
from decimal import Decimal

from bench.running import peak_mib
from billing.lines import BilledLine, InvoiceState, LineKind
from billing.periods import Frequency, Period
from billing.settlement import settle
from billing.terms import BillingPolicy, ChangeDay, ProrateUnit, RefundDecision, Terms
from billing.timeline import LoggedChange, Price, Timeline

JUNE = Period(date(2025, 6, 1), date(2025, 7, 1))
NOTHING = Decimal(0)
PRICE = Price(
    unit_price=Decimal("12.50"),
    discount_percent=NOTHING,
    discount_amount=NOTHING,
    tax_percent=NOTHING,
)
OWED = Decimal("-20.83")


def terms(number: int) -> Terms:
    """Return a contract in advance, prorated by days."""
    return Terms(
        contract_id=f"contract-{number}",
        currency="USD",
        frequency=Frequency.MONTHLY,
        policy=BillingPolicy.ADVANCE,
        prorate_unit=ProrateUnit.DAYS,
        anchor=date(2025, 1, 1),
        ends_on=None,
        time_zone="UTC",
    )


def timeline(number: int) -> Timeline:
    """Return ten seats, off from the 16th to the 21st of June."""
    return Timeline(
        opening_quantity=10,
        changes=(
            _change(number, 1, date(2025, 6, 16), (10, 0)),
            _change(number, 2, date(2025, 6, 21), (0, 10)),
        ),
        starts_on=None,
        bill_from=None,
        price=PRICE,
    )


def billed(number: int) -> tuple[BilledLine, ...]:
    """Return the line of June: 125.00."""
    line = BilledLine(
        id=f"line-{number}",
        kind=LineKind.RECURRING,
        period=JUNE,
        quantity=10,
        unit_price=PRICE.unit_price,
        discount_percent=NOTHING,
        tax_percent=NOTHING,
        amount=Decimal("125.00"),
        calculated_amount=Decimal("125.00"),
        tax_amount=NOTHING,
        reverses=None,
        invoice_state=InvoiceState.ISSUED,
        invoice_number=f"INV-{number}",
        line_number=1,
        change_key="",
    )
    return (line,)


def _change(number: int, sequence: int, day: date, seats: tuple[int, int]) -> LoggedChange:
    return LoggedChange(
        effective_on=day,
        sequence=sequence,
        kind="activation" if seats[1] else "deactivation",
        quantity_before=seats[0],
        quantity_after=seats[1],
        change_day=ChangeDay.OLD_STATE,
        refund_decision=RefundDecision.REFUNDED,
        unit_price=PRICE.unit_price,
        discount_percent=NOTHING,
        discount_amount=NOTHING,
        tax_percent=NOTHING,
        prorate_unit=ProrateUnit.DAYS,
        log_id=f"log-{number}-{sequence}",
        change_key=f"key-{number}-{sequence}",
    )


def measure(number: int) -> dict[str, object]:
    """Settle each subscription once and check what is owed."""
    cases = [(timeline(one), terms(one), billed(one)) for one in range(number)]
    begun, busy = time.perf_counter(), time.process_time()
    owed = sum(
        (
            line.amount
            for told, agreed, lines in cases
            for line in settle(
                told, agreed, lines, through=date(2025, 6, 22), uncovered_until=JUNE.end
            )
        ),
        NOTHING,
    )
    seconds, cpu = time.perf_counter() - begun, time.process_time() - busy
    if owed != OWED * number:
        raise RuntimeError(f"{number} subscriptions owe {owed}, not {OWED * number}")
    return {"settled": number, "seconds": seconds, "cpu": cpu, "peak_mib": peak_mib()}


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
