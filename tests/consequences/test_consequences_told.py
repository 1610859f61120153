"""Issue 6.6: what stopping a subscription means, sentence by sentence."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from lifecycle.consequences import FINAL, Margin, Stop, Terms, bill_sentence, consequences
from sync.provisioning import terms_of
from tests.engine.cases import licence

NOW = datetime(2025, 6, 16, 12, tzinfo=UTC)
CENT = Decimal("0.01")
NOTHING = Margin(refund=Decimal(0), cost_avoided=None, currency="USD", minor_unit=CENT)
REFUND = replace(NOTHING, refund=Decimal("58.33"))
TERMS = Terms(
    is_new_commerce=True,
    ends_on=date(2025, 12, 31),
    cancellable_until=None,
    renews=False,
    has_schedule=False,
    ends_by_itself=False,
)
CLOSED = "It can no longer be cancelled: the cancellation window is closed."
EXTENDED = (
    "At its end Microsoft may carry the term on as a paid Extended Service Term, unless a"
    " cancellation is scheduled for that day."
)


def told(terms=TERMS, stop=Stop.SUSPEND, margin=NOTHING, **options):
    return consequences(terms, stop, margin, NOW, **options)


@pytest.mark.parametrize(
    ("until", "sentence"),
    [
        pytest.param(None, CLOSED, id="none is known"),
        pytest.param(
            NOW - timedelta(days=2),
            "It can no longer be cancelled: the window closed on 14 June 2025.",
            id="closed",
        ),
        pytest.param(
            NOW, "It can be cancelled until 16 June 2025 12:00 UTC (0 days left).", id="closing"
        ),
        pytest.param(
            NOW + timedelta(days=1, hours=3),
            "It can be cancelled until 17 June 2025 15:00 UTC (1 day left).",
            id="tomorrow",
        ),
        pytest.param(
            NOW + timedelta(days=5),
            "It can be cancelled until 21 June 2025 12:00 UTC (5 days left).",
            id="open",
        ),
    ],
)
def test_a_suspend_tells_until_when_it_could_be_cancelled_instead(until, sentence):
    assert told(replace(TERMS, cancellable_until=until)) == [sentence]


def test_a_text_that_stays_counts_no_days():
    terms = replace(TERMS, cancellable_until=NOW + timedelta(days=5))
    assert told(terms, count=False) == ["It can be cancelled until 21 June 2025 12:00 UTC."]


@pytest.mark.parametrize(
    ("renews", "schedule", "sentence"),
    [
        (True, False, "Auto-renew is saved, and restored by an activation."),
        (False, True, "The scheduled changes are saved, and restored by an activation."),
        (
            True,
            True,
            "Auto-renew and the scheduled changes are saved, and restored by an activation.",
        ),
    ],
)
def test_a_suspend_tells_what_is_saved_and_restored(renews, schedule, sentence):
    assert told(replace(TERMS, renews=renews, has_schedule=schedule)) == [CLOSED, sentence]


@pytest.mark.parametrize(
    ("ends", "by_itself", "sentences"),
    [
        pytest.param(date(2026, 5, 3), False, [], id="before extended terms"),
        pytest.param(date(2026, 5, 4), False, [EXTENDED], id="from the first day on"),
        pytest.param(date(2026, 5, 4), True, [], id="a cancellation is scheduled"),
        pytest.param(None, False, [], id="no term is known"),
    ],
)
def test_a_term_that_may_be_extended_is_named(ends, by_itself, sentences):
    terms = replace(TERMS, ends_on=ends, ends_by_itself=by_itself)
    assert told(terms) == [CLOSED, *sentences]


@pytest.mark.parametrize(
    ("modern", "stop", "avoided", "sentence"),
    [
        pytest.param(
            True,
            Stop.SUSPEND,
            "50.00",
            "Margin effect: -58.33 USD, because no cost is avoided.",
            id="Microsoft bills on",
        ),
        pytest.param(
            False,
            Stop.SUSPEND,
            "50.004",
            "Margin effect: about -8.33 USD, because a cost of 50.00 USD is avoided.",
            id="an older one is not billed on",
        ),
        pytest.param(
            True,
            Stop.CANCEL,
            "60",
            "Margin effect: about 1.67 USD, because a cost of 60.00 USD is avoided.",
            id="a cancellation ends the bill",
        ),
        pytest.param(
            True,
            Stop.CANCEL,
            None,
            "Margin effect: unknown, because the subscription has no cost price.",
            id="no cost price",
        ),
    ],
)
def test_the_margin_effect_is_the_refund_less_the_cost_avoided(modern, stop, avoided, sentence):
    margin = replace(REFUND, cost_avoided=None if avoided is None else Decimal(avoided))
    assert told(replace(TERMS, is_new_commerce=modern), stop, margin)[-1] == sentence


def test_without_a_refund_no_margin_is_told():
    assert told(replace(TERMS, is_new_commerce=False)) == []


def test_a_cancellation_is_said_to_be_final():
    assert told(TERMS, Stop.CANCEL) == [FINAL]


@pytest.mark.parametrize(
    ("terms", "billed"),
    [
        (TERMS, "Microsoft keeps billing until the term ends on 31 December 2025."),
        (replace(TERMS, is_new_commerce=False), ""),
        (replace(TERMS, ends_on=None), ""),
        (replace(TERMS, ends_on=NOW.date() - timedelta(days=1)), ""),
    ],
    ids=["a term that runs", "an older one", "no term", "a term that is over"],
)
def test_the_bill_goes_on_until_the_term_ends(terms, billed):
    assert bill_sentence(terms, NOW.date()) == billed


@pytest.mark.parametrize(
    ("held", "has_schedule", "ends_by_itself"),
    [
        ({"autoRenewEnabled": True}, False, False),
        (
            {"autoRenewEnabled": False, "scheduledNextTermInstructions": {"quantity": 3}},
            True,
            False,
        ),
        ({"scheduledActions": [{"actionType": "Cancel"}]}, True, True),
        ({"scheduledActions": [{"actionType": "RenewToNewTerm"}]}, True, False),
        ({"scheduledActions": [], "scheduledNextTermInstructions": None}, False, False),
    ],
    ids=["auto-renew only", "next term", "ends by itself", "renews", "empty"],
)
def test_what_a_licence_holds_decides_what_is_told(held, has_schedule, ends_by_itself):
    terms = terms_of(licence(held=held))
    assert (terms.has_schedule, terms.ends_by_itself) == (has_schedule, ends_by_itself)
