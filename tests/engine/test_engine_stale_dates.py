"""A deactivate-on date that was left standing, and a provider that changes its kind."""

from tests.engine.stage import AUTOMATIC, MANUAL, outcome_of


def test_rule_3_a_deactivate_on_date_that_later_changes_overtook_does_nothing(stage):
    stage.edits(sk_deactivateon="2025-06-16")
    stage.runs()
    stage.on("2025-06-14")
    stage.edits(status="suspended")
    stage.runs()
    stage.on("2025-06-21")
    stage.edits(status="active")
    stage.runs()
    stage.runs()
    assert [kind for kind, _ in stage.kinds()] == ["deactivation", "activation"]
    assert stage.licence()["status"] == "active"
    mark = stage.mark
    stage.runs()
    assert len(stage.requests_since(mark)) == 2


def test_a_log_that_waited_for_a_person_is_provisioned_when_the_provider_becomes_automatic(opened):
    stage = opened(provider=MANUAL)
    stage.on("2025-06-16")
    stage.edits(status="suspended")
    stage.runs()
    assert outcome_of(stage.log()) == "awaiting"
    licence = stage.buys()
    stage.edits(sk_providerid=stage.providers[AUTOMATIC], sk_providersubscriptionid=licence)
    stage.runs()
    assert outcome_of(stage.log()) == "provisioned"
    assert stage.licence(licence)["status"] == "suspended"
