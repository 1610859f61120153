"""The table of `sync/provisioning.py`, row by row, with the sentences that the CRM user reads."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from sync.provisioning import Steps, Ways, holds, steps, worth_restoring
from sync.remote import Action, Licence
from tests.engine.cases import NOW, TODAY, case, licence, standing

ENDED = ("expired", "disabled", "deleted")
BILLED = "Microsoft keeps billing until the term ends on 31 December 2025."
RESTORED = {"autoRenewEnabled": True}
TAKEN = {"autoRenewEnabled": False}


def asked(
    wanted: str,
    held: Licence,
    *,
    quantity: int = 10,
    hold: dict[str, object] | None = None,
    schedule: bool = True,
) -> Steps:
    ways = Ways(schedule_decreases=schedule)
    return steps(standing(wanted, quantity), held, hold, case().moment, ways)


@pytest.mark.parametrize("wanted", ["suspended", "paused"])
def test_an_active_licence_is_suspended_and_the_user_learns_that_billing_goes_on(wanted):
    assert asked(wanted, licence()) == Steps(actions=(Action.SUSPEND,), note=BILLED)


@pytest.mark.parametrize("status", ["suspended", *ENDED])
def test_a_licence_that_is_stopped_already_is_left_alone(status):
    note = f"The provider already had it as {status}."
    assert asked("suspended", licence(status=status)) == Steps(note=note)


@pytest.mark.parametrize(
    ("held", "note"),
    [
        pytest.param(licence(is_new_commerce=False), "", id="a legacy one is not billed on"),
        pytest.param(licence(term_ends_on=None), "", id="no term is known"),
        pytest.param(licence(term_ends_on=TODAY - timedelta(days=1)), "", id="the term is over"),
        pytest.param(
            licence(term_ends_on=TODAY),
            "Microsoft keeps billing until the term ends on 16 June 2025.",
            id="the term ends today",
        ),
    ],
)
def test_the_note_on_a_suspend_tells_only_of_a_term_that_runs(held, note):
    assert asked("suspended", held).note == note


UNREADY = Steps(
    failure="The provider reports the status 'pending', which allows no change now."
    " Look at the subscription there, then set this log to Awaiting Provisioning.",
    code="provider-status",
)


@pytest.mark.parametrize("wanted", ["suspended", "active"])
def test_a_licence_in_an_unknown_status_is_not_touched(wanted):
    assert asked(wanted, licence(status="pending")) == UNREADY


def test_an_active_licence_that_fits_needs_nothing():
    assert asked("active", licence()) == Steps()


def test_a_suspended_licence_is_reactivated_and_gets_back_what_it_had():
    held = licence(status="suspended", held=TAKEN)
    wanted = Steps(actions=(Action.REACTIVATE, Action.RESTORE))
    assert asked("active", held, hold=RESTORED) == wanted


def test_a_reactivation_restores_what_the_licence_shows_when_no_hold_is_known():
    held = licence(status="suspended", held=RESTORED)
    assert asked("active", held).actions == (Action.REACTIVATE, Action.RESTORE)


def test_a_reactivation_with_other_seats_sets_them_between():
    held = licence(status="suspended", quantity=8, held=TAKEN)
    wanted = (Action.REACTIVATE, Action.SET_QUANTITY, Action.RESTORE)
    assert asked("active", held, hold=RESTORED).actions == wanted


def test_nothing_is_restored_when_nothing_was_taken():
    held = licence(status="suspended", held=TAKEN)
    assert asked("active", held, hold=TAKEN).actions == (Action.REACTIVATE,)


def test_a_hold_that_is_still_open_is_restored_on_an_active_licence():
    assert asked("active", licence(held=TAKEN), hold=RESTORED).actions == (Action.RESTORE,)


def test_a_hold_that_the_licence_shows_already_is_not_restored_again():
    assert asked("active", licence(), hold=RESTORED).actions == ()


def test_more_seats_are_set_at_once():
    held = licence(quantity=8, held=TAKEN)
    assert asked("active", held).actions == (Action.SET_QUANTITY,)


@pytest.mark.parametrize("status", ENDED)
def test_an_ended_licence_cannot_be_reactivated(status):
    assert asked("active", licence(status=status)) == Steps(
        failure=f"The provider has ended this subscription ({status}); it cannot be"
        " reactivated. Buy a new one and enter its id, then set this log to Awaiting"
        " Provisioning.",
        code="provider-ended",
    )


@pytest.mark.parametrize(
    "held",
    [
        pytest.param(licence(quantity=12, refundable_seats=2), id="just the seats that may go"),
        pytest.param(licence(quantity=12, is_new_commerce=False), id="a legacy licence"),
    ],
)
def test_fewer_seats_are_set_at_once_where_the_term_lets_them_go(held):
    wanted = (Action.SET_QUANTITY, Action.RESTORE)
    assert asked("active", held) == Steps(actions=wanted)


def test_a_decrease_that_the_term_holds_is_scheduled_for_the_day_after_it_ends():
    held = licence(quantity=12, refundable_seats=1)
    assert asked("active", held) == Steps(
        actions=(Action.SCHEDULE_QUANTITY,),
        note="The provider lets the seats go at renewal, on 1 January 2026.",
        scheduled_on=date(2026, 1, 1),
    )


def test_a_scheduled_decrease_comes_after_the_reactivation():
    held = licence(status="suspended", quantity=12, held=TAKEN)
    wanted = (Action.REACTIVATE, Action.RESTORE, Action.SCHEDULE_QUANTITY)
    assert asked("active", held, hold=RESTORED).actions == wanted


REFUSED = (
    "The provider lets only 1 of 2 seats go now; the others can go at renewal on 1 January"
    " 2026. Set the quantity back, or reduce it at renewal."
)


@pytest.mark.parametrize(
    ("held", "schedule", "failure"),
    [
        pytest.param(licence(), False, REFUSED, id="the policy schedules nothing"),
        pytest.param(licence(auto_renew=False), True, REFUSED, id="there is no renewal"),
        pytest.param(
            licence(term_ends_on=None),
            True,
            REFUSED.replace(" on 1 January 2026", ""),
            id="no term is known",
        ),
    ],
)
def test_a_decrease_that_cannot_be_scheduled_fails_after_the_rest(held, schedule, failure):
    stuck = replace(held, status="suspended", quantity=12, refundable_seats=1, held=TAKEN)
    assert asked("active", stuck, hold=RESTORED, schedule=schedule) == Steps(
        actions=(Action.REACTIVATE, Action.RESTORE), failure=failure, code="decrease-refused"
    )


def test_a_decrease_without_any_refundable_seats_says_none():
    held = licence(quantity=12, refundable_seats=None)
    assert asked("active", held, schedule=False).failure.startswith(
        "The provider lets only 0 of 2 seats go now;"
    )


@pytest.mark.parametrize("status", ENDED)
def test_an_ended_licence_needs_no_cancellation(status):
    note = f"The provider already had it as {status}."
    assert asked("cancelled", licence(status=status)) == Steps(note=note)


def test_a_cancellation_is_sent_up_to_the_last_instant_of_its_window():
    assert asked("cancelled", licence(cancellable_until=NOW)) == Steps(actions=(Action.CANCEL,))


CHOOSE = (
    ". Choose: suspend it at the provider and turn auto-renew off, or leave it until the term"
    " ends; then set this log to Provisioned."
)


@pytest.mark.parametrize(
    ("held", "words"),
    [
        pytest.param(
            licence(cancellable_until=NOW - timedelta(seconds=1)),
            "the window closed on 16 June 2025, and it bills until 31 December 2025",
            id="the window closed",
        ),
        pytest.param(
            licence(term_ends_on=None), "the window is closed, and it bills", id="none is known"
        ),
    ],
)
def test_a_cancellation_after_its_window_fails_with_the_choices(held, words):
    failure = f"The provider allows no cancellation any more: {words}{CHOOSE}"
    assert asked("cancelled", held) == Steps(failure=failure, code="cancel-window-closed")


def test_an_expiry_asks_nothing_of_the_provider():
    assert asked("expired", licence()) == Steps()


@pytest.mark.parametrize(
    ("held", "worth"),
    [
        (None, False),
        ({}, False),
        ({"autoRenewEnabled": False, "scheduledNextTermInstructions": None}, False),
        ({"autoRenewEnabled": True, "scheduledNextTermInstructions": None}, True),
        ({"autoRenewEnabled": False, "scheduledNextTermInstructions": {}}, True),
    ],
)
def test_a_hold_is_worth_restoring_when_it_keeps_something(held, worth):
    assert worth_restoring(held) is worth


@pytest.mark.parametrize(
    ("wanted", "held", "is_held"),
    [
        ("active", licence(), True),
        ("active", licence(quantity=9), False),
        ("active", licence(status="suspended"), False),
        ("cancelled", licence(status="deleted"), True),
        ("cancelled", licence(status="suspended"), False),
        ("cancelled", licence(), False),
        ("suspended", licence(status="suspended"), True),
        ("suspended", licence(status="expired"), True),
        ("suspended", licence(), False),
        ("paused", licence(status="suspended"), True),
    ],
)
def test_the_provider_holds_what_is_wanted_or_does_not(wanted, held, is_held):
    assert holds(held, standing(wanted)) is is_held
