"""What the simulator has found, made small: each of these went wrong once."""

import pytest

from tests.simulation.acts import Act, Work
from tests.simulation.run import run

DAY = Act("clock", 0, 86_400)
NOTHING_ELSE_DRAWN = 6
"""A seed whose world has the settings of the sandbox as they are mostly."""

FOUND = {
    "a back-dated change does not date the change before it": [
        DAY,
        Act("status", 0, 0, "paused"),
        Act("wait", 0, 5),
        Act("back-dated", 0, 2, "active"),
        Work(),
    ],
    "a date that a person took away again does not date the change": [
        Act("back-dated", 3, 5, "active"),
        Work(),
        DAY,
        Act("status", 3, 0, "suspended"),
        Work(),
    ],
    "a refused change is not judged again after a later one counts": [
        Act("quantity", 2, 0),
        Work(),
        DAY,
        Act("status", 2, 0, "paused"),
        Work(),
        Act("touch", 2),
        Work("once"),
        Work("once"),
    ],
    "a refused change is history when the logs tell of later ones, after a restore": [
        Act("status", 0, 0, "paused"),
        Act("quantity", 0, 12),
        Work(),
        Act("back up"),
        Act("status", 0, 0, "active"),
        Work(),
        Act("restore"),
    ],
    "the seats of a suspended subscription are those that its logs told, after a restore": [
        Act("back up"),
        Act("quantity", 4, 13),
        Act("status", 4, 0, "suspended"),
        Act("quantity", 4, 3),
        Act("quantity", 4, 13),
        Work("cycle", "store", 9),
        Act("restore"),
        Act("status", 4, 0, "active"),
    ],
    "where the history of adopted logs goes on is told by the audit row of the newest": [
        Act("back up"),
        Act("both", 3, 13, "suspended"),
        Work(),
        Act("restore"),
        Act("status", 3, 0, "active"),
    ],
    "a person's own suspension is logged when it comes between a reached date and its writing": [
        Act("status", 2, 0, "suspended"),
        Act("settings", 0, 0, "few requests a minute"),
        Act("by hand", 0, 9, "suspend"),
        Work("once", "person", 5, act=Act("by hand", 2, 2, "suspend")),
        Act("status", 2, 0, "active"),
        Work("cycle", "", 2, 3),
        Act("schedule", 2, 1),
        Act("clock", 0, 604_800),
        Work("cycle", "store", 11),
        Act("status", 2, 0, "suspended"),
    ],
    "what came over is written on the row though an edited line waits for a person": [
        Act("schedule", 1, 2),
        Act("clock", 0, 172_800),
        Work("hear"),
        Act("edit line", 1, -25),
        Act("by hand", 1, 13, "reactivate"),
        Act("auto-renew", 1, 0),
    ],
    "a hand at the provider after a restore is not turned back for what the logs told": [
        Act("back up"),
        Act("quantity", 2, 14),
        Work("once"),
        Act("restore"),
        Act("by hand", 2, 8, "seats"),
    ],
    "a row that stands where it may not after a restore is told, and not read again and again": [
        Act("back up"),
        Act("both", 0, 3, "paused"),
        Work(),
        Act("restore"),
    ],
    "a refused change is judged after the one before it, when that one must be decided anew": [
        Act("status", 0, 0, "cancelled"),
        DAY,
        Act("both", 0, 11, "suspended"),
        Work("cycle", "store", 4),
        Act("touch draft", 1),
    ],
    "a provider that was told of a reached date is put right when the date is taken back": [
        Act("schedule", 0, 0),
        Work("cycle", "store", 8),
        Act("schedule", 0, 4),
    ],
    "seats that changed before a reached date is written are logged before it": [
        Act("schedule", 2, 1),
        DAY,
        Work("cycle", "store", 8),
        Act("quantity", 2, 6),
    ],
    "an invoice run leaves a deleted subscription's unclear step alone": [
        Act("quantity", 1, 12),
        Act("settings", 0, 0, "202"),
        Work(),
        Act("delete row", 1),
        Work(),
        Work("invoice"),
    ],
    "a lost state does not count a licence as turned for nothing": [
        Act("status", 0, 0, "suspended"),
        Work("cycle", "store", 7),
        Act("lose", 0, 0),
    ],
    "a line that a person removes after a restore is not remembered": [
        Act("back up"),
        Act("status", 3, 0, "suspended"),
        Work(),
        Act("restore"),
        DAY,
        Act("status", 3, 0, "active"),
        Act("delete line", 3),
    ],
    "auto-renew that a suspended licence does not take is not sent to it again and again": [
        Act("by hand", 0, 1, "suspend"),
        Work("hear"),
        Act("auto-renew", 0, 1),
        Work("hear"),
    ],
    "auto-renew that a suspended licence did not take is sent once it is active": [
        Act("by hand", 0, 1, "suspend"),
        Work("hear"),
        Act("auto-renew", 0, 1),
        Work("hear"),
        Act("status", 0, 0, "active"),
        Work("hear"),
    ],
    "a person who cancels while a date is reached is not written over": [
        DAY,
        Act("schedule", 4, 0),
        Work("cycle", "person", 7, act=Act("status", 4, 0, "cancelled")),
        Work(),
    ],
}


