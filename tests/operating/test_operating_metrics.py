"""The metrics of a daemon that worked: named in the documents, found by alerts and dashboard."""

import re

import pytest

from sandbox.scenarios.identity import HERO_AUTOMATIC
from tests.acceptance.installed import wait_for
from tests.operating.watched import (
    NAMED,
    ROOT,
    alert_names,
    expressions,
    families,
    fetch,
    is_there,
    labels_of,
    value_of,
)

PAGE = ROOT / "docs" / "operations.md"


@pytest.fixture(scope="module")
def scrape(address):
    def complete():
        text = fetch(address, "/metrics").text
        begun = ("seatkeeper_writes_total{", "seatkeeper_invariant_violations{")
        return text if all(one in text for one in begun) else None

    return wait_for(complete)


def rows(head):
    """Return the cells of a table of the document."""
    page = PAGE.read_text(encoding="utf-8").split(head, 1)[1].split("\n\n", 1)[0]
    return [[cell.strip() for cell in row.split("|")[1:-1]] for row in page.splitlines()[2:]]


def test_every_metric_that_an_alert_or_the_dashboard_names_is_in_a_live_scrape(scrape):
    declared = families(scrape)
    named = {name for text in expressions() for name, _ in NAMED.findall(text)}
    assert len(named) > 15
    assert {name for name in named if not is_there(name, declared)} == set()


def test_every_label_that_an_alert_or_the_dashboard_names_is_carried_or_added_by_a_scrape(scrape):
    added = {"instance", "job"}
    for text in expressions():
        for name, inside in NAMED.findall(text):
            asked = set(re.findall(r"(\w+)\s*[=!]", inside)) - added
            carried = set().union(*labels_of(scrape, name.removesuffix("_total")))
            documented = {
                one
                for row in rows("| metric | labels")
                if row[0] == f"`{name}`"
                for one in re.findall(r"`(\w+)`", row[1])
            }
            assert asked <= carried | documented, (name, asked)


def test_the_document_names_every_metric_of_a_live_scrape_and_no_other(scrape):
    listed = {row[0].strip("`") for row in rows("| metric | labels")}
    declared = families(scrape)
    assert listed == declared


def test_the_document_names_the_labels_of_every_metric(scrape):
    for name, labels, _ in rows("| metric | labels"):
        bare = name.strip("`").removesuffix("_total")
        for found in labels_of(scrape, bare):
            assert found - {"le"} == set(re.findall(r"`(\w+)`", labels)), name


def test_no_label_holds_the_id_of_a_row(scrape):
    guid = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
    assert not guid.search(scrape)
    assert HERO_AUTOMATIC not in scrape


def test_the_document_says_for_every_alert_what_to_do():
    told = {name.strip("`"): advice for name, _, advice in rows("| alert | what it means")}
    assert set(told) == set(alert_names())
    assert all(told.values())


def test_the_figures_are_those_of_what_was_done(scrape):
    assert value_of(scrape, "seatkeeper_subscriptions") == 60
    assert value_of(scrape, "seatkeeper_poll_interval_seconds") == 1
    assert value_of(scrape, "seatkeeper_last_success_timestamp_seconds") > 0
    assert 'seatkeeper_writes_total{outcome="done",service="dataverse"} 1.0' in scrape
    assert 'seatkeeper_writes_total{outcome="done",service="partner_center"} 1.0' in scrape
    assert (
        'seatkeeper_remote_requests_total{code="2xx",method="read",service="partner_center"}'
        in (scrape)
    )
    assert 'seatkeeper_guard_tripped{guard="too-many-changes"} 0.0' in scrape
