"""A record in trouble delays no other: rules.md 7 and invariant I7, in runs without faults."""

import pytest
from structlog.testing import capture_logs

from tests.simulation import evidence, invariants
from tests.simulation.acts import Act, Work, happen
from tests.simulation.town import found

POISONS = {
    "a negative quantity": {"sk_quantity": -1},
    "an unknown licence": {"sk_providersubscriptionid": "00000000-0000-0000-0000-000000000000"},
    "no provider": {"sk_providerid": None},
    "on hold": {"sk_hold": True},
}


@pytest.mark.parametrize("poison", POISONS.values(), ids=POISONS)
def test_invariant_i7_a_poisoned_record_delays_its_neighbours_by_no_cycle(poison):
    with capture_logs():
        town = found(1)
        town.cycle()
        poisoned = town.subscriptions[0]
        town.edit(poisoned, **poison)
        for who, status in enumerate(["suspended"] * 5):
            happen(town, Act("status", who, 0, status))
        for who in (1, 2, 3):
            town.cycle()
            happen(town, Act("status", who, 0, "active"))
        happen(town, Work())
        town.stop()
    seen = evidence.read(town.world)
    assert [len(seen.logs(one)) for one in town.subscriptions[1:]] == [2, 2, 2, 1]
    assert invariants.i7_neighbours_are_not_delayed(seen, [poisoned]) == []
