"""Negative controls: an engine without one of its promises is caught by the simulator.

Each control spoils the engine on purpose; the last test shows that the same runs are clean with
the engine as it is.
"""

import pytest

from tests.simulation import spoiling
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
RIVALS = Mix(steps=(3, 6), settings=(), acts={"status": 10, "clock": 3}, works={"rival": 1})
SECONDS = Mix(steps=(3, 6), settings=(), acts={"status": 10}, works={"second": 1})
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


MIXES = {"troubled": TROUBLED, "unclear": UNCLEAR, "rivals": RIVALS, "seconds": SECONDS}


@pytest.mark.parametrize("mix", MIXES.values(), ids=MIXES)
def test_the_controls_find_nothing_in_the_engine_as_it_is(mix):
    assert violations(mix, "", seeds=15) == []
