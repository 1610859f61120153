"""One seed is one run, and a run is worth something: it draws everything and reaches the end."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests.simulation.acts import VERBS, Act, Work
from tests.simulation.run import Mix, draw, run

ROOT = Path(__file__).parents[2]
SEEDS = (3, 81, 556)


def test_rule_7_1_the_same_seed_twice_gives_the_same_journal():
    assert [run(seed).digest for seed in SEEDS] == [run(seed).digest for seed in SEEDS]


def test_another_seed_gives_another_journal():
    assert len({run(seed).digest for seed in SEEDS}) == len(SEEDS)


def test_rule_7_1_another_process_plays_the_same_run():
    """`make sim SEED=n` shows the journal that failed elsewhere; hashes there are others."""
    played = subprocess.run(
        [sys.executable, "-m", "tests.simulation.play"],
        cwd=ROOT,
        env={**os.environ, "SEED": "81", "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert played.returncode == 0, played.stdout + played.stderr
    assert f"journal {run(81).digest}" in played.stdout


def test_a_failed_run_tells_its_seed_and_how_to_play_it_again():
    outcome = run(1, steps=[Act("status", 0, 0, "suspended")])
    outcome.violations = ["I1 something"]
    assert "make sim SEED=1" in outcome.told()
    assert "suspended" in outcome.told()
    assert "I1 something" in outcome.told()


def test_everything_that_can_happen_is_drawn():
    drawn = [one for seed in range(300) for one in draw(seed, Mix())]
    verbs = Counter(one.verb for one in drawn if isinstance(one, Act))
    points = Counter(one.point for one in drawn if isinstance(one, Work))
    assert set(verbs) == VERBS == set(Mix().acts)
    assert {"store", "wire", "person", "second", "429", "lost after commit"} <= set(points)


def test_runs_really_die_restore_and_meet_a_second_daemon():
    outcomes = [run(seed) for seed in range(500, 520)]
    assert sum(outcome.kills for outcome in outcomes) > 10
    assert sum(outcome.restores for outcome in outcomes) > 0
    assert sum(outcome.doubles for outcome in outcomes) > 3
    assert sum(outcome.cycles for outcome in outcomes) > 100
