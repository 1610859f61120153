"""rules.md 2.1 to 2.7: ids, transactions, change sets; what an unclear answer must not do."""

from uuid import UUID, uuid5

import pytest

from tests.durability import traps
from tests.durability.oracle import Oracle
from tests.durability.site import Killed
from tests.durability.story import assert_quiet

NAMESPACE = UUID("5e47c4e7-0000-5000-8000-5ea7c4e7b111")
LOST_AFTER = {"drop": "after_commit"}
LOST_BEFORE = {"drop": "before_commit"}


def _deactivate(site, day="2025-06-16"):
    site.on(day)
    for subscription in site.subscriptions:
        site.edit(subscription, "suspended")


def _judge(site):
    oracle = Oracle(site.world)
    for subscription in site.subscriptions:
        oracle.judge(subscription, site.licences[subscription])
    assert_quiet(site)


def _requests_since(site, mark):
    entries = [entry.wire() for entry in site.world.journal.since(mark)]
    return [
        f"{entry['method']} {entry['path'].split('/')[-1]}"
        for entry in entries
        if entry["type"] == "request" and entry["service"] != "sign_in"
    ]


# --- 2.1 -----------------------------------------------------------------------------------------


def test_rule_2_1_ids_come_from_the_fact(site):
    subscription = site.subscriptions[0]
    _deactivate(site)
    site.run()
    (log,), (line,) = site.logs(subscription), site.lines(subscription)
    assert log["sk_changelogid"] == str(uuid5(NAMESPACE, log["sk_changekey"]))
    assert line["sk_changekey"] == log["sk_changekey"]
    root = line["_sk_reversesid_value"]
    names = [f"{subscription}|2025-06-01|{root}|{number}" for number in range(2)]
    assert line["sk_invoicelineid"] == str(uuid5(NAMESPACE, names[0]))
    site.on("2025-06-21")
    site.edit(subscription, "active")
    site.run()
    ids = {line["sk_invoicelineid"] for line in site.lines(subscription)}
    assert ids == {str(uuid5(NAMESPACE, name)) for name in names}


def test_rule_2_1_a_line_that_a_person_deleted_keeps_its_number(site):
    subscription = site.subscriptions[0]
    _deactivate(site)
    site.run()
    (first,) = site.lines(subscription)
    site.delete("sk_invoiceline", first["sk_invoicelineid"])
    site.on("2025-06-21")
    site.edit(subscription, "active")
    site.quiesce(1)
    assert first["sk_invoicelineid"] not in {
        line["sk_invoicelineid"] for line in site.lines(subscription)
    }


# --- 2.2 and 2.3 ---------------------------------------------------------------------------------


def _stored(site):
    subscription = site.subscriptions[0]
    return site.look(
        lambda tx: (
            tx.seen([subscription])[subscription].point.pair,
            len(tx.facts(subscription)),
            tx.cursor("sk_subscription"),
        )
    )


@pytest.mark.parametrize("point", range(1, 10))
def test_rule_2_2_snapshot_facts_and_link_are_stored_together_or_not_at_all(site, point):
    """A link without its facts would lose the change; facts without the link are seen again."""
    _deactivate(site)
    before = _stored(site)
    site.store_tally.arm(point)
    with pytest.raises(Killed):
        site.run()
    site.calm()
    moved = {one != other for one, other in zip(before, _stored(site), strict=True)}
    assert len(moved) == 1
    site.quiesce(2)
    _judge(site)


def test_rule_2_3_a_replay_sends_the_frozen_body(site):
    """What a person changes meanwhile belongs to a later decision."""
    subscription = site.subscriptions[0]
    _deactivate(site)
    traps.each(site, traps.change_set, **LOST_BEFORE)
    site.run()
    site.calm()
    site.edit(subscription, sk_unitprice=99, sk_refundchoice=126310002)
    site.quiesce(2)
    (log,) = site.logs(subscription)
    assert (log["sk_unitprice"], log["sk_refunddecision"]) == (10, 126310000)
    _judge(site)


def test_rule_2_3_a_failed_precondition_decides_anew_from_rows_read_then(site):
    subscription = site.subscriptions[0]
    _deactivate(site)

    def touched():
        site.write("sk_invoice", site.drafts["july"], {"sk_syncmessage": "a person wrote here"})

    traps.at(site, traps.change_set, 1, touched)
    site.run()
    site.calm()
    site.quiesce(1)
    assert len(site.logs(subscription)) == len(site.lines(subscription)) == 1
    _judge(site)


