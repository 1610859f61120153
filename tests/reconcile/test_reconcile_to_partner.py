"""What Dynamics owns goes to Partner Center: plain fields, and what is enforced."""

from sync.cycle import run_cycle
from tests.reconcile.sides import Sides, mapped


def goes_round(at: Sides, cycles: int) -> None:
    """Let the daemon go round; unlike one run, a cycle does not look at what is set aside."""
    for _ in range(cycles):
        at.stage.world.clock.advance(60)
        run_cycle(at.stage.application.engine)


def test_a_plain_field_changed_in_dynamics_goes_to_partner_center_without_a_log(sides):
    at = sides()
    at.stage.edits(sk_autorenew=False)
    mark = at.stage.mark
    at.stage.runs()
    licence = at.stage.licence()
    assert (licence["autoRenewEnabled"], licence["quantity"]) == (False, 10)
    assert len(at.stage.sent_since(mark)) == 1
    assert (at.logged(), at.left, at.differences) == ([], [], {})
    mark = at.stage.mark
    at.looks()
    assert at.stage.sent_since(mark) == []


def test_the_friendly_name_follows_dynamics_where_the_mapping_says_so(sides, tmp_path):
    at = sides(mappings=mapped(tmp_path, name={"direction": "to_partner_center"}))
    at.stage.edits(sk_name="Premium for the branch")
    at.stage.runs()
    assert at.stage.licence()["friendlyName"] == "Premium for the branch"
    assert at.stage.licence()["autoRenewEnabled"] is True


def test_a_text_by_a_template_follows_each_field_that_it_names(sides, tmp_path):
    one_way = {"owner": "crm", "direction": "to_partner_center", "enforce": True}
    made = {"template": "{name} x {quantity} {change_effective_on}", **one_way}
    off = {"constant": False, **one_way}
    at = sides(mappings=mapped(tmp_path, name=made, auto_renew=off))
    licence = at.stage.licence()
    assert licence["friendlyName"] == "Microsoft 365 Business Premium x 10"
    assert (licence["autoRenewEnabled"], at.stage.now_row["sk_autorenew"]) == (False, True)
    at.stage.edits(sk_name="Premium")
    at.stage.runs()
    assert at.stage.licence()["friendlyName"] == "Premium x 10"
    at.at_partner_center(friendlyName="Mine", autoRenewEnabled=True)
    at.looks()
    licence = at.stage.licence()
    assert (licence["friendlyName"], licence["autoRenewEnabled"]) == ("Premium x 10", False)
    at.stage.edits(sk_changeeffectiveon="2025-06-10")
    at.stage.runs()
    assert at.stage.licence()["friendlyName"] == "Premium x 10 2025-06-10"
    mark = at.stage.mark
    at.stage.edits(sk_costprice=1)
    at.stage.runs()
    assert not any(one.startswith("partner_center") for one in at.stage.requests_since(mark))
    mark = at.stage.mark
    at.looks()
    assert at.stage.sent_since(mark) == []
    assert at.stage.now_row["sk_name"] == "Premium"
    assert (at.logged(), at.left, at.differences) == ([], [], {})


def test_rule_5_1_an_enforced_status_is_turned_back(sides, tmp_path):
    at = sides(mappings=mapped(tmp_path, status={"enforce": True}, auto_renew={"owner": "crm"}))
    at.at_partner_center(status="suspended")
    at.looks()
    assert at.stage.licence()["status"] == "active"
    assert (at.logged(), at.stage.amounts()) == ([], [])
    assert at.stage.now_row["statecode"] == 0
    assert at.left == []


def test_rule_5_1_enforced_seats_are_turned_back(sides, tmp_path):
    at = sides(mappings=mapped(tmp_path, quantity={"enforce": True}))
    at.at_partner_center(quantity=8)
    at.looks()
    assert (at.stage.licence()["quantity"], at.stage.now_row["sk_quantity"]) == (10, 10)
    assert (at.logged(), at.differences, at.left) == ([], {}, [])


def test_enforced_seats_that_the_provider_does_not_let_go_wait_for_a_person(sides, tmp_path):
    at = sides(mappings=mapped(tmp_path, quantity={"enforce": True}))
    at.at_partner_center(quantity=12)
    at.looks()
    assert at.stage.parked_codes() == ["value-refused"]
    assert at.differences == {"quantity": "to_partner_center"}
    at.at_partner_center(quantity=10)
    at.stage.runs()
    at.stage.runs()
    assert (at.stage.parked_codes(), at.differences, at.left) == ([], {}, [])


def test_what_the_direction_does_not_allow_is_told_and_not_written(sides, tmp_path):
    at = sides(mappings=mapped(tmp_path, quantity={"direction": "to_partner_center"}))
    at.at_partner_center(quantity=12)
    mark = at.stage.mark
    at.looks()
    assert at.differences == {"quantity": "reported"}
    assert at.stage.commits_since(mark, "sk_subscription") == 0
    assert (at.left, at.stage.sent_since(mark)) == ([], [])


