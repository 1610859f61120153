"""Issue 6.7: a provider in five verbs, and what each of its endings means to the engine."""

from datetime import date

import pytest

from connector.simple_provider import ALWAYS, Holding, SimpleAdapter
from seatkeeper.providers import NotFound, NotSent, Refused, SignInFailed, Unavailable
from sync.remote import Action, LicenceRef, Outcome

REF = LicenceRef(customer_id="c", subscription_id="s")
STATUS = {"suspend": "suspended", "reactivate": "active", "cancel": "cancelled"}


class Shop:
    """A provider that holds one subscription, and ends its calls as it is told."""

    def __init__(self, status="active", quantity=10, ending=None, *, deaf=False):
        self.status, self.quantity, self.ending, self.deaf = status, quantity, ending, deaf
        self.blind = None
        self.called = []

    def read(self, ref):
        assert ref == REF
        if self.blind:
            raise self.blind
        return Holding(status=self.status, quantity=self.quantity, term_ends_on=date(2025, 12, 31))

    def suspend(self, ref, *, request_id):
        self._do("suspend", request_id)

    def reactivate(self, ref, *, request_id):
        self._do("reactivate", request_id)

    def cancel(self, ref, *, request_id):
        self._do("cancel", request_id)

    def set_quantity(self, ref, quantity, *, request_id):
        self.called.append(("set_quantity", request_id))
        if not self.deaf:
            self.quantity = quantity

    def _do(self, verb, request_id):
        self.called.append((verb, request_id))
        if self.ending:
            raise self.ending
        if not self.deaf:
            self.status = STATUS[verb]


def sent(shop, action, quantity=None):
    adapter = SimpleAdapter("shop", shop)
    body = adapter.compose(adapter.read(REF), action, quantity=quantity, held=None)
    return adapter.send(REF, body, request_id="r", etag="")


def test_what_is_held_is_a_licence_without_a_window():
    licence = SimpleAdapter("shop", Shop()).read(REF)
    assert (licence.status, licence.quantity, licence.is_new_commerce) == ("active", 10, False)
    assert (licence.term_ends_on, licence.cancellable_until) == (date(2025, 12, 31), ALWAYS)
    assert licence.held == {}


@pytest.mark.parametrize("word", ["cancelled", "Canceled", "deleted"])
def test_what_is_cancelled_is_deleted_to_the_engine(word):
    assert SimpleAdapter("shop", Shop(word)).read(REF).status == "deleted"


@pytest.mark.parametrize(
    ("action", "verb", "shown"),
    [
        (Action.SUSPEND, "suspend", "suspended"),
        (Action.REACTIVATE, "reactivate", "active"),
        (Action.CANCEL, "cancel", "deleted"),
    ],
)
def test_each_verb_is_called_once_and_its_effect_is_read_back(action, verb, shown):
    shop = Shop("suspended" if action is Action.REACTIVATE else "active")
    result = sent(shop, action)
    assert (result.outcome, result.body["status"]) == (Outcome.DONE, shown)
    assert shop.called == [(verb, "r")]
    assert "action" not in SimpleAdapter("shop", shop).licence(result.body).resource


def test_a_quantity_is_set_as_the_new_total():
    shop = Shop()
    result = sent(shop, Action.SET_QUANTITY, 12)
    assert (result.outcome, result.body["quantity"], shop.quantity) == (Outcome.DONE, 12, 12)


@pytest.mark.parametrize(
    ("ending", "outcome"),
    [
        (Refused("it may not"), Outcome.REFUSED),
        (NotFound("it is not there"), Outcome.REFUSED),
        (NotSent("not connected", retry_after_seconds=7), Outcome.RETRY),
        (Unavailable("no answer"), Outcome.AMBIGUOUS),
        (KeyError("oops"), Outcome.AMBIGUOUS),
    ],
    ids=["refused", "not found", "not sent", "no answer", "a mistake of its own"],
)
def test_each_ending_of_a_call_has_its_meaning(ending, outcome):
    result = sent(Shop(ending=ending), Action.SUSPEND)
    assert result.outcome is outcome
    assert str(ending.args[0]) in result.message
    assert result.retry_after_seconds == (7 if outcome is Outcome.RETRY else None)


def test_a_sign_in_that_fails_is_raised():
    with pytest.raises(SignInFailed):
        sent(Shop(ending=SignInFailed("no key")), Action.SUSPEND)


@pytest.mark.parametrize("action", [Action.SUSPEND, Action.SET_QUANTITY])
def test_what_does_not_show_afterwards_is_unclear(action):
    result = sent(Shop(deaf=True), action, 12)
    assert (result.outcome, "does not show it yet" in result.message) == (Outcome.AMBIGUOUS, True)


def test_a_call_that_cannot_be_read_back_is_unclear():
    shop = Shop()
    adapter = SimpleAdapter("shop", shop)
    body = adapter.compose(adapter.read(REF), Action.SUSPEND, quantity=None, held=None)
    shop.blind = Unavailable("no answer")
    assert adapter.send(REF, body, request_id="r", etag="").outcome is Outcome.AMBIGUOUS


def test_what_five_verbs_cannot_say_is_refused_with_the_remedy():
    result = sent(Shop(), Action.SCHEDULE_QUANTITY, 7)
    assert (result.outcome, "by hand" in result.message) == (Outcome.REFUSED, True)


def test_a_mistake_in_reading_is_told_and_not_tried_again():
    shop = Shop()
    shop.blind = KeyError("status")
    with pytest.raises(Refused, match="shop cannot be read: KeyError: 'status'"):
        SimpleAdapter("shop", shop).read(REF)
