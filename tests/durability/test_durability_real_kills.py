"""The real daemon as a process, over HTTPS, on its SQLite file, killed with SIGKILL fifty times."""

from itertools import product

from sandbox.faults import Drop
from tests.durability.killing import killing

AT_WRITES = list(product([1, 2, 3, 1, 2], Drop)) * 3
AT_ANY_TIME = 20


def test_fifty_sigkills_lose_nothing_and_repeat_nothing():
    """Thirty at a write, before and after it is executed; twenty at any time."""
    with killing(1) as lives:
        for number, drop in AT_WRITES:
            lives.life(number, drop)
        for _ in range(AT_ANY_TIME):
            lives.short_life()
        lives.rest()
        violations = list(lives.violations())
    assert not violations, "\n".join(violations)
    assert lives.kills == len(AT_WRITES) + AT_ANY_TIME
    assert lives.at_writes > 15
