"""rules.md 1.2: a full read that was killed goes on where it was; absence is judged at its end."""

from collections import Counter

import pytest

from tests.durability import traps
from tests.durability.site import Killed, open_site

EXPIRED_SECONDS = 8 * 86_400
PAGES = (1, 2, 3, 4, 5)
"""Four subscriptions, a page each, and a page of what changed meanwhile."""


def log_read(request):
    return request.method == "GET" and "/sk_changelogs?" in str(request.url)


@pytest.fixture
def site(tmp_path):
    return open_site(tmp_path / "state.db", subscriptions=4, max_page_size=1)


@pytest.fixture
def expired(site):
    """Return a site that knows its rows, and whose links are too old."""
    site.run()
    site.wire.sent.clear()
    site.advance(EXPIRED_SECONDS)
    return site


def dies_before_request(site, number, kind=traps.table_read):
    traps.death_at(site, kind, number)
    with pytest.raises(Killed):
        site.run()
    site.calm()


def dies_before_the_commit_of_page(site, number, requests_before):
    """Die when the page has come and its transaction is about to be committed."""
    traps.at(site, traps.table_read, requests_before + number, lambda: site.store_tally.arm(1))
    with pytest.raises(Killed):
        site.run()
    site.calm()


def asked(site, kind=traps.table_read):
    """Count the requests for pages; asking for the newest version is none."""
    urls = [str(request.url) for request in site.wire.sent if kind(request)]
    return Counter(url for url in urls if "$top=1" not in url)


def kinds(site, subscription):
    names = {126310000: "new", 126310002: "deactivation", 126310003: "activation"}
    return [names[log["sk_kind"]] for log in site.logs(subscription)]


def known(site):
    return set(site.look(lambda tx: tx.seen(site.subscriptions)))


def is_adopted(site):
    return site.look(lambda tx: tx.meta("adopted")) is not None


# --- the first read ------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES[:-1])
def test_rule_1_2_a_first_read_goes_on_after_a_kill_and_reads_no_page_twice(site, page):
    dies_before_request(site, 2 + page)  # the first request asks for the newest version
    assert not is_adopted(site)
    assert len(known(site)) == page
    site.run()
    assert is_adopted(site)
    assert known(site) == set(site.subscriptions)
    assert max(asked(site).values()) == 1
    assert [kinds(site, one) for one in site.subscriptions] == [[]] * 4


@pytest.mark.parametrize("page", PAGES)
def test_rule_1_2_a_page_of_a_first_read_that_was_not_committed_is_read_again(site, page):
    dies_before_the_commit_of_page(site, page, requests_before=1)
    assert not is_adopted(site)
    assert len(known(site)) == page - 1 if page < 5 else 4
    site.run()
    assert known(site) == set(site.subscriptions)
    assert sorted(asked(site).values())[-2:] == [1, 2]
    assert [kinds(site, one) for one in site.subscriptions] == [[]] * 4


@pytest.mark.parametrize("page", PAGES[:-1])
def test_rule_1_2_what_changes_after_a_killed_first_read_is_neither_lost_nor_done_twice(site, page):
    """Its row was taken as active: the deactivation is a change, not an opening balance."""
    dies_before_request(site, 2 + page)
    taken = min(known(site))
    site.edit(taken, "suspended")
    site.run()
    site.quiesce(2)
    changed = {one: kinds(site, one) for one in site.subscriptions if kinds(site, one)}
    assert changed == {taken: ["deactivation"]}
    assert site.licence(taken)["status"] == "suspended"


# --- a later full read ---------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES[:-1])
def test_rule_1_2_a_later_full_read_goes_on_after_a_kill_and_reads_no_page_twice(expired, page):
    site = expired
    for subscription in site.subscriptions:
        site.edit(subscription, "suspended")
    dies_before_request(site, 3 + page)  # the expired link, and the newest version
    site.run()
    assert max(asked(site).values()) == 1
    site.quiesce(1)
    assert [kinds(site, one) for one in site.subscriptions] == [["deactivation"]] * 4


@pytest.mark.parametrize("page", PAGES)
def test_rule_1_2_a_page_of_a_later_full_read_that_was_not_committed_is_read_again(expired, page):
    site = expired
    for subscription in site.subscriptions:
        site.edit(subscription, "suspended")
    dies_before_the_commit_of_page(site, page, requests_before=2)
    site.run()
    assert sorted(asked(site).values())[-2:] == [1, 2]
    site.quiesce(1)
    assert [kinds(site, one) for one in site.subscriptions] == [["deactivation"]] * 4


@pytest.mark.parametrize("page", PAGES[:-1])
def test_rule_1_2_a_row_that_changes_between_the_two_halves_of_a_walk_is_seen_once(expired, page):
    site = expired
    dies_before_request(site, 3 + page)
    first = min(site.subscriptions)  # on the page that was taken
    site.edit(first, "suspended")
    site.run()
    site.quiesce(1)
    changed = {one: kinds(site, one) for one in site.subscriptions if kinds(site, one)}
    assert changed == {first: ["deactivation"]}


@pytest.mark.parametrize("refusal", [400, 404, 410])
def test_rule_1_2_a_stored_next_link_that_is_refused_restarts_the_walk(expired, refusal):
    site = expired
    site.edit(min(site.subscriptions), "suspended")
    dies_before_request(site, 5)
    traps.fault_at(site, traps.table_read, 1, status=refusal)
    site.run()
    site.calm()
    site.quiesce(1)
    assert known(site) == set(site.subscriptions)
    changed = {one: kinds(site, one) for one in site.subscriptions if kinds(site, one)}
    assert changed == {min(site.subscriptions): ["deactivation"]}


# --- absence -------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES[:-2])
def test_rule_1_2_absence_is_judged_after_the_last_page_of_a_full_read(expired, page):
    site = expired
    gone = site.subscriptions[1]
    site.delete("sk_subscription", gone)
    site.advance(EXPIRED_SECONDS)  # its tombstone is gone, too
    dies_before_request(site, 3 + page)
    assert known(site) == set(site.subscriptions)
    site.run()
    assert known(site) == set(site.subscriptions) - {gone}
    assert site.look(lambda tx: tx.revisits()) == []


def test_rule_1_2_the_end_of_a_full_read_forgets_what_it_met(expired):
    expired.run()
    cursor = "SELECT count(*) FROM met"
    assert expired.look(lambda tx: tuple(tx._connection.execute(cursor).fetchone())) == (0,)


@pytest.mark.parametrize("page", [1, 2])
def test_rule_1_2_an_absent_change_log_is_forgotten_after_the_last_page(site, page):
    site.run()
    for subscription in site.subscriptions[:3]:
        site.edit(subscription, "suspended")
    site.run()
    site.quiesce(1)
    one, other = site.subscriptions[:2]
    (log,) = site.logs(one)
    site.wire.sent.clear()
    site.advance(EXPIRED_SECONDS)
    site.delete("sk_changelog", log["sk_changelogid"])
    site.advance(EXPIRED_SECONDS)
    dies_before_request(site, 3 + page, log_read)
    assert len(site.look(lambda tx: tx.known_logs(one))) == 1
    site.run()
    assert site.look(lambda tx: tx.known_logs(one)) == []
    assert len(site.look(lambda tx: tx.known_logs(other))) == 1
    assert max(asked(site, log_read).values()) == 1
