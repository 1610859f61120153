"""The Partner Center client against recorded answers."""

from datetime import date

import pytest

from sandbox.faults import read_rule
from sync.remote import Action, LicenceRef, NotFound, Outcome
from tests.recorded import rows

REQUEST = "5ea70009-0000-4000-8000-{:012d}"


@pytest.fixture
def ref(stage):
    stage.prepare(lambda world: rows.lay_out_licence(world, stage.names))
    return LicenceRef(customer_id=stage.names.customer_id, subscription_id=rows.AT_PROVIDER)


class Desk:
    """Sends one action after another, each from what was just read."""

    def __init__(self, partner, ref):
        self.partner, self.ref, self.sent = partner, ref, 0

    def act(self, action, quantity=None, held=None):
        licence = self.partner.read(self.ref)
        body = self.partner.compose(licence, action, quantity=quantity, held=held)
        self.sent += 1
        request_id = REQUEST.format(self.sent)
        return self.partner.send(self.ref, body, request_id=request_id, etag=licence.etag)


def test_a_subscription_is_read_with_what_a_suspend_would_take(stage, ref):
    licence = stage.partner().read(ref)
    assert (licence.status, licence.quantity, licence.auto_renew) == ("active", 10, True)
    assert licence.is_new_commerce
    assert licence.term_ends_on == date(2026, 12, 31)


def test_a_suspend_takes_the_renewal_plans_and_a_restore_brings_them_back(stage, ref):
    partner = stage.partner()
    desk = Desk(partner, ref)
    assert desk.act(Action.SCHEDULE_QUANTITY, 4).outcome is Outcome.DONE
    before = partner.read(ref)
    suspended = desk.act(Action.SUSPEND)
    assert suspended.outcome is Outcome.DONE
    after = partner.licence(suspended.body)
    assert (after.status, after.auto_renew) == ("suspended", False)
    assert after.held["scheduledNextTermInstructions"] is None
    assert desk.act(Action.REACTIVATE).outcome is Outcome.DONE
    assert desk.act(Action.RESTORE, held=before.held).outcome is Outcome.DONE
    restored = partner.read(ref)
    assert (restored.status, restored.held) == ("active", before.held)


def test_seats_that_the_term_keeps_are_refused_with_what_to_do(stage, ref):
    result = Desk(stage.partner(), ref).act(Action.SET_QUANTITY, 3)
    assert (result.outcome, result.status, result.code) == (Outcome.REFUSED, 400, "800090")
    assert "schedule the change for renewal" in result.message


def test_a_subscription_that_is_not_known_is_not_found(stage, ref):
    unknown = LicenceRef(
        customer_id=ref.customer_id, subscription_id="5ea70006-0000-4000-8000-00000000dead"
    )
    with pytest.raises(NotFound):
        stage.partner().read(unknown)


def test_a_throttled_read_waits_as_told_and_is_then_served(stage, ref):
    partner = stage.partner()
    partner.read(ref)
    stage.prepare(
        lambda world: world.faults.replace(
            [
                read_rule(
                    {
                        "service": "partner_center",
                        "method": "GET",
                        "path": "subscriptions",
                        "times": 1,
                        "status": 429,
                        "retry_after": 7,
                    }
                )
            ]
        )
    )
    assert partner.read(ref).status == "active"
    assert stage.effects.slept == [7.0]


def test_customers_and_their_subscriptions_are_listed(stage, ref):
    partner = stage.partner()
    (customer,) = partner.customers()
    assert (customer.id, customer.name) == (stage.names.customer_id, stage.names.customer_name)
    assert [found for found, _ in partner.subscriptions(customer.id)] == [ref]
