"""What the engine relies on in a `Store` about links, listed licences and heard records."""

from dataclasses import replace

import pytest

from lifecycle.decisions import Standing
from lifecycle.states import Status
from tests.store.values import NOON, after, link, listed, seen


def test_a_link_is_found_by_its_licence_until_the_row_names_another_or_none(store):
    store.tx(lambda tx: tx.put_links([link("a", "l1"), link("b", "l1"), link("c", "l2")]))
    found = store.tx(lambda tx: tx.linked(["l1", "l3"]))
    assert found == {"l1": [link("a", "l1"), link("b", "l1")]}
    store.tx(lambda tx: tx.put_links([link("a", "l3"), link("b", "")]))
    store.tx(lambda tx: tx.drop_link("c"))
    assert store.tx(lambda tx: tx.linked(["l1", "l2", "l3"])) == {"l3": [link("a", "l3")]}


def test_more_links_are_asked_for_than_a_statement_takes(store):
    names = [f"l{number:04d}" for number in range(1100)]
    store.tx(lambda tx: tx.put_links(link(f"s {one}", one) for one in names))
    assert len(store.tx(lambda tx: tx.linked(names))) == 1100


def test_rows_are_found_by_the_provider_they_name(store):
    rows = [link("b", "l1"), link("a", "l2"), replace(link("c", "l3"), provider_id="another")]
    store.tx(lambda tx: tx.put_links(rows))
    here = rows[0].provider_id
    assert store.tx(lambda tx: tx.linked_to([here])) == ["a", "b"]
    assert store.tx(lambda tx: tx.linked_to([here, "another", "nobody"])) == ["a", "b", "c"]
    assert store.tx(lambda tx: tx.linked_to([])) == []


def test_listed_licences_come_back_by_id_and_by_customer(store):
    held = [
        listed("l2"),
        listed("l1"),
        listed("l3", customer_id="other"),
        listed("x", connector="y"),
    ]
    store.tx(lambda tx: tx.put_licences(held))
    store.tx(lambda tx: tx.put_licences([listed("l1", status="suspended", at=after(1))]))
    expected = [listed("l1", status="suspended", at=after(1)), listed("l2")]
    assert store.tx(lambda tx: tx.listed_for("partner-center", "tenant")) == expected
    assert store.tx(lambda tx: tx.listed_customers("partner-center")) == ["other", "tenant"]
    assert store.tx(lambda tx: tx.listed(["l3", "none"])) == {"l3": held[2]}
    store.tx(lambda tx: tx.drop_licences(["l1", "none"]))
    assert store.tx(lambda tx: tx.listed_for("partner-center", "tenant")) == [listed("l2")]


def test_customers_wait_for_their_list_in_the_order_in_which_they_came(store):
    store.tx(lambda tx: tx.queue_listings("p", ["b", "a"]))
    store.tx(lambda tx: tx.queue_listings("p", ["c", "b"]))
    store.tx(lambda tx: tx.queue_listings("q", ["a"]))
    assert store.tx(lambda tx: (tx.listings("p", 2), tx.listings_left("p"))) == (["b", "a"], 3)
    store.tx(lambda tx: tx.end_listing("p", "b"))
    told = store.tx(lambda tx: (tx.listings("p", 9), tx.listings_left("p"), tx.listings("q", 9)))
    assert told == (["a", "c"], 2, ["a"])


def test_what_was_heard_is_known_until_it_is_forgotten(store):
    store.tx(lambda tx: tx.hear(["a", "b"], NOON))
    store.tx(lambda tx: tx.hear(["b", "c"], after(60)))
    assert store.tx(lambda tx: tx.heard(["a", "b", "x"])) == {"a", "b"}
    store.tx(lambda tx: tx.forget_heard(after(60)))
    assert store.tx(lambda tx: tx.heard(["a", "b", "c"])) == {"c"}


CASES = {
    "active on both sides": ("active", Status.ACTIVE, "matched"),
    "active at the provider, suspended here": ("active", Status.SUSPENDED, "there"),
    "active at the provider, paused here": ("active", Status.PAUSED, "matched"),
    "active here, suspended at the provider": ("suspended", Status.ACTIVE, "here"),
    "active here, deleted at the provider": ("deleted", Status.ACTIVE, "here"),
    "active here, not listed": (None, Status.ACTIVE, "here"),
    "paused here, suspended at the provider": ("suspended", Status.PAUSED, "matched"),
    "active at the provider, no row": ("active", None, "there"),
    "suspended at the provider, no row": ("suspended", None, "matched"),
    "ended on both sides": ("deleted", Status.CANCELLED, "matched"),
}


@pytest.mark.parametrize(("there", "here", "told"), CASES.values(), ids=CASES)
def test_what_is_active_on_one_side_alone_is_unmatched(store, there, here, told):
    def lay(tx):
        if there:
            tx.put_licences([listed("l1", status=there)])
        if here:
            tx.put_seen([seen("a", accepted=Standing(status=here, quantity=10))])
            tx.put_links([link("a", "l1")])

    store.tx(lay)
    found = store.tx(lambda tx: tx.unmatched(["provider"]))
    if told == "matched":
        assert found == []
        return
    (one,) = found
    is_active_here = one.link is not None and one.crm_status == "active"
    assert is_active_here == (told == "here")
    assert (one.link is None) == (here is None)
    assert (one.licence is None) == (there is None)
    assert one.quantity == (10 if here else 0)


def test_a_row_of_another_provider_is_not_missed_there(store):
    store.tx(lambda tx: tx.put_seen([seen("a")]))
    store.tx(lambda tx: tx.put_links([replace(link("a", "l1"), provider_id="by hand")]))
    assert store.tx(lambda tx: tx.unmatched(["provider"])) == []


def test_unmatched_licences_come_before_unmatched_rows_each_by_customer(store):
    def lay(tx):
        tx.put_licences([listed("z", customer_id="1"), listed("y", customer_id="2")])
        tx.put_seen([seen("a"), seen("b")])
        tx.put_links([link("a", "p"), replace(link("b", "q"), customer_id="account 0")])

    store.tx(lay)
    found = store.tx(lambda tx: tx.unmatched(["provider"]))
    names = [one.licence.licence_id if one.licence else one.link.subscription_id for one in found]
    assert names == ["z", "y", "a", "b"]
