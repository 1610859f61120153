"""Negative controls: an engine without one of its promises is caught by the simulator.

Each control spoils the engine on purpose; the last test shows that the same runs are clean with
the engine as it is.
"""

import pytest

from tests.simulation import spoiling
from tests.simulation.acts import Act, Work
from tests.simulation.run import Mix, run

LOST = {"status": 8, "wait": 6, "clock": 3}
TROUBLED = Mix(steps=(8, 14), settings=(), acts=LOST, works={"trouble": 5, "": 5, "wire": 4})
UNCLEAR = Mix(
    steps=(10, 16),
    settings=(),
    troubles=("lost before commit", "500"),
    acts={"status": 6, "wait": 6},
    works={"trouble": 3, "": 2},
)
RIVALS = Mix(
    steps=(3, 6), ending=0, settings=(), acts={"status": 10, "clock": 3}, works={"rival": 1}
)
SECONDS = Mix(steps=(3, 6), settings=(), acts={"status": 10}, works={"second": 1})
HANDS = Mix(
    steps=(8, 12),
    ending=0,
    settings=(),
    acts={"by hand": 8, "status": 3, "quantity": 2, "wait": 4},
    works={"trouble": 3, "": 5, "wire": 3},
)
THERE_AND_BACK = [
    Act("by hand", 0, 1, "suspend"),
    Work("hear"),
    Act("by hand", 0, 1, "reactivate"),
    Work("hear"),
]
NOTHING_ELSE_DRAWN = 6
SEEDS = 40


def violations(mix, *names, seeds=SEEDS, wrap=None):
    """Return what the first run says that violates one of the named invariants."""
    for seed in range(seeds):
        outcome = run(seed, mix, wrap=wrap)
        if found := [one for one in outcome.violations if one.startswith(names)]:
            return found
    return []


def test_control_ids_that_do_not_come_from_the_fact_are_caught(monkeypatch):
    spoiling.random_ids(monkeypatch)
    assert violations(RIVALS, "I1", "I2", "I3")


def test_control_an_intent_that_is_stored_after_the_send_is_caught():
    assert violations(TROUBLED, "I5", wrap=spoiling.stored_after_the_send)


def test_control_a_second_daemon_that_the_lock_lets_in_is_caught(monkeypatch):
    spoiling.no_lock(monkeypatch)
    assert violations(SECONDS, "unforeseen")


def test_control_a_lost_answer_that_is_taken_for_a_yes_is_caught(monkeypatch):
    spoiling.unclear_is_done(monkeypatch)
    assert violations(TROUBLED, "I1")


def test_control_a_lost_answer_that_is_sent_again_unseen_is_caught(monkeypatch):
    spoiling.unclear_is_sent_again(monkeypatch)
    assert violations(TROUBLED, "I2")


def test_control_a_provider_write_that_is_repeated_without_looking_is_caught(monkeypatch):
    spoiling.provider_is_asked_again_at_once(monkeypatch)
    assert violations(UNCLEAR, "I2")


def test_control_a_hold_that_is_not_stored_before_the_suspend_is_caught(monkeypatch):
    spoiling.hold_is_not_stored(monkeypatch)
    assert violations(TROUBLED, "I4")


def test_control_a_baseline_that_is_not_moved_on_is_caught(monkeypatch):
    spoiling.baseline_is_not_moved_on(monkeypatch)
    outcome = run(NOTHING_ELSE_DRAWN, steps=THERE_AND_BACK)
    assert [one for one in outcome.violations if one.startswith(("I2", "I4", "I11"))]


def test_what_is_changed_there_and_back_at_partner_center_is_followed_both_times():
    outcome = run(NOTHING_ELSE_DRAWN, steps=THERE_AND_BACK)
    assert not outcome.violations, outcome.told()


def test_control_a_compare_without_a_base_is_caught(monkeypatch):
    spoiling.compared_without_a_base(monkeypatch)
    assert violations(HANDS, "I4", "I11")


def test_control_a_compare_amid_work_of_our_own_is_caught(monkeypatch):
    spoiling.open_work_is_compared(monkeypatch)
    assert violations(HANDS, "I1", "I2", "I4", "I11")


MIXES = {
    "hands": HANDS,
    "troubled": TROUBLED,
    "unclear": UNCLEAR,
    "rivals": RIVALS,
    "seconds": SECONDS,
}


@pytest.mark.parametrize("mix", MIXES.values(), ids=MIXES)
def test_the_controls_find_nothing_in_the_engine_as_it_is(mix):
    assert violations(mix, "", seeds=15) == []
