"""The real daemon on PostgreSQL, over HTTPS: it is killed, and the database is, while it writes."""

import subprocess
import time

import pytest

from sandbox.faults import Drop
from tests.durability.killing import PATIENCE_SECONDS, Killing, killing
from tests.postgres.server import Server, new_server

KILLS = [(1, Drop.AFTER_COMMIT), (2, Drop.BEFORE_COMMIT), (2, Drop.AFTER_COMMIT)]
STOPS = [(1, Drop.AFTER_COMMIT), (2, Drop.BEFORE_COMMIT)]


@pytest.fixture
def own():
    """Return a server that keeps what it commits, as it is delivered."""
    server = new_server()
    yield server
    server.stop()


def _violations(lives: Killing) -> list[str]:
    lives.rest()
    return list(lives.violations())


def test_sigkills_of_the_daemon_on_postgresql_lose_nothing_and_repeat_nothing(own):
    with killing(1, own.address(own.database(), lease_seconds="1")) as lives:
        for number, drop in KILLS:
            lives.life(number, drop)
        violations = _violations(lives)
    assert not violations, "\n".join(violations)
    assert lives.at_writes > 1


def test_rule_2_12_a_database_that_is_stopped_at_once_in_mid_run_costs_nothing(own):
    """`pg_ctl stop -m immediate` while a write is under way; the daemon waits, and goes on."""
    with killing(2, own.address(own.database(), lease_seconds="2")) as lives:
        for number, drop in STOPS:
            _stopped_in_a_life(own, lives, number, drop)
        violations = _violations(lives)
    assert not violations, "\n".join(violations)
    assert lives.at_writes == len(STOPS)


def _stopped_in_a_life(own: Server, lives: Killing, number: int, drop: Drop) -> None:
    lives.people()
    lives.trap.set(number, drop)
    process = lives._spawn("run")
    try:
        lives._await(process)
        lives.at_writes += lives.trap.caught.is_set()
        own.stop("immediate")
        lives.trap.released.set()
        time.sleep(1.0)
        own.start()
        _goes_on(lives, process)
    finally:
        lives._kill(process)


def _goes_on(lives: Killing, process: "subprocess.Popen[bytes]") -> None:
    """Wait until the daemon polls again."""
    mark, end = lives.running.world.journal.last, time.monotonic() + PATIENCE_SECONDS
    while lives._polls(mark) < 2:
        assert process.poll() is None, "the daemon ended"
        assert time.monotonic() < end, "the daemon did not go on"
        time.sleep(0.05)
