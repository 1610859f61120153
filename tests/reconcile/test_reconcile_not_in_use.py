"""What a licence takes only while it is in use: told until then, and sent once it is."""


def test_rule_5_1_auto_renew_is_not_sent_to_a_licence_that_was_suspended_there(sides):
    at = sides()
    at.at_partner_center(status="suspended")
    at.looks()
    at.stage.edits(sk_autorenew=True)
    mark = at.stage.mark
    at.stage.runs()
    at.looks()
    assert at.stage.sent_since(mark) == []
    assert at.differences == {"auto_renew": "reported"}
    at.stage.edits(status="active")
    at.stage.runs()
    assert (at.stage.licence()["autoRenewEnabled"], at.differences, at.left) == (True, {}, [])
