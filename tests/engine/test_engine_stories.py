"""`explain` and `parked show`: the whole story, by any id, in words."""

import pytest

from seatkeeper.dossier import find_dossier
from seatkeeper.dossier import tell as tell_dossier
from seatkeeper.explain import find_story, tell
from sync.cycle import look_at_parked
from tests.engine.stage import DO_NOT_REFUND, outcome_of


def story(stage, text=""):
    found = find_story(stage.application.store, text or stage.subscription)
    return "\n".join(tell(found, stage.application.mappings.entity("subscription")))


def dossier(stage, text=""):
    return "\n".join(tell_dossier(find_dossier(stage.application, text or stage.subscription)))


def operations(stage):
    return stage.application.store.tx(lambda tx: tx.operations(stage.subscription))


@pytest.fixture
def refused_by_provider(stage):
    stage.on("2025-06-16")
    stage.fails(service="partner_center", method="PATCH", status=400)
    stage.edits(status="suspended")
    stage.runs()
    stage.fails()
    return stage


@pytest.fixture
def deactivated(stage):
    stage.on("2025-06-16")
    stage.edits(status="suspended")
    stage.runs()
    return stage


def test_a_story_tells_what_was_seen_decided_sent_and_answered(deactivated):
    told, log = story(deactivated), deactivated.log()
    (suspend,) = (one for one in operations(deactivated) if one.action == "suspend")
    for part in (
        "seen in the audit history: suspended, 10 seats, made by Alex Wilber on 2025-06-16",
        "decided: rule deactivate: Deactivation, -10 seats (was active, 10 seats); effective"
        " 2025-06-16; refund given: the billing contract processes refunds",
        "owed -58.33: 125.00 x 14/30 days",
        f"the provider answered suspend: done (HTTP 200, MS-RequestId {suspend.request_id},",
        "Dataverse answered: done (HTTP 204, correlation id ",
        f"log deactivation sk_changelogs({log['sk_changelogid']}): done",
        f"suspend {suspend.target}: done, MS-RequestId {suspend.request_id}",
    ):
        assert part in told


def test_a_story_says_why_there_was_no_refund(opened):
    stage = opened(subscription={"sk_refundchoice": DO_NOT_REFUND})
    stage.edits(status="suspended")
    stage.runs()
    assert "no refund, by the choice on the subscription" in story(stage)
    assert "refund given" not in story(stage)


def test_rule_1_6_a_story_without_audit_says_that_its_time_is_uncertain(opened):
    stage = opened(audit=False)
    stage.edits(status="suspended")
    stage.runs()
    assert "seen by comparing two reads (uncertain:" in story(stage)
    (fact,) = find_story(stage.application.store, stage.subscription).document()["facts"]
    assert fact["uncertain"] is True


def test_an_invoice_line_is_explained_by_its_id_with_its_amount_and_how_it_came_about(deactivated):
    (line,) = deactivated.lines()
    told = story(deactivated, line["sk_invoicelineid"].upper())
    assert f"{line['sk_invoicelineid']} is: 2025-06-16 12:00:00 invoice line" in told
    assert "sk_amount: -58.33" in told
    assert f"sk_explanation: {line['sk_explanation']}" in told
    (about,) = find_story(deactivated.application.store, line["sk_invoicelineid"]).document()[
        "about"
    ]
    assert about["target"] == line["sk_invoicelineid"]


def test_an_operation_is_explained_by_its_id(refused_by_provider):
    (suspend,) = (one for one in operations(refused_by_provider) if one.action == "suspend")
    told = story(refused_by_provider, suspend.id)
    assert f"{suspend.id} is: 2025-06-16 12:00:00 suspend {suspend.target}: failed" in told
    assert "the provider answered suspend: refused (HTTP 400, code 800002, MS-RequestId" in told


def test_a_subscription_is_not_said_to_be_a_write(refused_by_provider):
    assert " is: " not in story(refused_by_provider, refused_by_provider.subscription)


def test_rule_6_a_story_outside_the_scope_says_that_nothing_is_done(stage):
    stage.application.engine.scope = type(stage.application.engine.scope).of(["nobody"], [])
    stage.edits(status="suspended")
    stage.runs()
    assert "(out-of-scope)" in story(stage)
    assert "not in the scope of the configuration, so that nothing is done for it" in story(stage)


