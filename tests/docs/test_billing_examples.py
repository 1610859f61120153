"""Every example that docs/billing.md prints, worked out anew.

An example is a fenced block `yaml` with a title; its steps are changes, payments and invoices.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from billing.invoice import bill, close, opening, totals
from billing.lines import BilledLine, InvoiceState, LineKind, NewLine
from billing.periods import Frequency, Period
from billing.settlement import due_until, settle
from billing.terms import (
    BillingPolicy,
    ChangeDay,
    ProcessRefunds,
    ProrateUnit,
    RefundChoice,
    RefundDecision,
    Terms,
    decide_refund,
)
from billing.timeline import LoggedChange, Price, Timeline

TEXT = (Path(__file__).parents[2] / "docs" / "billing.md").read_text(encoding="utf-8")
BLOCKS = [
    yaml.load(block, Loader=yaml.BaseLoader)  # noqa: S506  # BaseLoader makes texts only
    for block in re.findall(r"^```yaml\n(example:.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
]
GATES = re.findall(r"^\| (\w[\w ]*) \| (\w[\w ]*) \| (\w+) \| (yes|no) \|$", TEXT, re.MULTILINE)


def period(text):
    start, _, end = text.partition(" to ")
    return Period(date.fromisoformat(start), date.fromisoformat(end))


def terms_of(example):
    contract = example["contract"]
    return Terms(
        contract_id="contract",
        currency=contract["currency"],
        frequency=Frequency(contract["frequency"]),
        policy=BillingPolicy(contract["billing"]),
        prorate_unit=ProrateUnit(contract.get("prorate", "days")),
        anchor=date.fromisoformat(contract["starts"]),
        ends_on=date.fromisoformat(contract["ends"]) if "ends" in contract else None,
        time_zone="UTC",
    )


def price_of(example):
    return Price(
        unit_price=Decimal(example["price"]),
        discount_percent=Decimal(example.get("discount", "0")),
        discount_amount=Decimal(example.get("fixed_discount", "0")),
        tax_percent=Decimal(example.get("tax", "0")),
    )


@dataclass
class Run:
    """A contract with one subscription, while an example's steps are played."""

    terms: Terms
    price: Price
    seats: int
    change_day: ChangeDay
    billed: list[BilledLine]
    changes: list[LoggedChange] = field(default_factory=list)
    waiting: list[NewLine] = field(default_factory=list)
    invoiced_until: date = date.min

    def timeline(self):
        return Timeline(
            opening_quantity=self.seats,
            changes=tuple(self.changes),
            starts_on=None,
            bill_from=None,
            price=self.price,
        )

    def change(self, step):
        """Log a change and settle on the day on which it was entered."""
        on = date.fromisoformat(step["on"])
        self.changes.append(self.logged(step, on))
        today = date.fromisoformat(step.get("entered", step["on"]))
        told = self.timeline()
        until = due_until(told, self.terms, today=today, invoiced_until=self.invoiced_until)
        owed = settle(told, self.terms, self.billed, through=today, uncovered_until=until)
        self.book(owed)
        return owed

    def logged(self, step, on):
        before, after = (int(step["seats"].split(" to ")[at]) for at in (0, 1))
        price = replace(self.price, unit_price=Decimal(step.get("price", self.price.unit_price)))
        declined = step.get("refund") == "declined"
        return LoggedChange(
            effective_on=on,
            sequence=len(self.changes) + 1,
            kind="deactivation" if not after else "quantity_change" if before else "activation",
            quantity_before=before,
            quantity_after=after,
            change_day=self.change_day,
            refund_decision=(
                RefundDecision.DECLINED_BY_SUBSCRIPTION if declined else RefundDecision.REFUNDED
            ),
            unit_price=price.unit_price,
            discount_percent=price.discount_percent,
            discount_amount=price.discount_amount,
            tax_percent=price.tax_percent,
            prorate_unit=self.terms.prorate_unit,
            log_id=f"log-{len(self.changes) + 1}",
            change_key=f"key-{len(self.changes) + 1}",
        )

    def book(self, owed: Sequence[NewLine]):
        first = len(self.waiting) + 1
        self.waiting += owed
        self.billed += [
            booked(line, f"new-{len(self.billed)}-{number}", number)
            for number, line in enumerate(owed, start=first)
        ]

    def invoice(self, step):
        """Add the lines of a cycle to what waits; the draft is empty afterwards."""
        cycle = period(step["invoice"])
        in_advance = self.terms.policy is BillingPolicy.ADVANCE
        day = cycle.start if in_advance else cycle.end
        told = self.timeline()
        self.book(bill(told, self.terms, self.billed, through=day, cycle=cycle))
        lines, self.waiting = self.waiting, []
        self.invoiced_until = cycle.end
        return lines


