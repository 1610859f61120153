"""Each invariant by its name: a hand-made bad world is caught, the good one beside it is not."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.simulation import invariants
from tests.simulation.evidence import Asked, Commit, Evidence

SUB, CONTRACT, LICENCE, OTHER = "subscription 1", "contract", "licence", "subscription 2"
ACTIVE = {"statecode": 0, "statuscode": 1}
SUSPENDED = {"statecode": 1, "statuscode": 2}


class World:
    """Writes a journal by hand."""

    def __init__(self) -> None:
        self.commits: list[Commit] = []
        self.requests: list[Asked] = []
        self.rows: dict[tuple[str, str], dict[str, Any]] = {}
        self.seq = 0

    def put(self, table: str, row_id: str, *, by_us: bool = False, **columns: Any) -> None:
        before = self.rows.get((table, row_id))
        after = {**(before or {}), **columns}
        self.rows[table, row_id] = after
        self._commit(table, row_id, before, after, by_us=by_us)

    def remove(self, table: str, row_id: str, *, by_us: bool = False) -> None:
        self._commit(table, row_id, self.rows.pop((table, row_id)), None, by_us=by_us)

    def _commit(self, table, row_id, before, after, *, by_us) -> None:
        self.seq += 1
        service = "partner_center" if table == "subscription" else "dataverse"
        commit = Commit(
            seq=self.seq,
            service=service,
            table=table,
            id=row_id,
            by_us=by_us,
            before=before,
            after=after,
            at=datetime(2025, 6, 16, 12, tzinfo=UTC),
        )
        self.commits.append(commit)

    def ask(self, method: str, path: str) -> None:
        self.seq += 1
        asked = Asked(seq=self.seq, service="dataverse", method=method, path=path, delivered=True)
        self.requests.append(asked)

    def subscribe(self, subscription: str = SUB, **columns: Any) -> None:
        whole = {
            **ACTIVE,
            "sk_subscriptionid": subscription,
            "sk_quantity": 10,
            "sk_changeeffectiveon": None,
            "sk_syncmessage": None,
            "_sk_billingcontractid_value": CONTRACT,
            **columns,
        }
        self.put("sk_subscription", subscription, **whole)

    def log(self, number: int = 1, subscription: str = SUB, **columns: Any) -> None:
        whole = {
            "_sk_subscriptionid_value": subscription,
            "sk_sequence": number,
            "sk_changekey": f"{subscription}|{number}",
            "sk_kind": 126310002,
            "sk_quantitybefore": 10,
            "sk_quantityafter": 0,
            "sk_effectiveon": "2025-06-16",
            "sk_changeday": 126310000,
            "sk_refunddecision": 126310000,
            "sk_unitprice": 10,
            "sk_provisioningstatus": 126310002,
            **columns,
        }
        self.put("sk_changelog", f"log {number} of {subscription}", by_us=True, **whole)

    def line(self, name: str, amount: str, *, by_us: bool = True, **columns: Any) -> None:
        whole = {
            "_sk_subscriptionid_value": SUB,
            "_sk_invoiceid_value": "july",
            "sk_kind": 126310002,
            "sk_periodstart": "2025-06-17",
            "sk_quantity": 10,
            "sk_amount": amount,
            **columns,
        }
        self.put("sk_invoiceline", name, by_us=by_us, **whole)

    def invoices(self) -> None:
        june = {
            "sk_cyclestart": "2025-06-01",
            "statuscode": 126310000,
            "sk_number": "INV-2025-0001",
        }
        july = {"sk_cyclestart": "2025-07-01", "statuscode": 1, "sk_number": None}
        for name, row in {"june": june, "july": july}.items():
            columns = {"_sk_billingcontractid_value": CONTRACT, "sk_total": None, **row}
            self.put("sk_invoice", name, **columns)

    def deactivated(self) -> "World":
        """Tell the whole story of one deactivation, as it should be."""
        self.invoices()
        self.subscribe()
        june = {"sk_kind": 126310000, "sk_periodstart": "2025-06-01", "_sk_invoiceid_value": "june"}
        self.line("recurring", "100.00", by_us=False, **june)
        self.licence()
        self.put("sk_subscription", SUB, **SUSPENDED)
        self.put("subscription", LICENCE, by_us=True, status="suspended", autoRenewEnabled=False)
        self.log()
        self.line("refund", "-46.67")
        return self

    def licence(self) -> None:
        held = {"status": "active", "quantity": 10, "autoRenewEnabled": True}
        self.put("subscription", LICENCE, **held, scheduledNextTermInstructions={"quantity": 8})

    def evidence(self, **known: Any) -> Evidence:
        return Evidence(commits=self.commits, requests=self.requests, **known)


@pytest.fixture
def world() -> World:
    return World().deactivated()


def test_the_good_world_violates_nothing(world):
    seen = world.evidence()
    assert invariants.i1_one_log_per_change(seen, SUB) == []
    assert invariants.i2_nothing_twice(seen) == []
    assert invariants.i3_money_to_the_cent(seen, SUB) == []
    assert invariants.i3_invoices_add_up(seen) == []
    assert invariants.i4_both_sides_agree(seen, SUB, LICENCE) == []
    assert invariants.i9_nothing_deleted(seen) == []


def test_invariant_i1_a_change_without_a_log_is_caught(world):
    world.put("sk_subscription", SUB, **ACTIVE)
    assert invariants.i1_one_log_per_change(world.evidence(), SUB)


def test_invariant_i1_a_log_without_a_change_is_caught(world):
    world.log(2, sk_kind=126310003, sk_quantitybefore=0, sk_quantityafter=10)
    assert invariants.i1_one_log_per_change(world.evidence(), SUB)


def test_invariant_i1_a_wrong_day_or_number_is_caught(world):
    wrong = World()
    wrong.subscribe()
    wrong.put("sk_subscription", SUB, **SUSPENDED)
    wrong.log(2, sk_effectiveon="2025-06-16")
    assert invariants.i1_one_log_per_change(wrong.evidence(), SUB)
    wrong.commits[-1] = replace(
        wrong.commits[-1],
        after={**(wrong.commits[-1].after or {}), "sk_sequence": 1, "sk_effectiveon": "2025-06-15"},
    )
    assert invariants.i1_one_log_per_change(wrong.evidence(), SUB)


def test_invariant_i1_a_broken_chain_is_caught_though_steps_are_unknown(world):
    world.put("sk_subscription", SUB, **ACTIVE)
    world.log(2, sk_kind=126310003, sk_quantitybefore=7, sk_quantityafter=10)
    assert invariants.i1_one_log_per_change(world.evidence(is_audited=False), SUB)


def test_invariant_i1_the_logs_end_where_the_row_stands(world):
    world.put("sk_subscription", SUB, **ACTIVE)
    assert invariants.i1_one_log_per_change(world.evidence(is_lossy=True), SUB)


def test_invariant_i2_two_logs_of_one_change_are_caught(world):
    world.log(2, sk_changekey=f"{SUB}|1")
    assert invariants.i2_nothing_twice(world.evidence())


def test_invariant_i2_a_row_that_is_made_again_after_a_person_removed_it_is_caught(world):
    world.remove("sk_invoiceline", "refund")
    assert invariants.i2_nothing_twice(world.evidence()) == []
    world.line("refund", "-46.67")
    assert invariants.i2_nothing_twice(world.evidence())
    assert invariants.i2_nothing_twice(world.evidence(is_restored=True)) == []


def test_invariant_i2_a_licence_that_is_turned_twice_is_caught(world):
    assert invariants.i2_turned_as_needed(world.evidence(), SUB, LICENCE) == []
    world.put("subscription", LICENCE, by_us=True, status="active")
    world.put("subscription", LICENCE, by_us=True, status="suspended")
    assert invariants.i2_turned_as_needed(world.evidence(), SUB, LICENCE)


def test_invariant_i2_a_licence_that_is_turned_without_a_log_is_caught():
    world = turned_without_a_log()
    assert invariants.i2_turned_as_needed(world.evidence(), SUB, LICENCE)
    assert invariants.i2_turned_as_needed(world.evidence(is_lossy=True), SUB, LICENCE) == []
    world.remove("sk_subscription", SUB)
    assert invariants.i2_turned_as_needed(world.evidence(), SUB, LICENCE) == []


def test_invariant_i2_a_reached_date_that_is_taken_back_turns_a_licence_there_and_back():
    world = turned_without_a_log()
    world.put("subscription", LICENCE, by_us=True, status="active")
    for reached, is_wrong in (("2025-06-17", True), ("2025-06-16", False)):
        world.put("sk_subscription", SUB, by_us=True, sk_deactivateon=reached)
        world.put("sk_subscription", SUB, sk_deactivateon=None)
        assert bool(invariants.i2_turned_as_needed(world.evidence(), SUB, LICENCE)) == is_wrong


def turned_without_a_log() -> World:
    world = World()
    world.subscribe()
    world.licence()
    world.put("sk_subscription", SUB, **SUSPENDED)
    world.put("subscription", LICENCE, by_us=True, status="suspended")
    return world


def test_invariant_i2_a_number_that_is_given_twice_is_caught(world):
    world.put("sk_invoice", "july", sk_number="INV-2025-0001")
    assert invariants.i2_nothing_twice(world.evidence())


def test_invariant_i2_a_write_that_goes_again_unseen_is_caught(world):
    assert invariants.i2_nothing_twice(world.evidence(), ["log 1 went again unseen"])


def test_invariant_i3_a_refund_that_is_a_cent_off_is_caught(world):
    world.put("sk_invoiceline", "refund", by_us=True, sk_amount="-46.66")
    assert invariants.i3_money_to_the_cent(world.evidence(), SUB)


def test_invariant_i3_a_refund_that_was_declined_is_caught(world):
    world.put("sk_changelog", f"log 1 of {SUB}", by_us=True, sk_refunddecision=126310001)
    last = {one.id: one for one in world.commits if one.table == "sk_changelog"}
    created = next(one for one in world.commits if one.table == "sk_changelog")
    world.commits[world.commits.index(created)] = replace(created, after=last[created.id].after)
    assert invariants.i3_money_to_the_cent(world.evidence(), SUB)


def test_invariant_i3_an_invoice_that_does_not_add_up_is_caught(world):
    world.put("sk_invoice", "july", sk_total="-46.00", sk_number="INV-2025-0002")
    assert invariants.i3_invoices_add_up(world.evidence())


def test_invariant_i3_what_a_person_does_to_an_issued_line_is_theirs(world):
    world.put("sk_invoice", "july", sk_total="-46.67", sk_number="INV-2025-0002")
    world.put("sk_invoiceline", "refund", sk_amount="-41")
    assert invariants.i3_invoices_add_up(world.evidence()) == []
    world.remove("sk_invoiceline", "refund")
    assert invariants.i3_invoices_add_up(world.evidence()) == []
    world.line("another", "-1.00")
    assert invariants.i3_invoices_add_up(world.evidence())


def test_invariant_i3_a_line_that_a_person_edits_before_it_is_issued_counts_as_edited(world):
    world.put("sk_invoiceline", "refund", sk_amount="-41")
    world.put("sk_invoice", "july", sk_total="-46.67", sk_number="INV-2025-0002")
    assert invariants.i3_invoices_add_up(world.evidence())


def test_invariant_i3_what_was_billed_before_a_lost_change_may_stand():
    world = World()
    world.invoices()
    world.subscribe()
    june = {"sk_kind": 126310000, "sk_periodstart": "2025-06-01", "_sk_invoiceid_value": "june"}
    world.line("recurring", "100.00", by_us=False, **june)
    world.log(sk_kind=126310004, sk_quantitybefore=12, sk_quantityafter=12)
    assert invariants.i3_money_to_the_cent(world.evidence(), SUB)
    assert invariants.i3_money_to_the_cent(world.evidence(is_lossy=True), SUB) == []


def test_invariant_i3_a_gap_in_the_numbers_is_caught(world):
    world.put("sk_invoice", "july", sk_number="INV-2025-0003")
    assert invariants.i3_invoices_add_up(world.evidence())


def test_invariant_i4_a_licence_that_differs_without_a_word_is_caught(world):
    world.put("subscription", LICENCE, by_us=True, status="active")
    assert invariants.i4_both_sides_agree(world.evidence(), SUB, LICENCE)


def test_invariant_i4_a_licence_that_we_turned_and_left_without_a_log_is_caught():
    world = turned_without_a_log()
    assert invariants.i4_both_sides_agree(world.evidence(), SUB, LICENCE) == []
    world.put("sk_subscription", SUB, **ACTIVE)
    assert invariants.i4_both_sides_agree(world.evidence(), SUB, LICENCE)


def test_invariant_i4_a_hold_that_was_not_given_back_is_caught(world):
    world.put("sk_subscription", SUB, **ACTIVE)
    world.log(2, sk_kind=126310003, sk_quantitybefore=0, sk_quantityafter=10)
    world.put("subscription", LICENCE, by_us=True, status="active")
    assert invariants.i4_both_sides_agree(world.evidence(), SUB, LICENCE)
    world.put("subscription", LICENCE, by_us=True, autoRenewEnabled=True)
    assert invariants.i4_both_sides_agree(world.evidence(), SUB, LICENCE) == []


def test_invariant_i4_a_difference_with_a_sentence_is_allowed(world):
    world.put("subscription", LICENCE, by_us=True, status="active")
    world.put("sk_changelog", f"log 1 of {SUB}", by_us=True, sk_provisioningstatus=126310003)
    assert invariants.i4_both_sides_agree(world.evidence(), SUB, LICENCE)
    world.put("sk_subscription", SUB, by_us=True, sk_syncmessage="The provider says no.")
    assert invariants.i4_both_sides_agree(world.evidence(), SUB, LICENCE) == []


def test_invariant_i5_a_write_without_an_intent_is_caught():
    assert invariants.i5_intent_before_write([]) == []
    assert invariants.i5_intent_before_write(["nothing stored says that x is written"])


def test_invariant_i6_a_damaged_state_or_a_pending_migration_is_caught():
    assert invariants.i6_state_is_sound(["ok"], []) == []
    assert invariants.i6_state_is_sound(["row 7 missing from index"], [])
    assert invariants.i6_state_is_sound(["ok"], ["0002_next"])


def test_invariant_i7_a_neighbour_that_waits_for_a_cycle_is_caught():
    for cycles in (1, 2):
        world = World()
        world.subscribe()
        world.subscribe(OTHER)
        world.put("sk_subscription", OTHER, **SUSPENDED)
        for _ in range(cycles):
            world.ask("GET", "/api/data/v9.2/sk_changelogs")
        world.log(1, OTHER)
        caught = invariants.i7_neighbours_are_not_delayed(world.evidence(), [SUB])
        assert bool(caught) == (cycles > 1)


def test_invariant_i8_a_secret_in_a_log_or_in_the_state_is_caught():
    places = {"log": "signed in", "state": "INSERT INTO meta VALUES('x', 'hunter2')"}
    assert invariants.i8_no_secret(["hunter2"], places) == ["I8 a secret stands in the state"]
    assert invariants.i8_no_secret(["hunter3", ""], places) == []


def test_invariant_i9_a_row_that_we_delete_is_caught(world):
    world.remove("sk_invoiceline", "refund", by_us=True)
    assert invariants.i9_nothing_deleted(world.evidence())


def test_invariant_i9_a_delete_that_was_refused_is_caught(world):
    world.ask("DELETE", "/api/data/v9.2/sk_invoicelines(refund)")
    assert invariants.i9_nothing_deleted(world.evidence())


def test_invariant_i10_a_write_or_a_further_request_in_a_quiet_world_is_caught(world):
    mark = world.seq
    world.ask("GET", "/api/data/v9.2/sk_changelogs")
    world.ask("GET", "/api/data/v9.2/sk_subscriptions")
    assert invariants.i10_quiet_when_nothing_happens(world.evidence(), mark) == []
    world.ask("GET", "/api/data/v9.2/sk_subscriptions")
    assert invariants.i10_quiet_when_nothing_happens(world.evidence(), mark)
    world.requests.pop()
    world.put("sk_subscription", SUB, by_us=True, sk_syncmessage="still here")
    assert invariants.i10_quiet_when_nothing_happens(world.evidence(), mark)