# --- 2.4 and 2.5 ---------------------------------------------------------------------------------


def test_rule_2_4_a_deactivation_costs_four_requests_after_the_poll_and_an_activation_five(site):
    _deactivate(site)
    mark = site.mark
    site.run(meet=False)
    licence = site.licences[site.subscriptions[0]]
    poll = ["GET sk_changelogs", "GET sk_subscriptions"]
    assert _requests_since(site, mark) == [
        *poll,
        "POST $batch",
        f"GET {licence}",
        f"PATCH {licence}",
        "POST $batch",
    ]
    site.on("2025-06-21")
    site.edit(site.subscriptions[0], "active")
    mark = site.mark
    site.run(meet=False)
    assert len(_requests_since(site, mark)) == 2 + 5


def test_rule_2_5_waiting_changes_of_one_contract_share_a_change_set(make_site):
    site = make_site(subscriptions=3)
    _deactivate(site)
    site.run()
    assert len(traps.bodies(site, traps.change_set)) == 1
    _judge(site)


def test_rule_2_5_lines_never_land_on_an_invoice_that_was_issued_meanwhile(site):
    """The person issues the draft between settlement and the change set."""
    subscription = site.subscriptions[0]
    _deactivate(site)
    july = site.drafts["july"]

    def issued():
        columns = {"statuscode": 126310000, "sk_number": "P-1", "sk_issuedon": "2025-06-16"}
        site.write("sk_invoice", july, columns)

    traps.at(site, traps.change_set, 1, issued)
    site.run()
    site.calm()
    site.quiesce(1)
    (line,) = site.lines(subscription)
    assert line["_sk_invoiceid_value"] != july
    draft = site.row("sk_invoice", line["_sk_invoiceid_value"])
    assert (draft["statuscode"], draft["sk_cyclestart"]) == (1, "2025-08-01")
    _judge(site)


@pytest.mark.parametrize("trouble", [LOST_AFTER, LOST_BEFORE, {"status": 500}])
def test_rule_2_5_a_missing_draft_is_made_once_and_first(make_site, trouble):
    site = make_site(subscriptions=3)
    site.delete("sk_invoice", site.drafts["july"])
    _deactivate(site)
    made = str(uuid5(NAMESPACE, f"{site.contract}|2025-07-01"))

    def making(request):
        return request.method == "PATCH" and "/sk_invoices(" in str(request.url)

    traps.fault_at(site, making, **trouble)
    site.run()
    site.calm()
    site.quiesce(2)
    drafts = [row["sk_invoiceid"] for row in site.rows("sk_invoice") if row["statuscode"] == 1]
    assert drafts == [made]
    _judge(site)


def test_rule_2_5_of_several_drafts_the_earliest_cycle_serves(site):
    site.make(
        "sk_invoice",
        sk_name="august",
        sk_billingcontractid=site.contract,
        sk_cyclestart="2025-08-01",
        sk_cycleend="2025-09-01",
        sk_currencycode="USD",
        statecode=0,
        statuscode=1,
    )
    _deactivate(site)
    site.run()
    (line,) = site.lines(site.subscriptions[0])
    assert line["_sk_invoiceid_value"] == site.drafts["july"]


def test_rule_2_5_a_refusal_splits_a_shared_change_set_and_stays_with_its_subscription(make_site):
    """The three together and one of them alone are refused; the two others are written."""
    site = make_site(subscriptions=3)
    _deactivate(site)
    refused = iter([True, False, True])

    def before(request):
        meets = traps.change_set(request) and next(refused, False)
        site.fault(**({"times": 1, "status": 400} if meets else {}))

    site.wire.before = before
    site.run(passes=0)
    site.calm()
    assert sorted(len(site.logs(one)) for one in site.subscriptions) == [0, 1, 1]
    (parked,) = site.look(lambda tx: tx.parked())
    assert (parked.code, site.logs(parked.subject)) == ("dataverse-refused", [])
    site.quiesce(2)
    _judge(site)


def test_a_row_that_is_deleted_between_the_poll_and_the_change_set_stops_no_other(make_site):
    site = make_site(subscriptions=3)
    gone, *others = site.subscriptions
    _deactivate(site)
    traps.at(site, traps.change_set, 1, lambda: site.delete("sk_subscription", gone))
    site.run()
    site.calm()
    site.quiesce(2)
    oracle = Oracle(site.world)
    for subscription in others:
        oracle.judge(subscription, site.licences[subscription])
    assert [one.code for one in site.look(lambda tx: tx.parked(gone))] == ["row-deleted"]
    assert site.logs(gone) == []