def test_a_dossier_shows_both_sides_the_choices_and_what_is_held_back(refused_by_provider):
    stage = refused_by_provider
    stage.edits(status="active")
    told = dossier(stage).splitlines()
    assert told[0] == f"{stage.subscription}  provisioning-failed, since 2025-06-16 12:00 UTC"
    assert f"  choices: `seatkeeper parked resolve {stage.subscription} --again`" in told
    sides = {line[2:24].strip(): line[25:].split()[:2] for line in told if " seats   " in line}
    assert sides == {
        "last accepted": ["suspended", "10"],
        "Dynamics, last seen": ["suspended", "10"],
        "Dynamics, now": ["active", "10"],
        "Partner Center, now": ["active", "10"],
    }
    log = stage.log()["sk_changelogid"]
    assert f"    change log {log}: deactivation, failed provisioning" in told


def test_a_dossier_names_the_changes_that_wait(stage):
    stage.edits(status="suspended", sk_billingcontractid=None)
    stage.runs()
    (fact,) = stage.application.store.tx(lambda tx: tx.facts(stage.subscription))
    told = dossier(stage)
    assert f"change {fact.key} of 2025-06-10 12:00 UTC: suspended, 10 seats (waiting)" in told
    assert f"mend the cause, then `seatkeeper parked resolve {stage.subscription}`" in told


def test_a_dossier_says_what_could_not_be_read(refused_by_provider):
    stage = refused_by_provider
    stage.fails(service="partner_center", method="GET", path=".", times=50, status=503)
    assert "Partner Center, now    ?                 ? seats   not read: " in dossier(stage)
    stage.fails(service="dataverse", path=".", times=50, status=503)
    told = dossier(stage)
    assert "Dynamics, now          ?                 ? seats   not read: " in told
    assert "Dynamics, last seen    suspended        10 seats" in told


def test_a_dossier_of_a_deleted_row_offers_to_forget_it(stage):
    stage.edits(status="suspended", sk_billingcontractid=None)
    stage.runs()
    stage.deletes("sk_subscription", stage.subscription)
    stage.runs()
    told = dossier(stage)
    assert f"choices: `seatkeeper parked resolve {stage.subscription} --forget`\n" in told
    assert "there is no such row" in told


def test_what_is_not_parked_has_no_dossier(stage):
    assert find_dossier(stage.application, stage.subscription) is None


CAUSES = {
    "no contract": (
        lambda stage: stage.edits(status="suspended", sk_billingcontractid=None),
        lambda stage: stage.edits(sk_billingcontractid=stage.contract),
    ),
    "on hold": (
        lambda stage: stage.edits(status="suspended", sk_hold=True),
        lambda stage: stage.edits(sk_hold=False),
    ),
    "refused": (
        lambda stage: stage.edits(sk_quantity=0),
        lambda stage: stage.edits(sk_quantity=10),
    ),
    "no provider": (
        lambda stage: stage.edits(status="suspended", sk_providerid=None),
        lambda stage: stage.edits(sk_providerid=next(iter(stage.providers.values()))),
    ),
    "unknown at the provider": (
        lambda stage: stage.edits(status="suspended", sk_providersubscriptionid="none"),
        lambda stage: stage.edits(sk_providersubscriptionid=stage.licence_id),
    ),
    "bad zone": (
        lambda stage: (
            stage.writes("sk_billingcontract", stage.contract, {"sk_timezone": "Mars"}),
            stage.edits(status="suspended"),
        ),
        lambda stage: stage.writes("sk_billingcontract", stage.contract, {"sk_timezone": "UTC"}),
    ),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_every_parked_subject_leaves_by_a_word_in_the_trail(stage, cause):
    make, mend = CAUSES[cause]
    make(stage)
    stage.runs()
    code = stage.parked().code
    mend(stage)
    look_at_parked(stage.application.engine)
    stage.runs()
    assert stage.parked() is None
    trail = stage.application.store.tx(lambda tx: tx.read_trail(stage.subscription))
    left = [(one.event, one.facts["code"]) for one in trail if one.event in {"solved", "resolved"}]
    assert left == [("solved", code)]
    assert all(outcome_of(log) == "provisioned" for log in stage.logs())
