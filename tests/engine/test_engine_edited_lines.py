"""A person's hand on a line of ours: status and provider go on, the money waits (rules.md 4.9)."""

import pytest

from tests.engine.stage import cash, decision_of


@pytest.fixture
def refunded(stage):
    """Return a stage on which a deactivation was refunded, a few days ago."""
    stage.on("2025-06-16")
    stage.edits(status="suspended")
    stage.runs()
    (line,) = stage.lines()
    assert stage.amounts() == cash("-58.33")
    stage.on("2025-06-21")
    return stage, line["sk_invoicelineid"]


def test_rule_4_9_what_touches_an_edited_line_waits_and_says_how_much(refunded):
    stage, line = refunded
    stage.writes("sk_invoiceline", line, {"sk_amount": -50})
    stage.edits(status="active")
    stage.runs()
    assert stage.kinds()[1][0].lower() == "activation"
    assert stage.licence()["status"] == "active"
    assert stage.amounts() == cash("-50.00")
    parked = stage.parked()
    assert parked.code == "line-edited"
    assert "37.50 USD" in parked.reason
    assert stage.message == f"{parked.reason} {parked.advice}"


def test_rule_4_9_the_sentence_of_a_refused_quantity_comes_before_that_of_an_edited_line(refunded):
    stage, line = refunded
    stage.writes("sk_invoiceline", line, {"sk_amount": -50})
    stage.edits(status="active")
    stage.runs()
    stage.on("2025-06-25")
    stage.edits(status="suspended", sk_quantity=5)
    stage.runs()
    assert stage.kinds()[2][0].lower() == "deactivation"
    assert stage.parked().code in {"line-edited", "refused"}
    assert stage.message
    assert "37.50 USD" not in stage.message
    assert stage.amounts() == cash("-50.00")


def test_rule_4_9_a_deleted_refund_is_written_on_its_log_with_the_next_change(refunded):
    stage, line = refunded
    stage.deletes("sk_invoiceline", line)
    stage.edits(status="active")
    stage.runs()
    assert [decision_of(log) for log in stage.logs()] == ["removed", "nothing"]
    assert stage.parked() is None
    assert stage.lines() == []


def test_a_refund_is_named_on_its_log_on_the_very_day(refunded):
    stage, _ = refunded
    assert "Refund -58.33 USD on the open invoice" in stage.log()["sk_message"]


@pytest.mark.parametrize("day", ["2025-06-15", "2025-06-16"])
def test_a_deactivation_that_gives_nothing_back_says_so(opened, day):
    stage = opened(amount="")
    stage.on("2025-06-16")
    stage.edits(status="suspended", sk_changeeffectiveon=day)
    stage.runs()
    assert decision_of(stage.log()) == "nothing"
    assert "Nothing to refund" in stage.log()["sk_message"]
