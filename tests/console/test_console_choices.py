"""What a person may do about parked work, a conflict of both sides, and names that come late."""

import threading

import pytest

from console import parked as pages
from console.desk import NotDoneError, Role
from sync.reading_names import Named
from sync.resolving import CHOICES, Choice
from sync.state import Parked
from tests.console.desk import open_console
from tests.console.test_console_pages import plain
from tests.store.values import NOON, difference


@pytest.fixture
def asked():
    return []


@pytest.fixture
def console(told_stage, asked):
    """Return a console whose commands are only noted."""
    return open_console(told_stage.application, ask=lambda *given: asked.append(given) or [])


def put_aside(stage, code):
    """Park the subscription that went well, until the test is over."""
    told = Parked(subject=stage.subscription, code=code, reason="why", advice="what", since=NOON)
    found = difference(stage.subscription, field="auto_renew", crm="True", partner="False")

    def tx_park(tx):
        tx.park(told)
        tx.put_differences(stage.subscription, [found] if code == "conflict" else [])

    stage.application.store.tx(tx_park)


@pytest.fixture
def set_aside(told_stage):
    yield lambda code: put_aside(told_stage, code)
    put_aside(told_stage, "refused")
    told_stage.application.store.tx(lambda tx: tx.unpark(told_stage.subscription))


def test_every_choice_has_a_button_or_the_form_of_a_conflict():
    assert set(Choice) - set(pages.LABELS) == {Choice.TAKE}


@pytest.mark.parametrize("code", sorted(CHOICES))
def test_the_page_offers_what_the_code_allows(console, told_stage, set_aside, code):
    set_aside(code)
    page = console.enters(Role.OPERATOR).get(f"/parked/{told_stage.subscription}").text
    offered = {one for one in Choice if f'name="choice" value="{one.value}"' in page}
    assert offered == CHOICES[code]


@pytest.mark.parametrize("side", ["crm", "partner_center"])
def test_a_conflict_shows_both_sides_and_takes_one(console, told_stage, set_aside, asked, side):
    set_aside("conflict")
    browser, path = console.enters(Role.OPERATOR, "Olga"), f"/parked/{told_stage.subscription}"
    seen = plain(browser.get(path))
    assert "auto renew 10 True False why" in seen
    assert "Auto renew is to be True, as in Dynamics False, as in Partner Center" in seen
    browser.post(path, choice="take", take=side, field="auto_renew")
    [(verb, told)] = asked
    assert verb == "parked resolve"
    assert told == {
        "subject": told_stage.subscription,
        "choice": "take",
        "take": side,
        "field": "auto_renew",
        "by": "Olga",
    }


def test_a_difference_is_listed_with_what_becomes_of_it(console, told_stage, set_aside):
    set_aside("conflict")
    seen = plain(console.enters().get("/differences"))
    assert "auto renew True False conflict is parked (conflict): why" in seen


@pytest.mark.parametrize("path", ["/parked/retry", "/differences/sweep"])
def test_the_buttons_of_the_lists_hand_their_command_on(console, asked, path):
    console.enters(Role.OPERATOR, "Olga").post(path)
    [(verb, told)] = asked
    assert verb in {"parked retry", "drift sweep"}
    assert told["by"] == "Olga"


def test_no_page_waits_for_the_names(told_stage):
    may_go, has_told = threading.Event(), threading.Event()

    def slowly(ids):
        may_go.wait(20)
        has_told.set()
        return {one: Named(id=one, name="A late name") for one in ids}

    browser = open_console(told_stage.application, names=slowly).enters()
    assert told_stage.subscription in plain(browser.get("/changes"))
    may_go.set()
    assert has_told.wait(20)
    assert any("A late name" in browser.get("/changes").text for _ in range(50))


def test_names_that_could_not_be_read_are_asked_for_again(told_stage):
    tries = []

    def fails_once(ids):
        tries.append(ids)
        if len(tries) == 1:
            raise NotDoneError("down")
        return {one: Named(id=one, name="Back again") for one in ids}

    browser = open_console(told_stage.application, names=fails_once).enters()
    browser.get("/changes")
    assert any("Back again" in browser.get("/changes").text for _ in range(50))