def booked(line, line_id, number):
    return BilledLine(
        id=line_id,
        kind=line.kind,
        period=line.period,
        quantity=line.quantity,
        unit_price=line.unit_price,
        discount_percent=line.discount_percent,
        tax_percent=line.tax_percent,
        amount=line.amount,
        calculated_amount=line.amount,
        tax_amount=line.tax_amount,
        reverses=line.reverses,
        invoice_state=InvoiceState.DRAFT,
        invoice_number="",
        line_number=number,
        change_key=line.change_key,
    )


def already(example, seats, price):
    """Return the lines that the example says were billed before."""
    return [
        BilledLine(
            id=f"line-{number}",
            kind=LineKind.RECURRING,
            period=period(one["period"]),
            quantity=seats,
            unit_price=price.unit_price,
            discount_percent=price.discount_percent,
            tax_percent=price.tax_percent,
            amount=Decimal(one["amount"]),
            calculated_amount=Decimal(one["amount"]),
            tax_amount=Decimal(one.get("tax", "0")),
            reverses=None,
            invoice_state=InvoiceState.ISSUED,
            invoice_number=one["on"].split(" line ")[0],
            line_number=int(one["on"].split(" line ")[1]),
            change_key="",
        )
        for number, one in enumerate(example.get("billed", ()), start=1)
    ]


def run_of(example):
    price, seats = price_of(example), int(example["seats"])
    billed = already(example, seats, price)
    return Run(
        terms=terms_of(example),
        price=price,
        seats=seats,
        change_day=ChangeDay(example.get("change_day", "old_state")),
        billed=billed,
        invoiced_until=max((one.period.end for one in billed), default=date.min),
    )


def shown(line, like):
    """Return of a line what the document prints of it."""
    facts = {
        "amount": f"{line.amount}",
        "tax": f"{line.tax_amount}",
        "kind": str(line.kind).replace("_", " "),
        "because": line.explanation,
    }
    return {name: facts[name] for name in like}


def shown_all(lines, told):
    likes = [*told, *[{"amount": ""}] * (len(lines) - len(told))]
    return [shown(line, like) for line, like in zip(lines, likes, strict=False)]


@pytest.mark.parametrize("example", BLOCKS, ids=[block["example"] for block in BLOCKS])
def test_an_example_of_the_document_is_what_billing_works_out(example):
    run = run_of(example)
    for step in example["steps"]:
        if "paid" in step:
            run.waiting = []
            continue
        lines = run.invoice(step) if "invoice" in step else run.change(step)
        told = step.get("gives") or []
        assert shown_all(lines, told) == told
        if "total" in step:
            assert f"{totals(lines).total}" == step["total"]


def test_the_document_has_the_examples_that_it_had():
    assert len(BLOCKS) >= 15
    assert all(step.keys() & {"gives", "paid", "total"} for b in BLOCKS for step in b["steps"])


def test_the_table_of_gates_is_the_one_that_decides():
    choices = {
        "Do Not Refund": RefundChoice.DO_NOT_REFUND,
        "Apply Refund": RefundChoice.APPLY,
        "Use Contract": RefundChoice.USE_CONTRACT,
    }
    contracts = {
        "any": tuple(ProcessRefunds),
        "No": (ProcessRefunds.NO,),
        "Yes": (ProcessRefunds.YES,),
        "Use Global Setting": (ProcessRefunds.USE_GLOBAL,),
    }
    settings = {"any": (True, False), "true": (True,), "false": (False,)}
    covered = set()
    for choice, contract, setting, refunded in GATES:
        for asked in contracts[contract]:
            for on in settings[setting]:
                ruling = decide_refund(choices[choice], asked, global_setting=on)
                assert (ruling.decision is RefundDecision.REFUNDED) is (refunded == "yes")
                covered.add((choice, asked, on))
    assert len(covered) == len(choices) * len(ProcessRefunds) * 2


def test_the_credit_that_goes_on_is_the_one_in_the_document():
    told = re.search(
        r"recurring (\d+\.\d+), refund (-\d+\.\d+): issued at (\d+\.\d+), the next draft opens with"
        r" (-\d+\.\d+)",
        TEXT,
    )
    assert told is not None
    charge, refund, issued, opens = map(Decimal, told.groups())
    example = run_of(BLOCKS[0])
    (line, *_) = example.change({"on": "2025-06-16", "seats": "10 to 0"})
    lines = [replace(line, amount=amount, tax_amount=Decimal(0)) for amount in (charge, refund)]
    lift, _ = close(lines, "USD")
    assert lift is not None
    assert totals([*lines, lift]).total == issued
    assert opening(lift, date(2025, 8, 1)).amount == opens