@pytest.mark.parametrize("steps", FOUND.values(), ids=FOUND)
def test_found_by_the_simulator(steps):
    outcome = run(NOTHING_ELSE_DRAWN, steps=steps)
    assert not outcome.violations, outcome.told()


@pytest.mark.parametrize("at", range(3, 9))
def test_a_reached_date_never_writes_over_a_person_at_whatever_request_they_save(at):
    person = Act("status", 4, 0, "cancelled")
    steps = [DAY, Act("schedule", 4, 0), Work("cycle", "person", at, act=person), Work()]
    outcome = run(NOTHING_ELSE_DRAWN, steps=steps)
    assert not outcome.violations, outcome.told()


def test_two_quantities_whose_history_is_late_are_two_logs():
    """The wait for late audit rows begins anew when the row was saved again meanwhile."""
    steps = [Act("quantity", 4, 9), Work(), Act("wait", 0, 62), Act("quantity", 4, 13), Work()]
    outcome = run(LATE_AUDIT, steps=steps)
    assert not outcome.violations, outcome.told()


def test_the_wait_for_late_history_begins_anew_after_a_restore():
    there_and_back = [Act("status", 3, 0, "suspended"), Act("status", 3, 0, "active")]
    steps = [
        *(Act("quantity", 3, 7), Work(), Act("back up"), Act("clock", 0, 172_800)),
        *(*there_and_back, Work(), Act("status", 3, 0, "cancelled")),
        *(Act("restore"), Work()),
    ]
    outcome = run(LATE_AUDIT, steps=steps)
    assert not outcome.violations, outcome.told()


def test_a_reached_date_waits_for_seats_whose_history_is_late():
    steps = [Act("quantity", 0, 8), Act("schedule", 0, 0), Work()]
    outcome = run(LATE_AUDIT, steps=steps)
    assert not outcome.violations, outcome.told()


@pytest.mark.parametrize(
    ("before", "after"),
    [([], [Act("lose", 0, 1)]), ([Act("schedule", 0, 1)], [])],
    ids=["the state is lost", "a date comes"],
)
def test_a_change_there_and_back_whose_history_is_late_is_two_logs_before_anything_else(
    before, after
):
    back = Work("cycle", "person", 4, act=Act("status", 0, 0, "active"))
    steps = [*before, Act("status", 0, 0, "paused"), back, *after]
    outcome = run(LATE_AUDIT, steps=steps)
    assert not outcome.violations, outcome.told()


LATE_AUDIT = 20
"""A seed whose world writes audit rows 30 seconds late."""
