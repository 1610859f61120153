"""I11, and I1 to I4 of both sides: a bad world is caught, the good one beside it is not."""

import pytest

from tests.simulation import both_sides, invariants
from tests.simulation.test_invariants_catch import ACTIVE, LICENCE, SUB, SUSPENDED, World

HAND = {"status": "suspended", "autoRenewEnabled": False}
FOREIGN = {"sk_origin": 126310001, "sk_provisioningstatus": 126310001}


def followed() -> World:
    """Tell how a suspension by hand came over, as it should be."""
    world = World()
    world.invoices()
    world.subscribe(sk_autorenew=True)
    world.licence()
    world.put("subscription", LICENCE, **HAND)
    world.log(**FOREIGN)
    world.put("sk_subscription", SUB, by_us=True, **SUSPENDED, sk_autorenew=False)
    return world


@pytest.fixture
def world() -> World:
    return followed()


def wrong(world: World) -> list[str]:
    seen = world.evidence()
    return [
        *invariants.i1_one_log_per_change(seen, SUB),
        *invariants.i2_turned_as_needed(seen, SUB, LICENCE),
        *invariants.i4_both_sides_agree(seen, SUB, LICENCE),
        *both_sides.i11_what_comes_over(seen, SUB, LICENCE),
    ]


def test_the_good_world_of_both_sides_violates_nothing(world):
    assert wrong(world) == []


def test_invariant_i1_a_change_that_came_over_without_a_log_is_caught():
    bare = World()
    bare.subscribe(sk_autorenew=True)
    bare.put("sk_subscription", SUB, by_us=True, **SUSPENDED)
    assert invariants.i1_one_log_per_change(bare.evidence(), SUB)


def test_invariant_i1_a_change_that_came_over_is_logged_as_partner_centers(world):
    world.commits.clear()
    world.rows.clear()
    world.subscribe(sk_autorenew=True)
    world.licence()
    world.put("subscription", LICENCE, **HAND)
    world.log()
    world.put("sk_subscription", SUB, by_us=True, **SUSPENDED, sk_autorenew=False)
    assert invariants.i1_one_log_per_change(world.evidence(), SUB)


def test_invariant_i1_a_term_that_went_on_is_a_renewal():
    world = World()
    world.subscribe()
    world.put("sk_subscription", SUB, by_us=True, sk_termenddate="2026-06-13")
    assert invariants.i1_one_log_per_change(world.evidence(), SUB)
    renewed = {"sk_kind": 126310007, "sk_quantityafter": 10}
    world.log(**FOREIGN, **renewed)
    assert invariants.i1_one_log_per_change(world.evidence(), SUB) == []


def test_invariant_i2_a_hand_that_is_turned_back_is_caught(world):
    world.put("subscription", LICENCE, by_us=True, status="active")
    assert invariants.i2_turned_as_needed(world.evidence(), SUB, LICENCE)


@pytest.mark.parametrize("change", [{"quantity": 9}, {"autoRenewEnabled": True}], ids=str)
def test_invariant_i11_seats_or_auto_renew_that_are_sent_back_are_caught(world, change):
    world.put("subscription", LICENCE, by_us=True, **change)
    assert both_sides.i11_what_comes_over(world.evidence(), SUB, LICENCE)


def test_invariant_i11_what_the_licence_never_held_is_caught(world):
    world.put("sk_subscription", SUB, by_us=True, **ACTIVE)
    assert both_sides.i11_what_comes_over(world.evidence(), SUB, LICENCE)


def test_invariant_i11_a_log_of_partner_center_that_waits_for_it_is_caught(world):
    world.log(2, **{**FOREIGN, "sk_provisioningstatus": 126310000})
    assert both_sides.i11_what_comes_over(world.evidence(), SUB, LICENCE)


def test_invariant_i4_a_hand_that_does_not_come_over_is_caught(world):
    world.put("subscription", LICENCE, status="active")
    assert invariants.i4_both_sides_agree(world.evidence(), SUB, LICENCE)


def test_invariant_i4_auto_renew_that_differs_without_a_word_is_caught(world):
    world.put("sk_subscription", SUB, by_us=True, **ACTIVE)
    world.put("subscription", LICENCE, status="active", autoRenewEnabled=True)
    assert invariants.i4_both_sides_agree(world.evidence(), SUB, LICENCE)
    told = frozenset({(SUB, "auto_renew")})
    assert invariants.i4_both_sides_agree(world.evidence(told=told), SUB, LICENCE) == []