def test_rule_2_10_what_our_suspend_holds_is_not_compared(sides):
    at = sides()
    at.stage.edits(status="suspended")
    at.stage.runs()
    assert at.stage.licence()["autoRenewEnabled"] is False
    at.looks()
    assert (at.stage.now_row["sk_autorenew"], at.differences) == (True, {})
    at.stage.edits(status="active")
    at.stage.runs()
    at.looks()
    assert (at.stage.licence()["autoRenewEnabled"], at.differences) == (True, {})


def test_rule_2_10_a_hold_ends_with_a_reactivation_by_hand(sides):
    at = sides()
    at.stage.edits(status="suspended")
    at.stage.runs()
    at.at_partner_center(status="active")
    at.looks()
    assert at.store.tx(lambda tx: tx.hold(at.stage.subscription)) is None
    at.looks()
    assert at.stage.now_row["sk_autorenew"] is False  # as Partner Center has it
    at.stage.edits(status="suspended")
    at.stage.runs()
    at.stage.edits(status="active")
    at.stage.runs()
    assert at.stage.licence()["autoRenewEnabled"] is False


def test_rule_5_3_a_change_of_ours_leaves_the_baseline_of_both_sides(sides):
    at = sides()
    at.stage.edits(sk_quantity=12)
    at.stage.runs()
    at.at_partner_center(quantity=15)
    at.looks()
    assert at.stage.now_row["sk_quantity"] == 15
    assert [(kind, origin) for kind, _, _, origin in at.logged()] == [
        ("quantity change", "dynamics"),
        ("quantity change", "partner center"),
    ]


def test_a_write_whose_answer_was_lost_is_verified_and_not_sent_twice(sides):
    at = sides()
    at.stage.fails(service="partner_center", method="PATCH", drop="after_commit", times=1)
    at.stage.edits(sk_autorenew=False)
    mark = at.stage.mark
    at.stage.runs()
    at.looks()
    assert len(at.stage.sent_since(mark)) == 1
    assert (at.stage.licence()["autoRenewEnabled"], at.left) == (False, [])


def test_what_partner_center_refuses_is_set_aside_and_tried_again_on_request(sides):
    at = sides()
    at.stage.fails(service="partner_center", method="PATCH", status=400, times=1)
    at.stage.edits(sk_autorenew=False)
    at.stage.runs()
    assert at.stage.parked_codes() == ["value-refused"]
    at.stage.runs()
    assert at.stage.parked_codes() == []
    assert (at.stage.licence()["autoRenewEnabled"], at.left) == (False, [])


def test_rule_2_6_a_value_that_partner_center_refuses_is_not_sent_again_by_itself(sides):
    at = sides()
    at.stage.fails(service="partner_center", method="PATCH", status=400)
    at.stage.edits(sk_autorenew=False)
    mark = at.stage.mark
    goes_round(at, 6)
    assert len(at.stage.sent_since(mark)) == 1
    assert (at.stage.parked_codes(), at.left) == (["value-refused"], [])
    assert at.differences == {"auto_renew": "to_partner_center"}
    at.stage.edits(sk_costprice=1)
    goes_round(at, 3)
    assert len(at.stage.sent_since(mark)) == 1
    at.stage.runs()
    assert len(at.stage.sent_since(mark)) == 2


def test_a_refused_value_delays_no_other_change_and_goes_when_the_provider_says_yes(sides):
    at = sides()
    at.stage.fails(service="partner_center", method="PATCH", status=400, times=1)
    at.stage.edits(sk_autorenew=False)
    goes_round(at, 3)
    assert at.stage.parked_codes() == ["value-refused"]
    at.stage.edits(sk_quantity=12)
    goes_round(at, 3)
    licence = at.stage.licence()
    assert (licence["quantity"], licence["autoRenewEnabled"]) == (12, False)
    assert (at.stage.parked_codes(), at.left, at.differences) == ([], [], {})


def test_a_refused_value_that_a_person_takes_back_is_solved_by_the_next_look(sides):
    at = sides()
    at.stage.fails(service="partner_center", method="PATCH", status=400)
    at.stage.edits(sk_autorenew=False)
    goes_round(at, 3)
    at.stage.edits(sk_autorenew=True)
    at.stage.runs()
    assert (at.stage.parked_codes(), at.left, at.differences) == ([], [], {})
    assert at.stage.message == ""


def test_what_a_suspended_licence_does_not_take_is_sent_when_it_is_active_again(sides):
    at = sides()
    at.at_partner_center(status="suspended")
    at.looks()
    at.stage.edits(sk_autorenew=True)
    goes_round(at, 3)
    assert at.differences == {"auto_renew": "reported"}
    at.stage.edits(status="active")
    goes_round(at, 3)
    assert at.stage.licence()["autoRenewEnabled"] is True
    assert (at.left, at.differences) == ([], {})


def test_rule_2_10_what_was_given_back_with_other_seats_is_held_no_more(sides):
    at = sides()
    at.stage.edits(status="paused", sk_autorenew=False)
    at.stage.runs()
    at.stage.edits(sk_quantity=11)
    at.stage.edits(status="active")
    at.stage.runs()
    licence = at.stage.licence()
    assert (licence["quantity"], licence["autoRenewEnabled"]) == (11, False)
    assert (at.left, at.differences) == ([], {})
