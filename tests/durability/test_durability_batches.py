"""rules.md 2.7: change sets of several contracts in one `$batch`, each for itself."""

import pytest

from tests.durability import traps
from tests.durability.oracle import Oracle
from tests.durability.story import assert_quiet

LOST_AFTER = {"drop": "after_commit"}
LOST_BEFORE = {"drop": "before_commit"}


@pytest.fixture
def pair(site):
    """Two contracts: the site's own, provisioned by itself, and one with a manual provider."""
    other = site.second_contract()
    site.make(
        "sk_invoice",
        sk_name="July, second",
        sk_billingcontractid=site.row("sk_subscription", other)["_sk_billingcontractid_value"],
        sk_cyclestart="2025-07-01",
        sk_cycleend="2025-08-01",
        sk_currencycode="USD",
        statecode=0,
        statuscode=1,
    )
    site.run()
    site.wire.forget()
    site.on("2025-06-16")
    for subscription in (site.subscriptions[0], other):
        site.edit(subscription, "suspended")
    return site, other


def _settled(site, other):
    site.calm()
    site.quiesce(2)
    Oracle(site.world).judge(site.subscriptions[0], site.licences[site.subscriptions[0]])
    assert [log["sk_kind"] for log in site.logs(other)] == [126310000, 126310002]
    assert len(site.lines(other)) == 1
    assert len(site.logs(site.subscriptions[0])) == len(site.lines(site.subscriptions[0])) == 1
    assert_quiet(site)


def _sent(site):
    return [one for one in site.wire.sent if traps.change_set(one)]


def _sets(request):
    return request.body.count(b"Content-Type: multipart/mixed; boundary=")


def test_rule_2_7_change_sets_of_two_contracts_travel_in_one_batch(pair):
    site, other = pair
    site.run()
    (request,) = _sent(site)
    assert _sets(request) == 2
    assert request.headers["Prefer"] == "odata.continue-on-error"
    _settled(site, other)


def test_rule_2_7_a_set_that_fails_does_not_hold_up_the_others(pair):
    """A person touches the draft after the settlement: only that contract decides anew."""
    site, other = pair
    july = site.drafts["july"]
    traps.at(
        site,
        traps.change_set,
        1,
        lambda: site.write("sk_invoice", july, {"sk_syncmessage": "touched"}),
    )
    site.run()
    first, second = _sent(site)
    assert (_sets(first), _sets(second)) == (2, 1)
    assert other.encode() in first.body
    assert other.encode() not in second.body
    _settled(site, other)


def test_rule_2_7_a_set_without_an_answer_is_looked_for_and_goes_alone(pair):
    """Some versions of the service stop at the first failure, whatever is asked for."""
    site, other = pair
    drafts = [row["sk_invoiceid"] for row in site.rows("sk_invoice") if row["statuscode"] == 1]

    def stops_at_the_first_failure(request):
        if traps.change_set(request):
            site.wire.before = lambda _: None
            del request.headers["Prefer"]
            first = min(drafts, key=lambda draft: request.body.index(draft.encode()))
            site.write("sk_invoice", first, {"sk_syncmessage": "touched"})

    site.wire.before = stops_at_the_first_failure
    site.run()
    assert [_sets(request) for request in _sent(site)] == [2, 1, 1]
    _settled(site, other)


@pytest.mark.parametrize("loss", [LOST_AFTER, LOST_BEFORE, {"status": 503}, {"status": 429}])
def test_rule_2_7_a_lost_batch_is_neither_lost_nor_done_twice(pair, loss):
    site, other = pair
    traps.fault_at(site, traps.change_set, **loss)
    site.run()
    _settled(site, other)