# --- 2.6 -----------------------------------------------------------------------------------------


def test_rule_2_6_a_change_set_that_was_committed_is_not_sent_again(make_site):
    site = make_site(subscriptions=3)
    _deactivate(site)
    traps.fault_at(site, traps.change_set, **LOST_AFTER)
    site.run()
    site.calm()
    site.quiesce(2)
    assert len(traps.bodies(site, traps.change_set)) == 1
    _judge(site)


def test_rule_2_6_a_change_set_that_was_not_committed_is_sent_again_as_it_was(site):
    _deactivate(site)
    traps.fault_at(site, traps.change_set, **LOST_BEFORE)
    site.run()
    first, second = traps.bodies(site, traps.change_set)
    assert _payloads(first) == _payloads(second)
    _judge(site)


def _payloads(body):
    return [line for line in body.splitlines() if line.startswith(b"{")]


def test_rule_2_6_a_line_that_a_person_removed_before_the_read_back_is_not_made_again(site):
    """Any row of the set is there, so it was committed as a whole."""
    subscription = site.subscriptions[0]
    _deactivate(site)
    traps.fault_at(site, traps.change_set, **LOST_AFTER)
    lose_the_answer = site.wire.before

    def before(request):
        committed = site.lines(subscription)
        if committed:
            site.wire.before = lambda _: None
            site.delete("sk_invoiceline", committed[0]["sk_invoicelineid"])
        else:
            lose_the_answer(request)

    site.wire.before = before
    site.run()
    site.calm()
    site.quiesce(2)
    assert site.lines(subscription) == []
    assert len(site.logs(subscription)) == 1
    assert len(traps.bodies(site, traps.change_set)) == 1
    assert_quiet(site)


def test_rule_2_6_a_change_set_that_arrives_late_counts_as_committed(site):
    """It was not there at the read-back and came just before the second one, which meets 412."""
    _deactivate(site)
    traps.fault_at(site, traps.change_set, **LOST_BEFORE)
    lose_it = site.wire.before

    def before(request):
        lost = [one for one in site.wire.sent if traps.change_set(one)]
        lose_it(request)
        if lost and traps.change_set(request):
            site.wire.before = lambda _: None
            site.wire.deliver(lost[0])

    site.wire.before = before
    site.run()
    site.calm()
    assert len(traps.bodies(site, traps.change_set)) == 2
    site.quiesce(2)
    _judge(site)


def test_rule_2_6_a_kill_after_the_commit_is_found_out_though_a_person_touched_the_draft(site):
    subscription = site.subscriptions[0]
    _deactivate(site)
    traps.fault_at(site, traps.change_set, **LOST_AFTER)
    lose_the_answer = site.wire.before

    def before(request):
        lose_the_answer(request)
        if site.logs(subscription):
            raise Killed

    site.wire.before = before
    with pytest.raises(Killed):
        site.run()
    site.calm()
    site.write("sk_invoice", site.drafts["july"], {"sk_syncmessage": "a person wrote here"})
    site.quiesce(2)
    _judge(site)


# --- the invoice run -----------------------------------------------------------------------------


def test_an_invoice_number_that_a_killed_run_has_taken_is_given_to_no_other_contract(site):
    """The number is frozen in the stored change set; the next run finishes that one first."""
    site.second_contract()
    site.run()
    site.on("2025-07-01")
    traps.death_at(site, traps.change_set)
    with pytest.raises(Killed):
        site.invoice("2025-07-01")
    site.calm()
    site.invoice("2025-07-01")
    site.quiesce(1)
    assert Oracle(site.world).numbers() == ["INV-2025-0001", "INV-2025-0002", "INV-2025-0003"]


def test_an_invoice_whose_answer_stays_lost_holds_back_the_next_number(site):
    site.second_contract()
    site.run()
    site.on("2025-07-01")
    traps.each(site, traps.change_set, **LOST_BEFORE)
    with pytest.raises(Exception, match="not confirmed yet"):
        site.invoice("2025-07-01")
    site.calm()
    site.invoice("2025-07-01")
    site.quiesce(1)
    assert Oracle(site.world).numbers() == ["INV-2025-0001", "INV-2025-0002", "INV-2025-0003"]
