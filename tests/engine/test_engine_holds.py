"""New rows, rows on hold, and dates on which to deactivate."""

from tests.engine.stage import STATUS, cash, kind_of, outcome_of

EXPIRED = "Expired is set when the provider ends the term"


def test_rule_3_a_row_first_seen_after_adoption_gets_a_new_log(stage):
    stage.on("2025-06-16")
    mark = stage.mark
    fresh = stage.subscribes(sk_quantity=4, sk_startdate="2025-06-16")
    stage.runs()
    assert stage.kinds(fresh) == [("new", 4)]
    assert outcome_of(stage.logs(fresh)[0]) == "not applicable"
    assert stage.sent_since(mark) == []
    assert stage.logs() == []
    stage.runs()
    assert stage.kinds(fresh) == [("new", 4)]


def test_rule_1_1_the_first_read_adopts_and_does_nothing(opened):
    stage = opened(subscription=STATUS["suspended"])
    assert (stage.logs(), stage.lines(), stage.parked_codes()) == ([], [], [])
    assert stage.licence()["status"] == "active"


def test_rule_3_a_hold_stops_all_action_visibly_and_keeps_the_original_instant(stage):
    stage.on("2025-06-16")
    mark = stage.mark
    stage.edits(sk_hold=True)
    stage.edits(status="suspended")
    stage.runs()
    assert stage.parked().code == "on-hold"
    assert "on hold" in stage.message
    assert (stage.logs(), stage.lines(), stage.sent_since(mark)) == ([], [], [])
    stage.on("2025-06-20")
    stage.runs()
    stage.edits(sk_hold=False)
    stage.runs()
    assert stage.kinds() == [("deactivation", -10)]
    assert stage.log()["sk_effectiveon"] == "2025-06-16"
    assert stage.log()["sk_requestedon"] == "2025-06-16T12:00:00Z"
    assert (stage.message, stage.parked()) == ("", None)
    assert stage.licence()["status"] == "suspended"


def test_rule_3_a_reached_deactivate_on_date_is_one_change_set(stage):
    stage.edits(sk_deactivateon="2025-06-16")
    stage.runs()
    stage.on("2025-06-15", "23:59")
    stage.runs()
    assert stage.logs() == []
    stage.on("2025-06-16", "00:01")
    mark = stage.mark
    stage.runs()
    row = stage.now_row
    assert (row["statecode"], row["statuscode"], row["sk_deactivateon"]) == (1, 2, None)
    assert stage.kinds() == [("deactivation", -10)]
    assert stage.log()["sk_effectiveon"] == "2025-06-16"
    assert stage.licence()["status"] == "suspended"
    assert stage.amounts() == cash("-58.33")
    versions = (row["versionnumber"], stage.log()["versionnumber"])
    assert abs(versions[0] - versions[1]) <= 4
    stage.runs()
    assert stage.kinds() == [("deactivation", -10)]
    assert stage.commits_since(mark, "sk_subscription") == 1


def test_rule_3_a_deactivate_on_date_is_reached_in_the_zone_of_the_contract(opened):
    stage = opened(
        contract={"sk_timezone": "America/New_York"}, subscription={"sk_deactivateon": "2025-06-16"}
    )
    stage.on("2025-06-16", "03:59")
    stage.runs()
    assert stage.logs() == []
    stage.on("2025-06-16", "04:01")
    stage.runs()
    assert [kind_of(log) for log in stage.logs()] == ["deactivation"]
    assert stage.log()["sk_effectiveon"] == "2025-06-16"


def test_rule_3_a_deactivate_on_date_that_was_missed_keeps_its_day(stage):
    stage.edits(sk_deactivateon="2025-06-16")
    stage.on("2025-06-20")
    stage.runs()
    assert stage.log()["sk_effectiveon"] == "2025-06-16"
    assert stage.amounts() == cash("-58.33")


def test_rule_3_after_a_scheduled_deactivation_an_activation_is_seen_as_ever(stage):
    stage.edits(sk_deactivateon="2025-06-16")
    stage.on("2025-06-16")
    stage.runs()
    stage.on("2025-06-21")
    stage.edits(status="active")
    stage.runs()
    assert stage.kinds() == [("deactivation", -10), ("activation", 10)]
    assert stage.amounts() == cash("-58.33", "37.50")


def test_rule_3_a_deactivate_on_date_that_is_taken_away_while_on_hold_does_nothing(stage):
    stage.edits(sk_deactivateon="2025-06-16", sk_hold=True)
    stage.on("2025-06-16")
    stage.runs()
    assert stage.parked().code == "on-hold"
    stage.edits(sk_deactivateon=None, sk_hold=False)
    stage.runs()
    assert (stage.logs(), stage.lines(), stage.parked(), stage.message) == ([], [], None, "")
    assert stage.licence()["status"] == "active"


def test_rule_3_a_deactivate_on_date_that_is_moved_while_on_hold_counts_as_moved(stage):
    stage.edits(sk_deactivateon="2025-06-16", sk_hold=True)
    stage.on("2025-06-16")
    stage.runs()
    stage.edits(sk_deactivateon="2025-06-20", sk_hold=False)
    stage.runs()
    assert stage.logs() == []
    stage.on("2025-06-20")
    stage.runs()
    assert stage.kinds() == [("deactivation", -10)]
    assert stage.log()["sk_effectiveon"] == "2025-06-20"


def test_rule_3_a_row_that_stands_refused_is_still_refused_after_a_hold(stage):
    stage.on("2025-06-16")
    stage.edits(status="expired")
    stage.runs()
    stage.edits(sk_hold=True)
    stage.runs()
    assert stage.parked().code == "on-hold"
    stage.edits(sk_hold=False)
    stage.runs()
    assert stage.parked().code == "refused"
    assert stage.message.startswith(EXPIRED)
    stage.edits(status="active")
    stage.runs()
    assert (stage.parked(), stage.message, stage.logs()) == (None, "", [])
